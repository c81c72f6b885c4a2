/**
 * The parts of chords, counted in this process. What `MemoryBackend` counts
 * with. A chord is dropped when nothing was heard of it for its lifetime.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type { ChordEnd, ChordPart } from "../result/ChordCounter.ts"
import type { ResultRecord } from "../result/ResultRecord.ts"

interface Options {
  readonly clock: Clock.Clock
  /** How long a chord is kept of which nothing is heard, in milliseconds. */
  readonly lifetime: number
}

/** One chord. The last part to come is remembered: it may be reported again. */
interface Chord {
  readonly parts: Map<string, ChordPart>
  readonly until: number
  readonly size: number | undefined
  /** The ids of parts that are more than those. */
  readonly added: ReadonlySet<string>
  readonly last: string | undefined
  readonly isForgotten: boolean
}

export class ChordTally {
  private readonly options: Options
  /** Whichever was touched longest ago comes first: all live equally long. */
  private readonly chords = new Map<string, Chord>()

  constructor(options: Options) {
    this.options = options
  }

  setSize(groupId: string, size: number): ReadonlyArray<ResultRecord> | undefined {
    const chord = this.find(groupId)
    return complete(this.keep(groupId, { ...(chord.isForgotten ? fresh() : chord), size, last: undefined }))
  }

  grow(groupId: string, added: string): void {
    const chord = this.find(groupId)
    if (!chord.isForgotten) this.keep(groupId, { ...chord, added: new Set([...chord.added, added]) })
  }

  count({ groupId, index, isFirst = false, record }: ChordPart): ReadonlyArray<ResultRecord> | undefined {
    const found = this.find(groupId)
    if (found.isForgotten && !isFirst) return undefined
    const chord = found.isForgotten ? fresh() : found
    const { last = record.taskId, parts } = chord
    if (parts.has(record.taskId) && record.taskId !== last) return undefined
    if (!parts.has(record.taskId)) parts.set(record.taskId, { groupId, index, record })
    return complete(this.keep(groupId, { ...chord, last: record.taskId }))
  }

  /** Its name is kept: a part that is reported later must not begin it anew. */
  forget(groupId: string, { last }: ChordEnd = {}): void {
    if (last !== undefined && this.chords.get(groupId)?.last !== last.record.taskId) return
    this.keep(groupId, { ...fresh(), isForgotten: true })
  }

  private find(groupId: string): Chord {
    this.makeRoom()
    return this.chords.get(groupId) ?? fresh()
  }

  private keep(groupId: string, chord: Omit<Chord, "until">): Chord {
    const kept = { ...chord, until: this.options.clock.currentTimeMillisUnsafe() + this.options.lifetime }
    this.chords.delete(groupId)
    this.chords.set(groupId, kept)
    return kept
  }

  private makeRoom(): void {
    const now = this.options.clock.currentTimeMillisUnsafe()
    for (const [groupId, { until }] of this.chords) {
      if (until > now) return
      this.chords.delete(groupId)
    }
  }
}

const fresh = (): Chord => ({
  parts: new Map(),
  until: 0,
  size: undefined,
  added: new Set(),
  last: undefined,
  isForgotten: false
})

/** All parts, in the order of the group, if they are all there. */
const complete = ({ added, parts, size }: Chord): ReadonlyArray<ResultRecord> | undefined =>
  size === undefined || parts.size < size + added.size
    ? undefined
    : Array.from(parts.values()).sort((a, b) => a.index - b.index).map((part) => part.record)
