/**
 * The arguments of a call that says only some of them anew: what it gives by one
 * way takes the place of what the call before gave to the same parameter by the
 * other. Source: Celery 5.7's `Task.retry`.
 */
import type { Convention, Encoded } from "./Convention.ts"

/** Of the arguments, what is said anew. */
export type Said = { readonly [K in keyof Encoded]?: Encoded[K] | undefined }

/** What is other than in the call before. */
export const again = (
  { indices, positional, rest }: Pick<Convention, "indices" | "positional" | "rest">,
  before: Encoded,
  { args, kwargs }: Said
): Said => {
  /** Where it stands, if it is among so many that are given by position. */
  const placeOf = (name: string, given: number): number | undefined => {
    const index = indices.get(name)
    return index !== undefined && index < given && index < positional ? index : undefined
  }
  if (args !== undefined && kwargs === undefined) {
    const named = Object.entries(before.kwargs)
    const left = named.filter(([name]) => placeOf(name, args.length) === undefined)
    return left.length === named.length ? { args } : { args, kwargs: Object.fromEntries(left) }
  }
  // More than it takes: that is for whoever runs it to refuse.
  const hasTooMany = before.args.length > positional && rest === undefined
  if (kwargs === undefined || args !== undefined || hasTooMany) return { args, kwargs }
  const places = [...before.args]
  const left = Object.entries(kwargs).filter(([name, value]) => {
    const place = placeOf(name, places.length)
    if (place !== undefined) places[place] = value
    return place === undefined
  })
  return left.length === Object.keys(kwargs).length ? { kwargs } : { args: places, kwargs: Object.fromEntries(left) }
}
