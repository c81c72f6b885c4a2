/** What a caller holds of what was sent: of a task its id, and promises of its result; the same of a group. */
import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as CanvasDrawing from "@celeriac/tasks/canvas/CanvasDrawing"
import { Client } from "@celeriac/tasks/Client"
import type * as GroupResult from "@celeriac/tasks/GroupResult"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import type { Any, AnyIdentified, Final, Progress as ResultProgress } from "@celeriac/tasks/ResultBase"
import type * as ResultSet from "@celeriac/tasks/ResultSet"
import * as TaskError from "@celeriac/tasks/TaskError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { iterate } from "./Iterate.ts"
import type * as Model from "./ResultModel.ts"
import type { Read, Run } from "./Run.ts"

export type { About, GetOptions, Progress, Result, RevokeOptions, Settled } from "./ResultModel.ts"

/** What is behind them. */
const sources = new WeakMap<object, { readonly sent: AnyIdentified; readonly read: Read }>()

export const sourceOf = (result: Model.Identified<unknown>): AnyIdentified => behind(result).sent

const behind = (result: Model.Identified<unknown>) => {
  const source = sources.get(result)
  if (source === undefined) {
    throw new TypeError("this is no result of a task: give what delay and applyAsync resolve to")
  }
  return source
}

/** What reads a result needs no broker where the task has run here. */
export const make = <A>(run: Run, sent: AsyncResult.AsyncResult<A, unknown>, read: Read = run): Model.Result<A> => {
  const result: Model.Result<A> = {
    ...identified(run, read, sent),
    get parent() {
      return parentOf(run, sent, read)
    },
    ignored: sent.ignored,
    get: async ({ signal, ...options } = {}) => read(sent.get(waiting("get", options)), signal),
    state: () => read(sent.state),
    exists: () => read(sent.exists),
    info: () => read(sent.info),
    traceback: () => read(sent.traceback),
    about: () =>
      read(Effect.map(sent.record, (record) =>
        record === undefined ? undefined : {
          name: record.extended?.name,
          args: record.extended?.args,
          kwargs: record.extended?.kwargs,
          worker: record.extended?.worker,
          retries: record.extended?.retries,
          queue: record.extended?.queue,
          dateDone: dateOf(record)
        })),
    progress: (options) => loop(read, Stream.map(sent.progress, (progress) => progressOf(progress)), options),
    abort: () => run(Effect.flatMap(Client, (client) => client.abort(sent.id))),
    revokeByStampedHeaders: (headers, options) => run(sent.revokeByStampedHeaders(headers, options))
  }
  sources.set(result, { sent, read })
  return result
}

/** Of a group: with the results of its members, as callers hold them. */
export const makeGroup = <M extends Model.Members>(
  run: Run,
  sent: GroupResult.GroupResult<GroupResult.Members, unknown>,
  read: Read = run
): Model.GroupResult<M> => {
  const results = sent.results.map((member) => of(run, member, read)) as unknown as M // so say the types of whoever sent it
  const result = {
    ...identified(run, read, sent),
    ...several(run, sent, results, read),
    get parent() {
      return parentOf(run, sent, read)
    },
    save: () => run(sent.save),
    delete: () => run(sent.delete)
  }
  sources.set(result, { sent, read })
  return result
}

/** Draws a canvas as it will run. Throws when a signature makes no sense. */
export function draw(canvas: CanvasDrawing.Drawable, options?: CanvasDrawing.Options): string
/** Draws what became of each task of a result, of what it follows, and of what was sent while they ran. */
export function draw(result: Model.Identified<unknown>, options?: CanvasDrawing.ResultOptions): Promise<string>
export function draw(
  given: CanvasDrawing.Drawable | Model.Identified<unknown>,
  options?: CanvasDrawing.ResultOptions
): string | Promise<string> {
  if (!("asTuple" in given)) return CanvasDrawing.draw(given, options)
  const { read, sent } = behind(given)
  return read(CanvasDrawing.draw(sent, options))
}

/** Either, as it is. */
export const of = (run: Run, sent: AnyIdentified, read: Read = run): Model.Identified<unknown> =>
  "results" in sent
    ? makeGroup(run, sent as GroupResult.GroupResult<GroupResult.Members, unknown>, read) // it has members
    : make(run, sent as AsyncResult.AsyncResult<unknown, unknown>, read) // it has none: see `AsyncResult.Child`

