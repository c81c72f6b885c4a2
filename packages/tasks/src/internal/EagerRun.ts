/**
 * Runs a task that is ready to be sent, here and at once, as a worker would:
 * from its message to the record of what it came to, which have both been
 * bytes. It runs again where its handler says so, without a pause.
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as CanvasReplacement from "../canvas/CanvasReplacement.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as TaskMessage from "../protocol/TaskMessage.ts"
import * as Exceptions from "../result/ExceptionRecord.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import * as Traceback from "../result/Traceback.ts"
import * as Settings from "../Settings.ts"
import { TaskContext } from "../TaskContext.ts"
import * as TaskError from "../TaskError.ts"
import * as TaskHooks from "../TaskHooks.ts"
import * as TaskPredicate from "../TaskPredicate.ts"
import type { Registered } from "../TaskRegistry.ts"
import type { TaskRequest } from "../TaskRequest.ts"
import * as TaskState from "../TaskState.ts"
import * as EagerRequest from "./EagerRequest.ts"
import type { TaskMessage as Received } from "./TaskModel.ts"

/** A run: what it came to, as it is stored. */
export interface Ran {
  readonly record: ResultRecord.ResultRecord
  readonly received: Received
  /** What takes the place of the task: then nothing is stored. */
  readonly by: SignatureJson | undefined
}

export type Run = (
  given: EagerRequest.EagerMessage,
  registered: Registered
) => Effect.Effect<Ran, TaskError.TaskError>

/** Over the serializers in effect. */
export const make: Effect.Effect<Run> = Effect.gen(function*() {
  const coding = { serializers: yield* Serializers, compressions: yield* Compressions }
  const serializer = yield* Settings.ResultSerializer

  /** Through the serializer of results and back. */
  const overTheWire = (record: ResultRecord.ResultRecord): ResultRecord.ResultRecord => {
    const encoded = Content.encode(ResultRecord.encode(record), { ...coding, serializer })
    if (Result.isFailure(encoded)) {
      const exception = Exceptions.make("EncodeError", [encoded.failure.message], "kombu.exceptions")
      return ResultRecord.make(record.taskId, "FAILURE", { ...record, exception })
    }
    const decoded = Content.decode(encoded.success, { ...coding, accept: [encoded.success.properties.contentType] })
    return Result.getOrThrow(ResultRecord.decode(Result.getOrThrow(decoded)))
  }

  return Effect.fnUntraced(function*(given, registered) {
    const { id, message } = given
    const accept = message.properties.contentType === undefined ? [] : [message.properties.contentType]
    const received = yield* Effect.mapError(
      Effect.fromResult(TaskMessage.read(message, { ...coding, accept })),
      (error) => invalid("args", error.message)
    )
    const { by, children, ...ended } = yield* attempts(given, received, registered)
    const record = ResultRecord.make(id, ended.status, {
      ...ended,
      children,
      dateDone: yield* Clock.currentTimeMillis,
      groupId: received.headers.group,
      parentId: received.headers.parentId
    })
    return { record: overTheWire(record), received, by }
  })
})

const invalid = (option: string, detail: string) =>
  TaskError.because("apply", new TaskError.InvalidOption({ option, detail }))

interface Ended extends Pick<ResultRecord.Options, "result" | "exception" | "traceback"> {
  readonly status: ResultRecord.ResultRecord["status"]
  readonly by?: SignatureJson
}

/** One after another, until there is none. */
const attempts = Effect.fnUntraced(
  function*(given: EagerRequest.EagerMessage, received: Received, registered: Registered) {
    let custom = received.headers.custom
    for (let { retries } = received.headers;; retries++) {
      const request = EagerRequest.make(given, received, registered, retries, custom)
      const ended = yield* attempt(request, received, registered)
      if (!(ended instanceof TaskPredicate.Retry)) return { ...ended, children: request.children }
      custom = Object.assign({}, custom, ended.options.headers)
      yield* Effect.yieldNow
    }
  }
)

