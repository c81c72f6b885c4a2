/**
 * `celery.chord_unlock`: looks from time to time whether the parts of a chord
 * have ended, and sends its body when they have. A client sends it whose result
 * backend cannot count them.
 *
 * A chord whose parts cannot be asked for any more has failed: its body, and
 * what waits for that. Source: tasks §10, Celery's `builtins`.
 *
 * @since 0.1.0
 */
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as Python from "@celeriac/tasks/Python"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { ResultChordRetryInterval } from "@celeriac/tasks/ResultSettings"
import * as Task from "@celeriac/tasks/Task"
import * as TaskPredicate from "@celeriac/tasks/TaskPredicate"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Canvas from "../../Canvas.ts"
import * as Predicate from "../../Predicate.ts"
import { Run } from "../../Run.ts"

const parameters = {
  group_id: Schema.String,
  callback: Schema.Unknown,
  /** Seconds. */
  interval: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  max_retries: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  result: Schema.optionalKey(Schema.Unknown),
  kwargs: Python.Kwargs(Schema.Unknown)
}

export const chordUnlock = Task.make("celery.chord_unlock", {
  parameters,
  options: { ignoreResult: true, maxRetries: null }
}).toLayer(Effect.fnUntraced(function*(given, request) {
  const { callback, interval, max_retries, result } = given
  const parts = ResultTuple.decodeAll(result)
  if (parts === undefined) return yield* refused(Exceptions.typeError("result is no list of results"))
  const wrong = Canvas.problem(callback, true)
  if (wrong !== undefined) return yield* refused(wrong)
  const body = callback as SignatureJson // it was looked at
  const again = {
    countdown: interval == null ? yield* ResultChordRetryInterval : interval * 1000,
    maxRetries: max_retries ?? null
  }
  const read = yield* Effect.result(Effect.forEach(leaves(parts), lookup))
  if (Result.isFailure(read)) return yield* retry(request, body, { ...again, defect: read.failure })
  const records = new Map(read.success.flatMap((record) => record === undefined ? [] : [[record.taskId, record]]))
  if (!leaves(parts).every((id) => TaskState.isReady(records.get(id)?.status ?? TaskState.PENDING))) {
    return yield* retry(request, body, again)
  }
  const culprit = leaves(parts).map((id) => records.get(id)).find((one) =>
    one !== undefined && TaskState.isPropagated(one.status)
  )
  const run = request as Run // the worker makes every request itself
  if (culprit === undefined) return void run.send(body, [valuesOf(parts, records)])
  const { exception = Exceptions.make("Exception"), taskId } = culprit
  return run.fail(body, Exceptions.chordError(`Dependency ${taskId} raised ${Exceptions.repr(exception)}`))
}))

const refused = (exception: Exceptions.ExceptionRecord) => Effect.die(Exceptions.toException(exception))

const lookup = (id: string): Effect.Effect<ResultRecord | undefined, ResultError> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Context.getOrUndefined(context, ResultReader)?.lookup(id) ??
      refused(Exceptions.make("NotImplementedError", ["there is no result backend to ask for the parts of the chord"]))
  )

/** The ids of single tasks, however deep they stand. */
const leaves = (parts: ReadonlyArray<ResultTuple.ResultTuple>): ReadonlyArray<string> =>
  parts.flatMap(({ id, members }) => members === undefined ? [id] : leaves(members))

/** Results in the shape of the header. */
const valuesOf = (
  parts: ReadonlyArray<ResultTuple.ResultTuple>,
  records: ReadonlyMap<string, ResultRecord>
): ReadonlyArray<unknown> =>
  parts.map(({ id, members }) => members === undefined ? records.get(id)?.result : valuesOf(members, records))

/** Looks again later. When it may not, the chord has failed, as nobody else looks. */
const retry = (request: TaskRequest, body: SignatureJson, options: TaskPredicate.RetryOptions) =>
  Effect.suspend(() => {
    const predicate = TaskPredicate.retry(options)
    const run = request as Run // the worker makes every request itself
    if (TaskPredicate.isExhausted(predicate, request.retries, null)) {
      const cause = options.defect === undefined
        ? Predicate.exceeded(run)
        : run.registered.encodeError(options.defect)
      run.fail(body, Exceptions.chordError(`chord_unlock could not be retried: ${Exceptions.repr(cause)}`))
    }
    return Effect.fail(predicate)
  })
