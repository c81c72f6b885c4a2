/**
 * What hangs together by results: what one followed in a chain, and the tasks
 * that were sent while one ran.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { because, IncompleteStream, type ResultError } from "../result/ResultError.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import * as ResultTuple from "../result/ResultTuple.ts"
import type { Any, AnyIdentified, CollectOptions, Final, GetOptions, Progress } from "../ResultBase.ts"
import * as TaskState from "../TaskState.ts"

/** A result, and the one whose child it is. */
export type Edge = readonly [parent: Any | undefined, node: Any]

/** What failed of that which was followed, once it has; else nothing. That its result cannot be had is no failure. */
const failureAbove = (
  parent: AnyIdentified | undefined,
  { disableSyncSubtasks, followParents = true }: GetOptions
): Effect.Effect<unknown> | undefined => {
  if (parent === undefined || !followParents) return undefined
  const ending: Array<Effect.Effect<unknown>> = []
  for (let above: typeof parent | undefined = parent; above !== undefined; above = above.parent) {
    if (isSet(above) && above.ids.length > mostFollowed) continue
    ending.push(Effect.matchEffect(above.final({ followParents: false, disableSyncSubtasks }), {
      onFailure: () => Effect.never,
      onSuccess: (final) => Result.isFailure(final) ? Effect.succeed(final.failure) : Effect.never
    }))
  }
  if (ending.length === 0) return undefined
  const first = Effect.raceAllFirst(ending)
  return ending.length > fewFollowed ? Effect.delay(first, later) : first
}

/**
 * Of more than so many each is listened to after a while, if there is nothing to
 * be had of the end by then: a chain of hundreds is mostly over sooner, and one
 * that fails tells its end.
 */
const fewFollowed = 16
const later = "1 second"

/** Of larger groups each would have to be listened to: that one has failed is told to what comes after it by the worker. */
const mostFollowed = 100

/** Ends with the failure of what was followed, if that is known first: as a failure, and as a value. */
export const following = <A, E>(
  parent: AnyIdentified | undefined,
  options: GetOptions,
  own: Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const failure = failureAbove(parent, options)
  // Whoever gave it a parent has said so in the type of its errors.
  return failure === undefined ? own : Effect.raceFirst(own, Effect.flatMap(failure, Effect.fail<any>))
}

export const followingFinal = <A, E, F>(
  parent: AnyIdentified | undefined,
  options: GetOptions,
  own: Effect.Effect<Final<A, E>, F>
): Effect.Effect<Final<A, E>, F> => {
  const failure = failureAbove(parent, options)
  return failure === undefined ? own : Effect.raceFirst(own, Effect.map(failure, Result.fail<any>))
}

