/**
 * Settings that cannot work: one error that lists all that is wrong.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** There is no setting of that name. */
export class UnknownSetting extends Schema.TaggedError<UnknownSetting>()("UnknownSetting", {
  setting: Schema.String,
  /** What may have been meant. */
  nearest: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `there is no setting ${this.setting}${this.nearest === undefined ? "" : `: did you mean ${this.nearest}?`}`
  }
}

/** A setting of Celery that does nothing here. */
export class UnsupportedSetting extends Schema.TaggedError<UnsupportedSetting>()("UnsupportedSetting", {
  setting: Schema.String,
  /** What Celeriac does always, as a value of this setting. */
  always: Schema.optionalKey(Schema.String),
  /** What to do, behind "leave it out". */
  instead: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return this.always === undefined
      ? `${this.setting} is a setting of Celery that does nothing here: leave it out${
        this.instead === undefined ? "" : `, ${this.instead}`
      }`
      : `${this.setting} is always ${this.always} here: leave it out, or say so`
  }
}

/** A value that does not fit. */
export class InvalidSetting extends Schema.TaggedError<InvalidSetting>()("InvalidSetting", {
  setting: Schema.String,
  /** As it reads in the message; undefined when it is a secret. */
  value: Schema.optionalKey(Schema.String),
  expected: Schema.String,
  /** What may have been meant. */
  nearest: Schema.optionalKey(Schema.String),
  /** What to take instead. */
  instead: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const is = this.value === undefined ? "" : `is ${this.value}, and `
    const hint = this.instead ?? (this.nearest === undefined ? undefined : `did you mean ${this.nearest}?`)
    const meant = hint === undefined ? "" : `: ${hint}`
    return `${this.setting} ${is}must be ${this.expected}${meant}`
  }
}

/** Every way in which one setting is wrong, as a schema. */
export const Problem = Schema.Union([UnknownSetting, UnsupportedSetting, InvalidSetting])

/** Every way in which one setting is wrong. */
export type Problem = typeof Problem.Type

/** Settings that cannot work: all that is wrong, at once. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  problems: Schema.NonEmptyArray(Problem)
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `settings: ${this.problems.map((problem) => problem.message).join("; ")}`
  }
}
