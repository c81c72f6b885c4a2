/**
 * What can be wrong with a schedule, an entry or a store of them: one sentence
 * that says what, where, and what to do.
 *
 * Constructors throw one, as code that cannot work should not start; what is
 * read from settings, files and servers fails with it as an error.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** A field of a crontab that names no time. */
export class InvalidCrontab extends Schema.TaggedError<InvalidCrontab>()("InvalidCrontab", {
  field: Schema.String,
  value: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `crontab: ${this.field} '${this.value}' ${this.detail}`
  }
}

/** An interval or a place on Earth that no schedule can be made of. */
export class InvalidSchedule extends Schema.TaggedError<InvalidSchedule>()("InvalidSchedule", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

/** A zone that the time zone database of this runtime does not hold. */
export class UnknownTimeZone extends Schema.TaggedError<UnknownTimeZone>()("UnknownTimeZone", {
  zone: Schema.String
}) {
  override get message(): string {
    return `no time zone is named '${this.zone}': give one of the IANA database as 'Europe/Berlin', or an offset as '+02:00'`
  }
}

/** An entry that cannot be sent, or cannot be kept; `entry` is its name. */
export class InvalidEntry extends Schema.TaggedError<InvalidEntry>()("InvalidEntry", {
  entry: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `entry '${this.entry}': ${this.detail}`
  }
}

/** A store that could not be read or written. */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  store: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `the schedule in ${this.store}: ${this.detail}`
  }
}

/** A scheduler that can never lead. */
export class LeaseFailed extends Schema.TaggedError<LeaseFailed>()("LeaseFailed", {
  lease: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `no scheduler can lead by ${this.lease}: ${this.detail}`
  }
}

/** The one error of this package. */
export class BeatError extends Schema.TaggedError<BeatError>()("BeatError", {
  reason: Schema.Union([InvalidCrontab, InvalidSchedule, UnknownTimeZone, InvalidEntry, StoreFailed, LeaseFailed])
}) {
  override get message(): string {
    return this.reason.message
  }
}