/** The same for many, who are told together. */
export const followingAll = <A, E, R>(
  parent: AnyIdentified | undefined,
  options: GetOptions,
  use: (
    follow: <B, F, G>(own: Effect.Effect<Final<B, F>, G>) => Effect.Effect<Final<B, F>, G>
  ) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Scope.Scope> => {
  const failure = failureAbove(parent, options)
  if (failure === undefined) return use((own) => own)
  return Effect.gen(function*() {
    const told = yield* Deferred.make<unknown>()
    yield* Effect.forkScoped(Effect.flatMap(failure, (error) => Deferred.succeed(told, error)))
    const known = Effect.map(Deferred.await(told), Result.fail<any>)
    return yield* use((own) => Effect.raceFirst(own, known))
  })
}

/** The states of these tasks, to the end: it is that failure for those that did not run for it, of which nothing may ever be stored. */
export const followingProgress = <P extends Progress<unknown, unknown>, F>(
  parent: AnyIdentified | undefined,
  ids: ReadonlyArray<string>,
  own: Stream.Stream<P, F>
): Stream.Stream<P, F> => {
  const failure = failureAbove(parent, {})
  return failure === undefined ? own : Stream.suspend(() => {
    const left = new Set(ids)
    const told = Stream.map(own, (progress) => {
      if (progress.final !== undefined) left.delete(progress.taskId)
      return progress
    })
    const lost = Stream.unwrap(Effect.map(failure, (error) =>
      Stream.fromIterable(Array.from(left, (taskId) => {
        const record = ResultRecord.pending(taskId)
        const end = { taskId, state: TaskState.FAILURE, meta: undefined, final: Result.fail(error), record }
        return end as unknown as P // a result has the errors of its parent, too
      }))))
    return Stream.merge(told, lost, { haltStrategy: "either" })
  })
}

/** The tasks of a result, and those that it followed, and so on, each once: what is left to be run is among them. */
export const lineage = (roots: ReadonlyArray<Any>): ReadonlyArray<string> => {
  const ids = new Set<string>()
  const seen = new Set<Any>()
  const left = roots.toReversed()
  for (let result = left.pop(); result !== undefined; result = left.pop()) {
    if (seen.has(result)) continue
    seen.add(result)
    if (result.parent !== undefined) left.push(result.parent)
    if (isSet(result)) left.push(...result.results.toReversed())
    else for (const id of result.ids) ids.add(id)
  }
  return Array.from(ids)
}

/** With all that it hangs on. Step by step: a chain is longer than the stack is deep. */
export const tupleOf = (result: AnyIdentified): ResultTuple.ResultTuple => {
  const line: Array<AnyIdentified> = []
  for (let one: AnyIdentified | undefined = result; one !== undefined; one = one.parent) line.push(one)
  const own = (one: AnyIdentified, parent: ResultTuple.ResultTuple | undefined) =>
    isSet(one)
      ? ResultTuple.group(one.id, (one.results as ReadonlyArray<AnyIdentified>).map(tupleOf), parent) // those of a group have ids
      : ResultTuple.task(one.id, parent)
  const above = line.slice(1).reduceRight<ResultTuple.ResultTuple | undefined>(
    (parent, one) => own(one, parent),
    undefined
  )
  return own(result, above)
}

/** Of several. */
const isSet = (result: Any): result is Any & { readonly results: ReadonlyArray<Any> } => "results" in result

/** Those behind a result, breadth first, itself the first. Each once, for a record may name anyone. */
export const iterdeps = (
  root: Any,
  { intermediate = false }: Pick<CollectOptions, "intermediate">
): Stream.Stream<Edge, ResultError> =>
  Stream.suspend(() => {
    const seen = new Set<string | undefined>()
    const isNew = ({ id }: Any): boolean => {
      if (seen.has(id)) return false
      if (id !== undefined) seen.add(id)
      return true
    }
    // Asked when those that were there have been taken: it may have ended meanwhile.
    const below = (node: Any): Effect.Effect<ReadonlyArray<Edge>, ResultError> =>
      Effect.flatMap(node.ready, (isReady) => {
        if (!isReady) return intermediate ? Effect.succeed([]) : Effect.fail(incomplete(node))
        return Effect.map(
          node.children,
          (children = []) => children.filter(isNew).map((child): Edge => [node, child])
        )
      })
    const edges: Array<Edge> = [[undefined, root]]
    isNew(root)
    return Stream.paginate<Any | undefined, Edge, ResultError>(undefined, (last) =>
      Effect.map(last === undefined ? Effect.succeed([]) : below(last), (more) => {
        edges.push(...more)
        const next = edges.shift()
        return next === undefined ? [[], Option.none()] : [[next], Option.some(next[1])]
      }))
  })

/** The same, each with what it came to: waits for one after the other. Fails as they do. */
export const collect = (
  root: Any,
  options: CollectOptions
): Stream.Stream<readonly [node: Any, value: unknown], unknown> =>
  Stream.mapEffect(
    iterdeps(root, options),
    ([, node]) => Effect.map(node.get(options), (value) => [node, value] as const)
  )

const incomplete = ({ id = "", ids }: Any): ResultError =>
  because("iterdeps", new IncompleteStream({ id: id || ids.join(", ") }))