/** What those of tasks and of groups have in common. */
const identified = (run: Run, read: Read, sent: AnyIdentified & Tree) => ({
  id: sent.id,
  ready: () => read(sent.ready),
  successful: () => read(sent.successful),
  failed: () => read(sent.failed),
  children: () => read(Effect.map(sent.children, (children) => children?.map((child) => ofChild(run, child, read)))),
  iterdeps: (options?: Pick<Model.CollectOptions, "intermediate">) =>
    iterate(
      read,
      Stream.map(
        sent.iterdeps(options),
        ([parent, node]) =>
          [parent === undefined ? undefined : ofChild(run, parent, read), ofChild(run, node, read)] as const
      )
    ),
  collect: (options?: Model.CollectOptions) =>
    iterate(read, Stream.map(sent.collect(options), ([{ id }, value]) => [id, value] as const)),
  asTuple: () => ResultTuple.encode(sent.asTuple),
  revoke: (options?: Model.RevokeOptions) => run(sent.revoke(options)),
  forget: () => read(sent.forget)
})

const parentOf = (run: Run, { parent }: AnyIdentified, read: Read) =>
  parent === undefined ? undefined : of(run, parent, read)

type Tree = Pick<AsyncResult.AsyncResult<unknown, unknown>, "iterdeps" | "collect">

/** What is found in records has an id. */
const ofChild = (run: Run, child: Any, read: Read) => of(run, child as AnyIdentified, read)

/** What those of several have in common. */
export const several = <M extends Model.Members>(
  run: Run,
  set: ResultSet.ResultSet<ResultSet.Members, unknown>,
  results: M,
  read: Read = run
): Model.Results<M> => {
  const made: Model.Results<Model.Members> = {
    results,
    get: async ({ signal, ...options } = {}) => [...await read(set.get(waiting("get", options)), signal)],
    join: async ({ signal, ...options } = {}) => [...await read(set.join(waiting("join", options)), signal)],
    settled: async ({ signal, ...options } = {}) => {
      const finals = await read(set.get({ ...waiting("settled", options), propagate: false }), signal)
      return finals.map(settled)
    },
    completed: (options) =>
      loop(
        read,
        Stream.map(set.completed, ({ final, index }) => ({
          index,
          result: results[index]!, // it is this member's
          outcome: settled(final)
        })),
        options
      ),
    progress: (options) => loop(read, Stream.map(set.progress, progressOf), options),
    completedCount: () => read(set.completedCount),
    ready: () => read(set.ready),
    successful: () => read(set.successful),
    failed: () => read(set.failed),
    waiting: () => read(set.waiting),
    revoke: (options) => run(set.revoke(options)),
    forget: () => read(set.forget)
  }
  // The members are behind it in their order, and have the types that they have.
  return made as unknown as Model.Results<M>
}

/** Waits as it is said. */
const loop = <A, E>(read: Read, stream: Stream.Stream<A, E>, { disableSyncSubtasks }: Model.SyncOptions = {}) =>
  iterate(
    read,
    disableSyncSubtasks === undefined
      ? stream
      : Stream.provideService(stream, AsyncResult.DisableSyncSubtasks, disableSyncSubtasks)
  )

const dateOf = (record: ResultRecord.ResultRecord): Date | undefined => {
  const at = ResultRecord.doneMillis(record)
  return at === undefined ? undefined : new Date(at)
}

const progressOf = <A>({ final, meta, state, taskId }: ResultProgress<A, unknown>): Model.Progress<A> => ({
  taskId,
  state,
  meta,
  final: final === undefined ? undefined : settled(final)
})

const settled = <A>(final: Final<A, unknown>): Model.Settled<A> =>
  final._tag === "Success"
    ? { status: "fulfilled", value: final.success }
    : { status: "rejected", reason: final.failure }

const waiting = (
  operation: string,
  { disableSyncSubtasks, followParents, timeoutMs }: Omit<Model.GetOptions, "signal">
) => ({
  disableSyncSubtasks,
  followParents,
  timeout: timeoutMs === undefined ? undefined : millis(operation, timeoutMs)
})

/** What callers without types may have given: a text would be read as a duration that nobody meant. */
export const millis = (operation: string, timeoutMs: unknown): number => {
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return timeoutMs
  const given = typeof timeoutMs === "string" ? `"${timeoutMs}"` : String(timeoutMs)
  throw TaskError.because(
    operation,
    new TaskError.InvalidOption({ option: "timeoutMs", detail: `${given} is no number of milliseconds, such as 5000` })
  )
}
