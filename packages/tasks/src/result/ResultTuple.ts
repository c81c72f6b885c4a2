/**
 * Results as they stand inside records: a task or a group by its id, the one it
 * followed, and the members of a group.
 *
 * On the wire a task is `[[id, parent|null], null]` and a group
 * `[[id, parent|null], [member, ...]]`. Source: protocol §7.1.
 *
 * @since 0.1.0
 */

/** A result by its id, with what it hangs on. */
export interface ResultTuple {
  readonly id: string
  /** The result that this one followed in a chain. */
  readonly parent: ResultTuple | undefined
  /** The members, when it is a group. */
  readonly members: ReadonlyArray<ResultTuple> | undefined
}

/** What a tuple looks like on the wire. */
export type Wire = readonly [
  self: readonly [id: string, parent: Wire | null],
  members: ReadonlyArray<Wire> | null
]

/** The result of one task. */
export const task = (id: string, parent?: ResultTuple): ResultTuple => ({ id, parent, members: undefined })

/** The result of a group. */
export const group = (id: string, members: ReadonlyArray<ResultTuple>, parent?: ResultTuple): ResultTuple => ({
  id,
  parent,
  members
})

/** As Python's `as_tuple` gives it. */
export const encode = (tuple: ResultTuple): Wire => [
  [tuple.id, tuple.parent === undefined ? null : encode(tuple.parent)],
  tuple.members === undefined ? null : tuple.members.map(encode)
]

/** Deeper than any workflow, and far from the end of the stack. */
const deepest = 500

/** Reads a tuple, and the older form `[id, members]`. What is no tuple, or is nested too deep, is undefined. */
export const decode = (value: unknown): ResultTuple | undefined => read(value, 0)

/** Reads a list of tuples; undefined when it is no list, or one of them is no tuple. */
export const decodeAll = (value: unknown): ReadonlyArray<ResultTuple> | undefined => readAll(value, 0)

const read = (value: unknown, depth: number): ResultTuple | undefined => {
  if (!Array.isArray(value) || value.length !== 2 || depth > deepest) return undefined
  const [self, below]: ReadonlyArray<unknown> = value
  const id: unknown = Array.isArray(self) ? self[0] : self
  const above: unknown = Array.isArray(self) ? self[1] : null
  if (typeof id !== "string") return undefined
  const parent = above == null ? undefined : read(above, depth + 1)
  const members = below == null ? undefined : readAll(below, depth + 1)
  if ((above != null && parent === undefined) || (below != null && members === undefined)) return undefined
  return { id, parent, members }
}

const readAll = (value: unknown, depth: number): ReadonlyArray<ResultTuple> | undefined => {
  if (!Array.isArray(value)) return undefined
  const out: Array<ResultTuple> = []
  for (const item of value) {
    const tuple = read(item, depth)
    if (tuple === undefined) return undefined
    out.push(tuple)
  }
  return out
}
