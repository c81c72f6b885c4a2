/**
 * Which callback waits for which source: one for reading and one for writing.
 *
 * @since 0.1.0
 */

export type Direction = "read" | "write"
/** What every stream and socket of Node is. */
export interface Source {
  readonly on: (event: string, listener: () => void) => unknown
  readonly removeListener: (event: string, listener: () => void) => unknown
}

const events: Record<Direction, ReadonlyArray<string>> = { read: ["readable"], write: ["drain"] }

/** A source that says one of these is gone, as far as the table is concerned. */
const endings: Record<Direction, ReadonlyArray<string>> = {
  read: ["end", "close", "error"],
  write: ["finish", "close", "error"]
}

export class SourceTable {
  private readonly listeners: Record<Direction, Map<Source, () => void>> = { read: new Map(), write: new Map() }

  get size(): number {
    return this.listeners.read.size + this.listeners.write.size
  }

  /** Replaces the callback of this direction, if there is one. */
  set(direction: Direction, source: Source, callback: () => void): void {
    this.delete(direction, source)
    const gone = () => this.delete(direction, source)
    for (const event of events[direction]) source.on(event, callback)
    for (const event of endings[direction]) source.on(event, gone)
    this.listeners[direction].set(source, () => {
      for (const event of events[direction]) source.removeListener(event, callback)
      for (const event of endings[direction]) source.removeListener(event, gone)
    })
    if (isReady(direction, source)) callback()
  }

  delete(direction: Direction, source: Source): void {
    this.listeners[direction].get(source)?.()
    this.listeners[direction].delete(source)
  }

  clear(): void {
    for (const direction of ["read", "write"] as const) {
      for (const source of [...this.listeners[direction].keys()]) this.delete(direction, source)
    }
  }
}

/** Ready already, so that no event will come: a source with something to read, or room to write. */
const isReady = (direction: Direction, source: Source): boolean =>
  direction === "read"
    ? "readableLength" in source && typeof source.readableLength === "number" && source.readableLength > 0
    : "writableNeedDrain" in source && source.writableNeedDrain === false