const attempt = Effect.fnUntraced(
  function*(request: TaskRequest, { body }: Received, registered: Registered) {
    const bound = registered.bind(body.args, body.kwargs)
    if (Result.isFailure(bound)) return { status: "FAILURE", exception: Exceptions.typeError(bound.failure.message) }
    const exit = yield* Effect.exit(registered.handle(bound.success, request))
    const ended = endedOf(exit, registered, request)
    yield* hooksOf(registered, request, bound.success, exit, ended)
    return ended
  }
) satisfies (...args: never) => Effect.Effect<Ended | TaskPredicate.Retry<unknown>>

/** As a worker calls them, when an attempt has come to something. */
const hooksOf = (
  { context, hooks }: Registered,
  request: TaskRequest,
  parameters: unknown,
  exit: Exit.Exit<unknown, unknown>,
  ended: Ended | TaskPredicate.Retry<unknown>
): Effect.Effect<void> => {
  const state = stateOf(ended)
  if (hooks === undefined || state === undefined) return Effect.void
  const { exception, traceback } = ended instanceof TaskPredicate.Retry ? none : ended
  const calls = TaskHooks.ended(hooks, { request, parameters, exit, state, exception, traceback })
  return calls === undefined ? Effect.void : Effect.provideContext(calls, Context.add(context, TaskContext, request))
}

const none: Pick<Ended, "exception" | "traceback"> = {}

/** As hooks see it; undefined when they do not. */
const stateOf = (ended: Ended | TaskPredicate.Retry<unknown>): TaskHooks.Ended["state"] | undefined => {
  if (ended instanceof TaskPredicate.Retry) return "RETRY"
  return ended.status === "SUCCESS" ? "SUCCESS" : ended.status === "FAILURE" ? "FAILURE" : undefined
}

/** What it has come to, or that it runs again. */
const endedOf = (
  exit: Exit.Exit<unknown, unknown>,
  registered: Registered,
  request: TaskRequest
): Ended | TaskPredicate.Retry<unknown> => {
  if (Exit.isSuccess(exit)) {
    const encoded = registered.encodeSuccess(exit.value)
    return Result.isSuccess(encoded)
      ? { status: "SUCCESS", result: encoded.success }
      : { status: "FAILURE", exception: encoded.failure }
  }
  const error = Cause.squash(exit.cause)
  if (!TaskPredicate.isTaskPredicate(error)) return failed(registered, error)
  switch (error._tag) {
    case "Ignore":
      return { status: "IGNORED" }
    case "Reject":
      return { status: "REJECTED" }
    case "Replace":
      return replaced(error.signature)
    case "Retry":
      return TaskPredicate.isExhausted(error, request.retries, registered.options.maxRetries)
        ? exhausted(registered, error, request)
        : error
  }
}

const replaced = (by: SignatureJson): Ended => {
  const why = CanvasReplacement.problem(by)
  return why === undefined
    ? { status: TaskState.IGNORED, by }
    : { status: TaskState.FAILURE, exception: Exceptions.improperlyConfigured(why) }
}

const exhausted = (registered: Registered, retry: TaskPredicate.Retry<unknown>, request: TaskRequest): Ended => {
  const { defect, error } = retry.options
  if (error !== undefined || defect !== undefined) return failed(registered, error ?? defect)
  const { argsRepr, id, kwargsRepr, task } = request
  return {
    status: "FAILURE",
    exception: Exceptions.maxRetriesExceeded(`Can't retry ${task}[${id}] args:${argsRepr} kwargs:${kwargsRepr}`),
    traceback: Traceback.fromUnknown(retry)
  }
}

const failed = (registered: Registered, error: unknown): Ended => ({
  status: "FAILURE",
  exception: registered.encodeError(error),
  traceback: Traceback.fromUnknown(error)
})
