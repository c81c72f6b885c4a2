/**
 * What hangs together by results: what one followed in a chain, and the tasks
 * that were sent while one ran.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { TaskException } from "../result/ExceptionRecord.ts"
import { because, IncompleteStream, type ResultError } from "../result/ResultError.ts"
import type { Any, CollectOptions, GetOptions, ResultBase } from "../ResultBase.ts"

/** A result, and the one whose child it is. */
export type Edge = readonly [parent: Any | undefined, node: Any]

/** Ends with the failure of what was followed, if that is known first. That its result cannot be had is no failure. */
export const following = <A, E>(
  parent: ResultBase<unknown> | undefined,
  { disableSyncSubtasks, followParents = true }: GetOptions,
  own: Effect.Effect<A, E>
): Effect.Effect<A, E | TaskException> => {
  if (parent === undefined || !followParents) return own
  const failing: Array<Effect.Effect<never, TaskException>> = []
  for (let above: typeof parent | undefined = parent; above !== undefined; above = above.parent) {
    const ended = Effect.catchTag(
      above.get({ followParents: false, disableSyncSubtasks }),
      "ResultError",
      () => Effect.never
    )
    failing.push(Effect.andThen(ended, Effect.never))
  }
  return Effect.raceAllFirst([own, ...failing])
}

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
