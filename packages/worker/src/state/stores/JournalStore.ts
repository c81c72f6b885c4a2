/**
 * A `StateStore` in a file of lines, for a Node without SQLite: each line is a
 * fact that was put or deleted, in JSON, after a checksum. It is read up to its
 * last whole line.
 * When most of it is out of date it is written anew beside itself, and takes its
 * own place.
 *
 * @since 0.1.0
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { Damaged, type StateStore, StateStoreError, Unusable, type Value } from "../StateStore.ts"

/** The first line. */
export const header = "celeriac state 1"

/** By room, then by key, the youngest last. */
type Rooms = Map<string, Map<string, Value>>

/** Throws a `StateStoreError`. */
export const open = (file: string): StateStore => new JournalStore(file)

class JournalStore implements StateStore {
  readonly kind = "journal"
  private readonly file: string
  private readonly rooms: Rooms = new Map()
  private descriptor: number
  /** Lines in the file, those of facts that are out of date too. */
  private lines = 0

  constructor(file: string) {
    this.file = file
    const text = this.guarded(() => contentOf(file))
    if (text !== undefined) this.lines = read(file, text, this.rooms)
    // What was torn at the end, or never begun, goes with it.
    this.descriptor = this.guarded(() => this.rewritten())
  }

  readonly entries = (room: string): ReadonlyArray<readonly [string, Value]> => Array.from(this.rooms.get(room) ?? [])

  readonly put = (room: string, key: string, value: Value): void => this.putAll(room, [[key, value]])

  readonly putAll = (room: string, entries: Iterable<readonly [string, Value]>): void => {
    const facts = Array.from(entries)
    this.append(facts.map(([key, value]) => [room, key, value]))
    for (const [key, value] of facts) set(this.rooms, room, key, value)
  }

  readonly delete = (room: string, key: string): void => {
    if (this.rooms.get(room)?.has(key) !== true) return
    this.append([[room, key]])
    this.rooms.get(room)?.delete(key)
  }

  readonly replace = (room: string, entries: Iterable<readonly [string, Value]>): void => {
    const before = this.rooms.get(room)
    this.rooms.set(room, new Map(entries))
    try {
      this.renew()
    } catch (error) {
      this.rooms.set(room, before ?? new Map())
      throw error
    }
  }

  readonly sync = (): void => this.guarded(() => fsyncSync(this.descriptor))

  readonly close = (): void =>
    this.guarded(() => {
      fsyncSync(this.descriptor)
      closeSync(this.descriptor)
    })

  /** In one write. */
  private append(facts: ReadonlyArray<ReadonlyArray<Value>>): void {
    // Twice as long as need be, and not short.
    if (this.lines > 1_000 && this.lines > 2 * count(this.rooms)) this.renew()
    this.guarded(() => write(this.descriptor, facts.map((fact) => `${lineOf(fact)}\n`).join("")))
    this.lines += facts.length
  }

  private renew(): void {
    const old = this.descriptor
    this.descriptor = this.guarded(() => this.rewritten())
    closeSync(old)
  }

  /** Writes what there is beside the file, and puts it in its place. Gives the new one, to be written on. */
  private rewritten(): number {
    const beside = `${this.file}.new`
    const descriptor = openSync(beside, "w", 0o600)
    try {
      const lines = [header]
      for (const [room, facts] of this.rooms) {
        for (const [key, value] of facts) lines.push(lineOf([room, key, value]))
      }
      write(descriptor, `${lines.join("\n")}\n`)
      fsyncSync(descriptor)
      renameSync(beside, this.file)
      syncFolder(dirname(this.file))
      this.lines = lines.length - 1
      return descriptor
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  private guarded<A>(run: () => A): A {
    try {
      return run()
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause)
      throw new StateStoreError({ file: this.file, reason: new Unusable({ detail }), cause })
    }
  }
}

const contentOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}

/** Gives how many lines there were. Throws when one of them is no fact: what stands before it is salvaged. */
const read = (file: string, text: string, rooms: Rooms): number => {
  const lines = text.split("\n")
  // What follows the last end of a line is not whole.
  lines.pop()
  const [first, ...facts] = lines
  const damaged = (detail: string) =>
    new StateStoreError({ file, reason: new Damaged({ detail, salvaged: salvagedOf(rooms) }) })
  if (first === undefined) {
    if (header.startsWith(text)) return 0
    throw damaged("it does not begin as one")
  }
  if (first !== header) throw damaged("it does not begin as one")
  for (const [index, line] of facts.entries()) {
    const fact = factOf(line)
    if (fact === undefined) throw damaged(`line ${index + 2} makes no sense`)
    const [room, key, value] = fact
    if (value === undefined) rooms.get(room)?.delete(key)
    else set(rooms, room, key, value)
  }
  return facts.length
}

const lineOf = (fact: ReadonlyArray<Value>): string => {
  const text = JSON.stringify(fact)
  return `${sumOf(text)} ${text}`
}

const sumOf = (text: string): string => process.getBuiltinModule("node:zlib").crc32(text).toString(36)

const factOf = (line: string): readonly [room: string, key: string, value?: Value] | undefined => {
  const space = line.indexOf(" ")
  const text = line.slice(space + 1)
  if (line.slice(0, Math.max(0, space)) !== sumOf(text)) return undefined
  let fact: unknown
  try {
    fact = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(fact)) return undefined
  const [room, key, value]: ReadonlyArray<unknown> = fact
  if (typeof room !== "string" || typeof key !== "string") return undefined
  if (value === undefined) return [room, key]
  return typeof value === "string" || typeof value === "number" ? [room, key, value] : undefined
}

const salvagedOf = (rooms: Rooms) =>
  Array.from(rooms, ([room, facts]) => Array.from(facts, ([key, value]) => [room, key, value] as const)).flat()

const set = (rooms: Rooms, room: string, key: string, value: Value): void => {
  const facts = rooms.get(room) ?? new Map<string, Value>()
  rooms.set(room, facts)
  facts.delete(key)
  facts.set(key, value)
}

const count = (rooms: Rooms): number => {
  let sum = 0
  for (const facts of rooms.values()) sum += facts.size
  return sum
}

/** All of it: a write may take a part. */
const write = (descriptor: number, text: string): void => {
  const bytes = new TextEncoder().encode(text)
  let written = 0
  while (written < bytes.length) written += writeSync(descriptor, bytes, written)
}

/** So that the new name lasts. Not every system lets a folder be opened. */
const syncFolder = (folder: string): void => {
  try {
    const descriptor = openSync(folder, "r")
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // Then the system sees to it by itself.
  }
}
