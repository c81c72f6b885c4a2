/**
 * What stands in for sending where tasks run eagerly: runs the task, then what
 * is linked to it, and gives hold of the result.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as AsyncResult from "../AsyncResult.ts"
import * as CallOptions from "../CallOptions.ts"
import * as EagerSettings from "../EagerSettings.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as GroupRecord from "../result/GroupRecord.ts"
import { because, type ResultError, ResultUnavailable } from "../result/ResultError.ts"
import type { ResultReader } from "../result/ResultReader.ts"
import type { ResultRecord } from "../result/ResultRecord.ts"
import * as ResultWriter from "../result/ResultWriter.ts"
import * as TaskError from "../TaskError.ts"
import { TaskRegistry } from "../TaskRegistry.ts"
import * as TaskState from "../TaskState.ts"
import * as EagerRun from "./EagerRun.ts"
import type { Preparing, Ready } from "./Preparing.ts"
import * as Signed from "./Signed.ts"
import * as SignedCall from "./SignedCall.ts"

type Send = <A, E>(
  ready: Ready<A, E>
) => Effect.Effect<AsyncResult.AsyncResult<A, E>, TaskError.TaskError | MessagingError | ResultError>

/** Over the registry around, which may be filled later, and the settings in effect. */
export const make = ({ prepare }: Pick<Preparing, "prepare">): Effect.Effect<Send> =>
  Effect.gen(function*() {
    const registry = Option.getOrUndefined(yield* Effect.serviceOption(TaskRegistry))
    const writer = Option.getOrUndefined(yield* Effect.serviceOption(ResultWriter.ResultWriter))
    const propagates = yield* EagerSettings.EagerPropagates
    const stores = yield* EagerSettings.StoreEagerResult
    const run = yield* EagerRun.make

    const registered = (task: string) => {
      const found = registry?.get(task)
      return found === undefined
        ? Result.fail(TaskError.because("apply", new TaskError.NotRegistered({ task })))
        : Result.succeed(found)
    }

    /** A task that is linked, with what comes of the one before. */
    const follow = (signature: SignatureJson, value: unknown, before: ResultRecord, rootId: string) =>
      Effect.suspend(() => {
        const called = SignedCall.called(Signed.fromJson(signature), [value])
        if (Result.isFailure(called)) return Effect.fail(called.failure)
        const within = { rootId, parentId: before.taskId, ...called.success.within }
        const ready = prepare({ ...called.success, within }, CallOptions.untimed, 0, undefined)
        return Result.isFailure(ready) ? Effect.fail(ready.failure) : send(ready.success)
      })

    const send: Send = Effect.fnUntraced(function*(ready) {
      const task = yield* Effect.fromResult(registered(ready.task))
      const { received, record } = yield* run(ready, task)
      const { callbacks, errbacks } = received.body.embed
      if (stores && !ready.ignoreResult && writer !== undefined && TaskState.isReady(record.status)) {
        yield* Effect.provideService(
          ResultWriter.store(record, { replyTo: ready.message.properties.replyTo, correlationId: ready.id }),
          ResultWriter.ResultWriter,
          writer
        )
      }
      const { rootId } = received.headers
      if (record.status === TaskState.SUCCESS) {
        yield* Effect.forEach(callbacks ?? [], (one) => follow(one, record.result, record, rootId), { discard: true })
      }
      if (record.status === TaskState.FAILURE) {
        yield* Effect.forEach(errbacks ?? [], (one) => follow(one, record.taskId, record, rootId), { discard: true })
      }
      const result = AsyncResult.fromReader(ready.id, known(record), ready.outcome, false)
      // As an exception is where nobody expects one: the types of a call know nothing of it.
      if (propagates && TaskState.isPropagated(record.status)) yield* Effect.orDie(result.get())
      return result
    })
    return send
  })

/** The reader of a result that is there. */
const known = (record: ResultRecord): ResultReader["Service"] => ({
  uri: "eager://",
  replyTo: undefined,
  prepare: () => Effect.void,
  wait: (id) => {
    if (TaskState.isReady(record.status)) return Effect.succeed(record)
    const detail = `the task is ${record.status}: nothing is stored of it`
    return Effect.fail(because("get", new ResultUnavailable({ id, backend: "eager://", detail })))
  },
  updates: () => Stream.succeed(record),
  lookup: () => Effect.succeed(record),
  state: () => Effect.succeed(record.status),
  forget: () => Effect.void,
  ...GroupRecord.refusing("eager://", "runs tasks where they are sent, and keeps no groups")
})
