/**
 * What a worker does when it is told how many tasks to run at once. How many
 * messages may wait follows from that. Source: control section 2.
 *
 * @since 0.1.0
 */
import { Refused } from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as Effect from "effect/Effect"
import { Autoscaler } from "../../boot/Autoscaler.ts"
import { Pool } from "../../boot/Pool.ts"
import * as ControlHandler from "../ControlHandler.ts"

/** More slots than this are a slip of the hand. */
const mostSlots = 65_535

const valueError = (text: string) =>
  Effect.fail(ExceptionRecord.toException(ExceptionRecord.make("ValueError", [text])))

export const make = Effect.gen(function*() {
  const pool = yield* Pool
  const autoscaler = yield* Autoscaler

  const resize = (
    command: string,
    by: number,
    reply: string
  ): Effect.Effect<string, Refused | ExceptionRecord.TaskException> =>
    autoscaler.isEnabled
      ? Effect.fail(new Refused(`${command} is not supported with autoscale. Adjust autoscale range instead.`))
      : Effect.flatMap(pool.concurrency, (slots) => {
        const wanted = slots + by
        return wanted < 1 || wanted > mostSlots
          ? valueError(`the pool has ${slots} slots: it cannot have ${wanted}`)
          : Effect.as(by < 0 ? pool.shrink(-by) : pool.grow(by), reply)
      })

  return yield* Effect.all([
    ControlHandler.make(Commands.control.poolGrow, ({ n }) => resize("pool_grow", n ?? 1, "pool will grow")),
    ControlHandler.make(Commands.control.poolShrink, ({ n }) => resize("pool_shrink", -(n ?? 1), "pool will shrink")),
    ControlHandler.make(Commands.control.poolRestart, () => valueError("Pool restarts not enabled")),
    ControlHandler.make(
      Commands.control.autoscale,
      ({ max, min }) =>
        Effect.matchEffect(autoscaler.update(max ?? undefined, min ?? undefined), {
          onSuccess: (bounds) => Effect.succeed(`autoscale now max=${bounds.max} min=${bounds.min}`),
          onFailure: ({ message }) => valueError(message)
        })
    )
  ])
})
