/**
 * A set of what comes and goes by the thousand.
 *
 * V8 links the table that a `Set` or a `Map` has used up to the next one. When
 * one of them has come into the old space, as the tables of the moment do in
 * every full collection, it keeps the next, that one the one after it, and so on
 * until the next full collection, each with all that was in it: a worker under
 * load copied a third of what it allocated, for nothing. A new set every so
 * often ends the chain, and costs a copy of a few for each thousand.
 *
 * @since 0.1.0
 */

/** So many are added to one set at least. */
const shortest = 1024

export class PassingSet<T> {
  private current = new Set<T>()
  private left = shortest

  /** Those that are in it now, in the order in which they came. */
  get all(): ReadonlySet<T> {
    return this.current
  }

  get size(): number {
    return this.current.size
  }

  add(one: T): void {
    if (this.left-- === 0) {
      this.current = new Set(this.current)
      this.left = Math.max(shortest, 2 * this.current.size)
    }
    this.current.add(one)
  }

  clear(): void {
    this.current = new Set()
  }

  /** Gives whether it was in it. */
  delete(one: T): boolean {
    return this.current.delete(one)
  }
}
