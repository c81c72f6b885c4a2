/**
 * What was set lately: at least half as many entries as it may hold.
 *
 * Two maps, a younger and an older one. When the younger is full it becomes the
 * older, and what was there is forgotten at once. A `BoundedMap` forgets one by
 * one, which costs each message half a microsecond more.
 *
 * @since 0.1.0
 */

export class Recent<K, V> {
  private readonly half: number
  private younger = new Map<K, V>()
  private older = new Map<K, V>()

  /** It holds `most` entries at most. */
  constructor(most: number) {
    this.half = most / 2
  }

  get(key: K): V | undefined {
    return this.younger.get(key) ?? this.older.get(key)
  }

  set(key: K, value: V): void {
    this.younger.set(key, value)
    if (this.younger.size < this.half) return
    this.older = this.younger
    this.younger = new Map()
  }

  delete(key: K): void {
    this.younger.delete(key)
    this.older.delete(key)
  }
}
