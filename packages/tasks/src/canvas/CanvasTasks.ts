/**
 * The built-in tasks that canvases are made of, and that run where they are
 * called: `celery.map` and `celery.starmap`, a task run for one item after the
 * other inside of one run, and `celery.accumulate`, the body of a group that
 * stands in the place of a task. Source: Celery's `builtins`.
 *
 * An item's arguments are decoded and its result is encoded by the definition of
 * its task. Its handler sees the request of the run that it is part of. Nothing
 * is stored of an item: the first that fails fails all. Every worker has them, and
 * whoever runs tasks eagerly.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as Python from "../Python.ts"
import * as Exceptions from "../result/ExceptionRecord.ts"
import * as Traceback from "../result/Traceback.ts"
import * as SoftTimeLimit from "../SoftTimeLimit.ts"
import * as Task from "../Task.ts"
import * as TaskPredicate from "../TaskPredicate.ts"
import { type Registered, TaskRegistry } from "../TaskRegistry.ts"
import type { TaskRequest } from "../TaskRequest.ts"

const parameters = { task: Schema.Unknown, it: Schema.Array(Schema.Unknown) }

/** Each item is its task's only argument. */
export const map = Task.make("celery.map", { parameters, success: Schema.Unknown }).toLayer((given, request) =>
  Effect.flatMap(taskOf(given.task), (task) => each(task, given.it, request, (item) => [item]))
)

/** Each item is the list of its task's arguments. */
export const starmap = Task.make("celery.starmap", { parameters, success: Schema.Unknown }).toLayer((given, request) =>
  Effect.flatMap(taskOf(given.task), (task) => each(task, given.it, request, spread))
)

/** A signature, or a name. */
const taskOf = Effect.fnUntraced(function*(given: unknown) {
  const name = typeof given === "string" ? given : (given as Partial<SignatureJson> | null)?.task // anything may stand there
  if (typeof name !== "string") {
    return yield* Effect.die(Exceptions.toException(Exceptions.typeError("task is no signature")))
  }
  const task = (yield* TaskRegistry).get(name)
  return task ?? (yield* Effect.die(Exceptions.toException(Exceptions.notRegistered(name))))
})

/** Its arguments, or one of them. */
export const accumulate = Task.make("celery.accumulate", {
  parameters: { args: Python.Args(Schema.Unknown), kwargs: Python.Kwargs(Schema.Unknown) },
  success: Schema.Unknown
}).toLayer(({ args, kwargs }) =>
  Effect.sync(() => {
    const { index } = kwargs
    if (index == null) return args
    if (typeof index !== "number" || !Number.isInteger(index)) {
      return refuse("TypeError", `tuple indices must be integers or slices, not ${typeof index}`)
    }
    const place = index < 0 ? args.length + index : index
    return place >= 0 && place < args.length ? args[place] : refuse("IndexError", "tuple index out of range")
  })
)

const each = (
  task: Registered,
  items: ReadonlyArray<unknown>,
  request: TaskRequest,
  argsOf: (item: unknown, task: string) => ReadonlyArray<unknown>
) => Effect.forEach(items, (item) => run(task, argsOf(item, task.name), request))

const spread = (item: unknown, task: string): ReadonlyArray<unknown> => {
  if (Array.isArray(item)) return item
  const said = `${task}() argument after * must be an iterable, not ${item === null ? "NoneType" : typeof item}`
  throw Exceptions.toException(Exceptions.typeError(said))
}

const run = (
  task: Registered,
  args: ReadonlyArray<unknown>,
  request: TaskRequest
): Effect.Effect<unknown, TaskPredicate.TaskPredicate | SoftTimeLimit.SoftTimeLimitExceeded> =>
  Effect.suspend(() => {
    const bound = task.bind(args, {})
    if (Result.isFailure(bound)) {
      return Effect.die(Exceptions.toException(Exceptions.typeError(bound.failure.message)))
    }
    const effect = Effect.catchCause(task.handle(bound.success, request), (cause) => failed(task, cause))
    return Effect.flatMap(effect, (value) => {
      const encoded = task.encodeSuccess(value)
      return Result.isSuccess(encoded)
        ? Effect.succeed(encoded.success)
        : Effect.die(Exceptions.toException(encoded.failure))
    })
  })

/** As the item's own task tells it. An item has no message: it cannot run again by itself. */
const failed = (
  task: Registered,
  cause: Cause.Cause<unknown>
): Effect.Effect<never, TaskPredicate.TaskPredicate | SoftTimeLimit.SoftTimeLimitExceeded> => {
  const error = Cause.squash(cause)
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>) // nothing failed in it
  if (SoftTimeLimit.isExceeded(error)) return Effect.fail(error)
  if (!TaskPredicate.isTaskPredicate(error)) return Effect.die(told(task, error))
  if (error._tag !== "Retry") return Effect.fail(error)
  const { defect, error: declared } = error.options
  const why = declared ?? defect
  return Effect.die(why === undefined ? Exceptions.toException(calledDirectly) : told(task, why))
}

const calledDirectly = Exceptions.retry("Task can be retried")

const told = (task: Registered, error: unknown): Exceptions.TaskException =>
  Exceptions.toException(task.encodeError(error), { traceback: Traceback.fromUnknown(error) })

const refuse = (excType: string, said: string): never => {
  throw Exceptions.toException(Exceptions.make(excType, [said]))
}
