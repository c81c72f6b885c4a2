/**
 * What a worker does when it is told how often a task may start, and how long it
 * may run. The texts are Celery's. Source: control section 2.
 *
 * @since 0.1.0
 */
import { Refused } from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import type * as RateLimit from "@celeriac/tasks/RateLimit"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Effect from "effect/Effect"
import { Execution } from "../../boot/Execution.ts"
import * as ControlHandler from "../ControlHandler.ts"

/** Whoever sees to rate limits. */
export interface Rates {
  /** Of a task, as it is now. */
  readonly rateLimitOf: (task: string) => RateLimit.RateLimit | undefined
  readonly setRateLimit: (
    task: string,
    limit: RateLimit.RateLimit | undefined
  ) => Effect.Effect<void, RateLimit.InvalidRateLimit | { readonly _tag: "UnknownTask" }>
}

export const make = Effect.fnUntraced(function*({ setRateLimit }: Rates) {
  const registry = yield* TaskRegistry
  const { executor } = yield* Execution

  const known = (task: string) =>
    registry.get(task) === undefined
      ? Effect.andThen(
        Effect.logError(`A limit of task ${task.slice(0, 255)} was to be changed, which is unknown here`),
        Effect.fail(new Refused("unknown task"))
      )
      : Effect.void

  const rateLimit = Effect.fnUntraced(function*(task: string, limit: string | number | null) {
    const wrong = yield* setRateLimit(task, limit as RateLimit.RateLimit | undefined).pipe( // read where it is set
      Effect.as(undefined),
      Effect.catch((error) => Effect.succeed(error))
    )
    // As with Celery, a limit that is none is told of first.
    if (wrong?._tag === "InvalidRateLimit") return yield* Effect.fail(invalid(String(limit)))
    yield* known(task)
    if (!limit) {
      yield* Effect.logInfo(`Rate limits disabled for tasks of type ${task}`)
      return "rate limit disabled successfully"
    }
    yield* Effect.logInfo(`New rate limit for tasks of type ${task}: ${limit}.`)
    return "new rate limit set successfully"
  })

  const timeLimit = Effect.fnUntraced(
    function*(task: string, hard: number | null | undefined, soft: number | null | undefined) {
      yield* known(task)
      for (const limit of [hard, soft]) {
        if (limit != null && limit < 0) return yield* Effect.fail(new Refused(`${limit} is no time limit`))
      }
      executor.limits.set(task, { hard: hard ?? undefined, soft: soft ?? undefined })
      yield* Effect.logInfo(
        `New time limits for tasks of type ${task}: soft=${soft ?? "None"} hard=${hard ?? "None"}`
      )
      return "time limits set successfully"
    }
  )

  return yield* Effect.all([
    ControlHandler.make(Commands.control.rateLimit, ({ rateLimit: limit, taskName }) => rateLimit(taskName, limit)),
    ControlHandler.make(Commands.control.timeLimit, ({ hard, soft, taskName }) => timeLimit(taskName, hard, soft))
  ])
})

/** What Python says of a text that is no number, or that counts in what it does not know. */
const invalid = (limit: string): Refused | ExceptionRecord.TaskException => {
  const [count = "", unit = ""] = limit.split("/", 2)
  if (unit !== "" && !["s", "m", "h"].includes(unit)) {
    return ExceptionRecord.toException(ExceptionRecord.make("KeyError", [unit]))
  }
  const why = ExceptionRecord.make("ValueError", [`could not convert string to float: '${count.slice(0, 64)}'`])
  return new Refused(`Invalid rate limit string: ${ExceptionRecord.repr(why)}`)
}
