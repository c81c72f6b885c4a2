/**
 * What a chord needs of a result backend: somebody who counts its parts, so
 * that exactly the last one sends the body.
 *
 * Parts end on different workers, in any order, and a late one may be reported
 * twice. Counting is Celery's `on_chord_part_return`, the size its
 * `set_chord_size`: whoever sends the chord may know it only after the first
 * parts have ended. Source: protocol §7.3.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ResultError } from "./ResultError.ts"
import type { ResultRecord } from "./ResultRecord.ts"

/** A part that has ended. */
export interface ChordPart {
  /** The id of the group: `group` in the headers of the part. */
  readonly groupId: string
  /** Its place in the group, from 0: `group_index`. */
  readonly index: number
  /** What it came to. */
  readonly record: ResultRecord
  /**
   * Its message came for the first time: when the chord has ended, the part is one
   * of a chord that is sent again under the ids that it had. Default false: it is late.
   */
  readonly isFirst?: boolean | undefined
}

/** How a chord has ended. */
export interface ChordEnd {
  /** Who was told that it was the last part: when the chord was sent again since, nothing is dropped. */
  readonly last?: ChordPart | undefined
  /** The body has failed: what the parts came to may be kept for as long as results are, as Celery does. */
  readonly hasFailed?: boolean | undefined
}

/** Counts the parts of chords. */
export class ChordCounter extends Context.Service<ChordCounter, {
  /** The backend, as errors name it: `cache+memory://`, without a password. */
  readonly uri: string

  /** It cannot count: whoever asks is refused. Default false. */
  readonly isRefusing?: boolean | undefined

  /**
   * Says how many parts a chord has. When as many have been counted already,
   * gives them. A chord that has ended begins anew: it was sent again.
   */
  readonly setSize: (
    groupId: string,
    size: number
  ) => Effect.Effect<ReadonlyArray<ResultRecord> | undefined, ResultError>

  /**
   * A part was added to a chord after its size was said: `added`, the id of a
   * task, which may be said again and is one part more. Left out where there is
   * no such thing.
   */
  readonly grow?: ((groupId: string, added: string) => Effect.Effect<void, ResultError>) | undefined

  /**
   * Counts a part, once however often it is reported. Gives undefined while
   * parts are missing, and every record, in the order of the group, to whoever
   * reports the last one: it is they who send the body. Reported again, the
   * last one is told the same again, so that a worker which was lost before it
   * sent the body is made up for.
   */
  readonly count: (part: ChordPart) => Effect.Effect<ReadonlyArray<ResultRecord> | undefined, ResultError>

  /** The body was sent, or has failed: drops what is kept about the chord. A part that is reported later counts for nothing. */
  readonly forget: (groupId: string, ended?: ChordEnd) => Effect.Effect<void, ResultError>
}>()("@celeriac/tasks/result/ChordCounter") {}
