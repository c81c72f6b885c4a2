/**
 * Values of headers that messages are revoked by: so many, the one revoked
 * longest ago goes first.
 *
 * Two values are the same as Python sees it, as far as a message can tell: a
 * number is not its text, and what is composed is compared by its parts.
 *
 * @since 0.1.0
 */

/** A header with one value of it. */
export interface Stamp {
  readonly header: string
  readonly value: unknown
}

export class RevokedStamps {
  private readonly most: number
  /** By header, and by what the value is compared by. */
  private readonly headers = new Map<string, Map<string, unknown>>()
  private count = 0

  constructor(most: number) {
    this.most = most
  }

  get size(): number {
    return this.count
  }

  add(header: string, values: ReadonlyArray<unknown>): void {
    for (const value of values) {
      const key = keyOf(value)
      if (key === undefined) continue
      const known = this.headers.get(header) ?? new Map<string, unknown>()
      if (known.has(key)) continue
      // A header that got a value is the youngest.
      this.headers.delete(header)
      this.headers.set(header, known.set(key, value))
      if (++this.count > this.most) this.dropOldest()
    }
  }

  find(headers: ReadonlyArray<string>, stamps: Readonly<Record<string, unknown>>): Stamp | undefined {
    for (const header of headers) {
      const revoked = this.headers.get(header)
      if (revoked === undefined || !Object.hasOwn(stamps, header)) continue
      const stamped = stamps[header]
      for (const value of Array.isArray(stamped) ? stamped : [stamped]) {
        const key = keyOf(value)
        if (key !== undefined && revoked.has(key)) return { header, value }
      }
    }
    return undefined
  }

  byHeader(): ReadonlyMap<string, ReadonlyArray<unknown>> {
    return new Map(Array.from(this.headers, ([header, values]) => [header, Array.from(values.values())]))
  }

  private dropOldest(): void {
    for (const [header, values] of this.headers) {
      for (const key of values.keys()) {
        values.delete(key)
        this.count--
        if (values.size === 0) this.headers.delete(header)
        return
      }
    }
  }
}

/** Longer ones are not remembered: they would be of a message that nobody wrote by hand. */
const longest = 1_024

const keyOf = (value: unknown): string | undefined => {
  const key = textOf(value)
  return key === undefined || key.length > longest ? undefined : key
}

const textOf = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return `s${value}`
    case "number":
    case "bigint":
      return `n${value}`
    case "boolean":
      return `b${value}`
    case "object":
      if (value === null) return undefined
      try {
        return `j${JSON.stringify(value)}`
      } catch {
        return undefined
      }
    default:
      return undefined
  }
}
