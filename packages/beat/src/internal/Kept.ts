/** What a store keeps, in memory: the rules that all of this process have in common. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Change, Progress, Snapshot } from "../ScheduleStore.ts"

export class Kept {
  revision = 1
  readonly changes: Map<string, Change>
  readonly progress: Map<string, Progress>
  #changed = Deferred.makeUnsafe<void>()

  /** Begins with what was read. */
  constructor(read: Pick<Snapshot, "changes" | "progress"> = { changes: new Map(), progress: new Map() }) {
    this.changes = new Map(read.changes)
    this.progress = new Map(read.progress)
  }

  snapshot(): Snapshot {
    return { revision: this.revision, changes: new Map(this.changes), progress: new Map(this.progress) }
  }

  /** Those that went forward. */
  advance(progress: Iterable<readonly [string, Progress]>): ReadonlyArray<readonly [string, Progress]> {
    const forward: Array<readonly [string, Progress]> = []
    for (const [entry, next] of progress) {
      const known = this.progress.get(entry)
      if (known !== undefined && known.last >= next.last) continue
      this.progress.set(entry, next)
      forward.push([entry, next])
    }
    return forward
  }

  change(entry: string, change: Change | undefined): void {
    if (change === undefined) this.changes.delete(entry)
    else this.changes.set(entry, change)
    this.revision++
    const changed = this.#changed
    this.#changed = Deferred.makeUnsafe()
    Deferred.doneUnsafe(changed, Effect.void)
  }

  changed(revision: number): Effect.Effect<void> {
    return Effect.suspend(() => this.revision === revision ? Deferred.await(this.#changed) : Effect.void)
  }
}
