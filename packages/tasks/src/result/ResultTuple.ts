/**
 * Results as they stand inside records: a task or a group by its id, the one it
 * followed, and the members of a group.
 *
 * On the wire a task is `[[id, parent|null], null]` and a group
 * `[[id, parent|null], [member, ...]]`. Source: protocol §7.1.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { because, InvalidTuple, type ResultError } from "./ResultError.ts"

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
export const encode = (tuple: ResultTuple): Wire => {
  const above: Array<ResultTuple> = []
  for (let parent = tuple.parent; parent !== undefined; parent = parent.parent) above.push(parent)
  const parent = above.reduceRight<Wire | null>((parent, each) => own(each, parent), null)
  return own(tuple, parent)
}

const own = ({ id, members }: ResultTuple, parent: Wire | null): Wire => [
  [id, parent],
  members === undefined ? null : members.map(encode)
]

/** Groups in one another: deeper than any workflow, and far from the end of the stack. */
const deepest = 500

/** So long may a chain be. */
const longest = 10_000

/** Reads a tuple, and the older form `[id, members]`. What is no tuple, or is nested too deep, is undefined. */
export const decode = (value: unknown): ResultTuple | undefined => read(value, 0)

/** Reads a list of tuples; undefined when it is no list, or one of them is no tuple. */
export const decodeAll = (value: unknown): ReadonlyArray<ResultTuple> | undefined => readAll(value, 0)

/** As text: the JSON of what `encode` gives. */
export const stringify = (tuple: ResultTuple): string => JSON.stringify(encode(tuple))

/** Reads what `stringify` wrote, or the same as it stands in JSON. Fails with `InvalidTuple` when it is no tuple. */
export const parse = (value: unknown): Result.Result<ResultTuple, ResultError> => {
  const tuple = decode(typeof value === "string" ? parsed(value) : value)
  return tuple === undefined
    ? Result.fail(because("decode", new InvalidTuple({ detail: noTuple })))
    : Result.succeed(tuple)
}

const noTuple =
  "this is no result that was written down: give what AsyncResult.encode gave, or Python's as_tuple(), such as [[id, null], null]"

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const read = (value: unknown, depth: number): ResultTuple | undefined => {
  if (depth > deepest) return undefined
  const chain: Array<Omit<ResultTuple, "parent">> = []
  let left: unknown = value
  do {
    if (!Array.isArray(left) || left.length !== 2 || chain.length === longest) return undefined
    const [self, below]: ReadonlyArray<unknown> = left
    const id: unknown = Array.isArray(self) ? self[0] : self
    const members = below == null ? undefined : readAll(below, depth + 1)
    if (typeof id !== "string" || (below != null && members === undefined)) return undefined
    chain.push({ id, members })
    left = Array.isArray(self) ? self[1] : null
  } while (left != null)
  return chain.reduceRight<ResultTuple | undefined>((parent, each) => ({ ...each, parent }), undefined)
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
