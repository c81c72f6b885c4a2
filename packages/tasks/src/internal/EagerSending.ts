/**
 * What stands in for sending where tasks run eagerly: runs a task or a canvas,
 * with all that follows, and gives hold of the results, which are there.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as AsyncResult from "../AsyncResult.ts"
import type * as CallOptions from "../CallOptions.ts"
import * as CanvasTasks from "../canvas/CanvasTasks.ts"
import * as EagerSettings from "../EagerSettings.ts"
import * as Outcome from "../Outcome.ts"
import * as GroupRecord from "../result/GroupRecord.ts"
import { because, type ResultError, ResultUnavailable } from "../result/ResultError.ts"
import type { ResultReader } from "../result/ResultReader.ts"
import type { ResultRecord } from "../result/ResultRecord.ts"
import * as ResultWriter from "../result/ResultWriter.ts"
import type { AnyIdentified } from "../ResultBase.ts"
import * as SignatureMessage from "../SignatureMessage.ts"
import * as TaskContext from "../TaskContext.ts"
import * as TaskError from "../TaskError.ts"
import { type Registered, TaskRegistry } from "../TaskRegistry.ts"
import * as TaskState from "../TaskState.ts"
import * as CanvasPlan from "./CanvasPlan.ts"
import * as CanvasResults from "./CanvasResults.ts"
import * as Composed from "./Composed.ts"
import * as EagerRun from "./EagerRun.ts"
import * as EagerWorkflow from "./EagerWorkflow.ts"
import type { Preparing, Ready } from "./Preparing.ts"

type Failure = TaskError.TaskError | MessagingError | ResultError

interface EagerSending {
  readonly task: <A, E>(ready: Ready<A, E>) => Effect.Effect<AsyncResult.AsyncResult<A, E>, Failure>
  /** With more arguments and these options. */
  readonly canvas: (
    signature: Composed.Composed,
    more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined,
    call: CallOptions.CallOptions
  ) => Effect.Effect<AnyIdentified, Failure>
}

/** Over the registry around, which may be filled later, and the settings in effect. */
export const make = (preparing: Pick<Preparing, "ready">): Effect.Effect<EagerSending> =>
  Effect.gen(function*() {
    const registry = withCanvasTasks(Option.getOrUndefined(yield* Effect.serviceOption(TaskRegistry)))
    // They open nothing: what is registered stays.
    yield* Effect.scoped(
      Layer.build(
        Layer.provide(
          Layer.mergeAll(CanvasTasks.map, CanvasTasks.starmap, CanvasTasks.accumulate),
          Layer.succeed(TaskRegistry, registry)
        )
      )
    )
    const writer = Option.getOrUndefined(yield* Effect.serviceOption(ResultWriter.ResultWriter))
    const propagates = yield* EagerSettings.EagerPropagates
    const stores = yield* EagerSettings.StoreEagerResult
    const run = yield* EagerRun.make
    const write = yield* SignatureMessage.make((name) => registry.get(name))
    const plan = yield* CanvasPlan.make(preparing)

    const registered = (task: string) => {
      const found = registry.get(task)
      return found === undefined
        ? Effect.fail(notRegistered(task))
        : Effect.succeed(found)
    }

    const store = (
      { received: { headers }, record }: EagerRun.Ran,
      { options }: Registered,
      replyTo: string | undefined
    ): Effect.Effect<void, ResultError> =>
      stores && !(headers.ignoreResult ?? options.ignoreResult) && writer !== undefined &&
        TaskState.isReady(record.status)
        ? Effect.provideService(
          ResultWriter.store(record, { replyTo, correlationId: record.taskId }),
          ResultWriter.ResultWriter,
          writer
        )
        : Effect.void

    /** Runs it, and gives what it comes to by the records of all of its tasks. */
    const perform = <R extends AnyIdentified>(work: EagerWorkflow.Work, of: (reader: ResultReader["Service"]) => R) =>
      Effect.flatMap(
        EagerWorkflow.perform(work, { run, registered, write, store }),
        (records) => {
          const result = of(known(records))
          if (!propagates) return Effect.succeed(result)
          const failed = Array.from(records.values()).find(({ status }) => TaskState.isPropagated(status))
          if (failed === undefined) return Effect.succeed(result)
          // As an exception is where nobody expects one: the types of a call know nothing of it.
          const linked = AsyncResult.fromReader(failed.taskId, known(records), Outcome.untyped, false)
          const dies = (one: AnyIdentified) => Effect.orDie(one.get({ disableSyncSubtasks: false }))
          return Effect.andThen(dies(result), Effect.as(dies(linked), result))
        }
      )

    return {
      task: (ready) =>
        perform(
          { messages: [{ id: ready.id, message: ready.message, to: ready.way }], sizes: [], saves: [] },
          (reader) => AsyncResult.fromReader(ready.id, reader, ready.outcome, false)
        ),
      canvas: (signature, more, call) =>
        Effect.withFiber((fiber): Effect.Effect<AnyIdentified, Failure> => {
          const parent = TaskContext.ofFiber(fiber)
          const missing = unknownIn(signature, registry)
          if (missing !== undefined) return Effect.fail(notRegistered(missing))
          const made = plan(signature, more, call, call.parent ?? parent, undefined)
          if (Result.isFailure(made)) return Effect.fail(made.failure)
          const { messages, saves, sizes, trail } = made.success
          const ran = perform(
            {
              messages: messages.map(({ ready: { id, message, way } }) => ({ id, message, to: way })),
              sizes,
              saves
            },
            (reader) => CanvasResults.make(made.success, reader, undefined)
          )
          if (parent === undefined || call.addToParent === false) return ran
          return Effect.tap(ran, () =>
            Effect.sync(() => {
              for (const result of trail) parent.addTrail(result)
            }))
        })
    }
  })

