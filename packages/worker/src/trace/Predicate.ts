/**
 * What a task said is to become of it, as an outcome: `Task.retry`, `ignore`,
 * `reject` and `replace`.
 *
 * Here it is decided whether there is a further attempt. When there is none, the
 * task has failed: with the reason it gave, or with Celery's
 * `MaxRetriesExceededError`.
 *
 * @since 0.1.0
 */
import * as CallOptions from "@celeriac/tasks/CallOptions"
import * as CanvasReplacement from "@celeriac/tasks/canvas/CanvasReplacement"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Traceback from "@celeriac/tasks/result/Traceback"
import * as TaskPredicate from "@celeriac/tasks/TaskPredicate"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Outcome from "./Outcome.ts"
import type { Run } from "./Run.ts"

/** What the run comes to; `failed` makes the outcome of an error. */
export const outcome = (
  run: Run,
  predicate: TaskPredicate.TaskPredicate<unknown>,
  failed: (error: unknown, isDeclared: boolean) => Outcome.Failure
): Outcome.Outcome => {
  switch (predicate._tag) {
    case "Ignore":
      return { _tag: "Ignored", reason: predicate.reason }
    case "Reject":
      return { _tag: "Rejected", requeue: predicate.requeue, reason: predicate.reason }
    case "Replace":
      return replaced(run, predicate.signature, failed)
    case "Retry":
      return retry(run, predicate, failed)
  }
}

const replaced = (
  run: Run,
  signature: SignatureJson,
  failed: (error: unknown, isDeclared: boolean) => Outcome.Failure
): Outcome.Outcome => {
  const wrong = wrongInPlaceOf(run, signature)
  return wrong === undefined
    ? { _tag: "Ignored", reason: "Replaced by new task", by: signature }
    : failed(Exceptions.toException(wrong), false)
}

const wrongInPlaceOf = (run: Run, signature: SignatureJson): Exceptions.ExceptionRecord | undefined => {
  const why = CanvasReplacement.problem(signature)
  return why === undefined ? run.problem(signature) : Exceptions.improperlyConfigured(why)
}

const retry = (
  run: Run,
  predicate: TaskPredicate.Retry<unknown>,
  failed: (error: unknown, isDeclared: boolean) => Outcome.Failure
): Outcome.Outcome => {
  const { options } = predicate
  const isDeclared = options.error !== undefined
  const why = isDeclared
    ? failed(options.error, true)
    : options.defect !== undefined
    ? failed(options.defect, false)
    : undefined
  if (TaskPredicate.isExhausted(predicate, run.retries, run.registered.options.maxRetries)) {
    return why ?? Outcome.failure(exceeded(run, argumentsOf(run, options)), Traceback.fromUnknown(predicate))
  }
  return {
    _tag: "Retry",
    exception: why?.exception,
    traceback: why?.traceback ?? Traceback.fromUnknown(predicate),
    again: { ...againOf(options, run.registered.options.defaultRetryDelay), ...argumentsOf(run, options) }
  }
}

/** There was no further attempt. Its arguments are those that it would have had: as their sender wrote them down, without its secrets. */
export const exceeded = (
  run: Run,
  { argsRepr = run.argsRepr, kwargsRepr = run.kwargsRepr }: Outcome.Again = {}
): Exceptions.ExceptionRecord =>
  Exceptions.maxRetriesExceeded(`Can't retry ${run.task}[${run.id}] args:${argsRepr} kwargs:${kwargsRepr}`)

/** Other arguments, and how they are shown: nothing where they stay. */
const argumentsOf = (run: Run, { args, kwargs }: TaskPredicate.RetryOptions<unknown>): Outcome.Again => {
  if (args === undefined && kwargs === undefined) return {}
  const convention = run.registered.arguments
  const next = convention?.again(run, { args, kwargs }) ?? { args, kwargs }
  const all = { args: next.args ?? run.args, kwargs: next.kwargs ?? run.kwargs }
  const shown = convention?.conceal(all) ?? all
  return {
    ...(next.args === undefined ? {} : { args: next.args, argsRepr: PythonRepr.args(shown.args) }),
    ...(next.kwargs === undefined ? {} : { kwargs: next.kwargs, kwargsRepr: PythonRepr.kwargs(shown.kwargs) })
  }
}

const againOf = (options: TaskPredicate.RetryOptions<unknown>, delay: Duration.Input): Outcome.Again => {
  const { countdown, eta, exchange, expires, headers, priority, queue, routingKey } = options
  return {
    queue,
    exchange,
    routingKey,
    priority,
    headers,
    timeLimit: Result.getOrThrow(CallOptions.limits(options)),
    ...(eta === undefined ? { countdown: Duration.toMillis(countdown ?? delay) } : { eta: instant(eta) }),
    ...(expires === undefined
      ? {}
      : expires instanceof Date || DateTime.isDateTime(expires)
      ? { expires: instant(expires) }
      : { expiresIn: Duration.toMillis(expires) })
  }
}

const instant = (point: Date | DateTime.DateTime): number =>
  point instanceof Date ? point.getTime() : point.epochMilliseconds
