/**
 * A map that holds so many entries and no more: the one set longest ago goes
 * first. What grows with what others send (ids, names) is kept in one of these.
 *
 * It is a `Map`, which keeps the order in which keys were set, with one iterator
 * that follows behind: asking for the first key anew each time costs as many
 * steps as entries were deleted before it. `docs/DEPENDENCIES.md` has the figures
 * that keep it here, beside `lru-cache`.
 *
 * @since 0.1.0
 */

export class BoundedMap<K, V> {
  readonly capacity: number
  readonly #entries = new Map<K, V>()
  /** Nothing that is in the map is behind it, but for `#oldest`. */
  #behind: MapIterator<K> = this.#entries.keys()
  /** The key it came to last, while that is in the map, in its place. */
  #oldest: IteratorResult<K, undefined> | undefined

  /** `capacity` may be `Infinity`. */
  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** It is the youngest from now on, whether it was there or not. */
  set(key: K, value: V): void {
    const before = this.#entries.size
    this.#entries.set(key, value)
    if (this.#entries.size > before) {
      if (before >= this.capacity) this.deleteOldest()
      return
    }
    // It was there, and kept its place.
    this.delete(key)
    this.#entries.set(key, value)
  }

  /** Oldest first. */
  entries(): MapIterator<[K, V]> {
    return this.#entries.entries()
  }

  delete(key: K): boolean {
    if (this.#oldest?.value === key) this.#oldest = undefined
    return this.#entries.delete(key)
  }

  /** Without having been set again, the one set longest ago first. */
  values(): MapIterator<V> {
    return this.#entries.values()
  }

  clear(): void {
    this.#entries.clear()
    this.#oldest = undefined
  }

  /** The entry set longest ago. */
  oldest(): readonly [key: K, value: V] | undefined {
    if (this.#entries.size === 0) return undefined
    this.#oldest ??= this.#next()
    const key = this.#oldest.value as K // the map is not empty
    return [key, this.#entries.get(key)!]
  }

  deleteOldest(): void {
    if (this.#entries.size === 0) return
    const { value } = this.#oldest ?? this.#next()
    this.#oldest = undefined
    this.#entries.delete(value as K) // the map is not empty
  }

  #next(): IteratorResult<K, undefined> {
    const next = this.#behind.next()
    if (next.done !== true) return next
    // It had seen all there was, and sees nothing that was set since.
    this.#behind = this.#entries.keys()
    return this.#behind.next()
  }
}
