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
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import * as ControlHandler from "../ControlHandler.ts"

/** More slots than this are a slip of the hand. */
const mostSlots = 65_535

const valueError = (text: string) =>
  Effect.fail(ExceptionRecord.toException(ExceptionRecord.make("ValueError", [text])))

const refused = ({ message }: { readonly message: string }) => valueError(message)

export const make = Effect.gen(function*() {
  const pool = yield* Pool
  const autoscaler = yield* Autoscaler
  const { poolRestarts } = yield* WorkerSettings

  const resize = (
    command: string,
    by: number,
    name: string | undefined | null,
    reply: string
  ): Effect.Effect<string, Refused | ExceptionRecord.TaskException> => {
    const [own] = pool.pools().keys()
    const which = name ?? own
    if (autoscaler.isEnabled && which === own) {
      return Effect.fail(new Refused(`${command} is not supported with autoscale. Adjust autoscale range instead.`))
    }
    const slots = pool.pools().get(which ?? "")?.concurrency() ?? 1
    const wanted = slots + by
    return wanted < 1 || wanted > mostSlots
      ? valueError(`the pool has ${slots} slots: it cannot have ${wanted}`)
      : Effect.as(Effect.catch(by < 0 ? pool.shrink(-by, which) : pool.grow(by, which), refused), reply)
  }

  return yield* Effect.all([
    ControlHandler.make(
      Commands.control.poolGrow,
      ({ n, pool }) => resize("pool_grow", n ?? 1, pool, "pool will grow")
    ),
    ControlHandler.make(
      Commands.control.poolShrink,
      ({ n, pool }) => resize("pool_shrink", -(n ?? 1), pool, "pool will shrink")
    ),
    ControlHandler.make(Commands.control.poolRestart, ({ modules }) => {
      if (!poolRestarts) return valueError("Pool restarts not enabled")
      // What a worker runs is not for a message to say.
      if ((modules ?? []).length > 0) return valueError("no modules can be named: the children load the worker's anew")
      return Effect.as(Effect.catch(pool.restart, refused), "reload started")
    }),
    ControlHandler.make(
      Commands.control.autoscale,
      ({ max, min }) =>
        Effect.matchEffect(autoscaler.update(max ?? undefined, min ?? undefined), {
          onSuccess: (bounds) => Effect.succeed(`autoscale now max=${bounds.max} min=${bounds.min}`),
          onFailure: refused
        })
    )
  ])
})