const notRegistered = (task: string) => TaskError.because("apply", new TaskError.NotRegistered({ task }))

/** The tasks at hand, and those that canvases are made of, which every worker has. */
const withCanvasTasks = (registry: TaskRegistry["Service"] | undefined): TaskRegistry["Service"] => {
  const own = new Map<string, Registered>()
  return {
    register: (task) => Effect.sync(() => void own.set(task.name, task)),
    get: (name) => registry?.get(name) ?? own.get(name),
    names: () => [...registry?.names() ?? [], ...own.keys()]
  }
}

/** The first task of it that nobody has, if there is one: then nothing of it runs. */
const unknownIn = (signature: Composed.Composed, { get }: TaskRegistry["Service"]): string | undefined => {
  let missing: string | undefined
  Composed.walk(signature, (one) => {
    if (!Composed.isComposed(one) && get(one.task) === undefined) missing ??= one.task
  })
  return missing
}

/** The reader of results that are there. */
const known = (records: ReadonlyMap<string, ResultRecord>): ResultReader["Service"] => {
  const wait = (id: string): Effect.Effect<ResultRecord, ResultError> => {
    const record = records.get(id)
    if (record !== undefined && TaskState.isReady(record.status)) return Effect.succeed(record)
    const detail = record === undefined
      ? "it was not run"
      : `the task is ${record.status}: nothing is stored of it`
    return Effect.fail(because("get", new ResultUnavailable({ id, backend: "eager://", detail })))
  }
  return {
    uri: "eager://",
    replyTo: undefined,
    prepare: () => Effect.void,
    wait,
    updates: (id) => {
      const record = records.get(id)
      return record === undefined ? Stream.fromEffect(wait(id)) : Stream.succeed(record)
    },
    lookup: (id) => Effect.sync(() => records.get(id)),
    state: (id) => Effect.sync(() => records.get(id)?.status ?? TaskState.PENDING),
    forget: () => Effect.void,
    ...GroupRecord.refusing("eager://", "runs tasks where they are sent, and keeps no groups")
  }
}
