/**
 * What can go wrong between the end of a task and whoever wants its result.
 *
 * One error, `ResultError`, with a `reason`: whether trying again may help is
 * `isRecoverable`. What a broker or a store says becomes a reason at the seam,
 * and is kept as its `cause`. The result backend is named by its `uri`, which
 * never holds a password.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Schema from "effect/Schema"

/** The backend did not answer, or not in time. What was to be stored may be stored or not. */
export class BackendUnreachable extends Schema.TaggedError<BackendUnreachable>()("BackendUnreachable", {
  backend: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  readonly isRecoverable = true
  override get message(): string {
    return `the result backend ${this.backend} was not reached: ${this.detail}`
  }
}

/** The backend answered, and would not: credentials, permissions, a bound. */
export class BackendRefused extends Schema.TaggedError<BackendRefused>()("BackendRefused", {
  backend: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `the result backend ${this.backend} refused: ${this.detail}`
  }
}

/** The backend cannot do this for anybody. `instead` says what to use. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  backend: Schema.String,
  /** Whole, as in "keeps no results". */
  detail: Schema.String,
  instead: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `the result backend ${this.backend} ${this.detail}. ${this.instead}`
  }
}

/** No result backend belongs to what was configured. */
export class InvalidBackend extends Schema.TaggedError<InvalidBackend>()("InvalidBackend", {
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return this.detail
  }
}

/** The result has no form in the serializer in use: a failure is to be stored in its stead. */
export class Unencodable extends Schema.TaggedError<Unencodable>()("Unencodable", {
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `Can't encode: ${this.detail}`
  }
}

/** The backend will not take this result, however often it is offered, and takes others: a failure is to be stored in its stead. */
export class ResultRefused extends Schema.TaggedError<ResultRefused>()("ResultRefused", {
  backend: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `the result backend ${this.backend} does not take this result: ${this.detail}`
  }
}

/** The result did not come in time. The task may still be waiting, or running. */
export class ResultTimeout extends Schema.TaggedError<ResultTimeout>()("ResultTimeout", {
  id: Schema.String,
  millis: Schema.Number
}) {
  readonly isRecoverable = true
  override get message(): string {
    return `no result of task ${this.id} within ${this.millis} ms. It may still be waiting or running: ask again, or wait longer`
  }
}

/** A result came, and cannot be read (with `advice`), or is not what the task's definition says. */
export class ResultUnreadable extends Schema.TaggedError<ResultUnreadable>()("ResultUnreadable", {
  id: Schema.String,
  detail: Schema.String,
  advice: Schema.optionalKey(Schema.String)
}) {
  readonly isRecoverable = false
  override get message(): string {
    if (this.advice !== undefined) {
      return `a result of task ${this.id} came, and cannot be read: ${this.detail}. ${this.advice}`
    }
    return `the result of task ${this.id} does not fit its definition: ${this.detail}. Do both sides share one version of it?`
  }
}

/** There is no result of this task, and there will be none. */
export class ResultUnavailable extends Schema.TaggedError<ResultUnavailable>()("ResultUnavailable", {
  id: Schema.String,
  backend: Schema.String,
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `the result backend ${this.backend} has no result of task ${this.id}: ${this.detail}`
  }
}

/** What was given as a result that was written down is none, or not of the kind that was asked for. */
export class InvalidTuple extends Schema.TaggedError<InvalidTuple>()("InvalidTuple", {
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return this.detail
  }
}

/** What hangs on a task's result is not known before it has ended. */
export class IncompleteStream extends Schema.TaggedError<IncompleteStream>()("IncompleteStream", {
  id: Schema.String
}) {
  readonly isRecoverable = true
  override get message(): string {
    return `task ${this.id} has not ended, and what it sent is not known before: wait for it, or ask for what is there (intermediate: true)`
  }
}

/** A task would wait for another one: see `disableSyncSubtasks`. */
export class WouldBlock extends Schema.TaggedError<WouldBlock>()("WouldBlock", {}) {
  readonly isRecoverable = false
  override get message(): string {
    return "Never call result.get() within a task!\nSee https://docs.celeryq.dev/en/latest/userguide/tasks.html#avoid-launching-synchronous-subtasks"
  }
}

/** Every reason, as a schema. */
export const Reason = Schema.Union([
  BackendUnreachable,
  BackendRefused,
  Unsupported,
  InvalidBackend,
  Unencodable,
  ResultRefused,
  ResultTimeout,
  ResultUnreadable,
  ResultUnavailable,
  InvalidTuple,
  IncompleteStream,
  WouldBlock
])

/** Every way in which storing a result, or asking for one, fails. */
export type Reason = typeof Reason.Type

/** Any failure of storing a result, or of asking for one: which one, and why. */
export class ResultError extends Schema.TaggedError<ResultError>()("ResultError", {
  operation: Schema.String,
  reason: Reason
}) {
  /** Whether the same may succeed when it is tried again later. */
  get isRecoverable(): boolean {
    return this.reason.isRecoverable
  }

  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }
}

/** Shorthand of every backend: the operation that failed, and why. */
export const because = (operation: string, reason: Reason): ResultError => new ResultError({ operation, reason })

/** What a broker has to say, where results are messages. Results may be sent twice: what is not known to be stored can be tried again. */
export const fromMessaging = (operation: string, backend: string, error: MessagingError): ResultError => {
  const { reason } = error
  if (reason._tag === "Unencodable") return because(operation, new Unencodable({ detail: reason.detail }))
  const details = { backend, detail: reason.message, cause: error }
  if (error.isRefusal) return because(operation, new ResultRefused(details))
  return because(
    operation,
    error.isRecoverable || passing.has(reason._tag) ? new BackendUnreachable(details) : new BackendRefused(details)
  )
}

/** For a message that must not be sent twice there is no second try; for a result there is. */
const passing: ReadonlySet<MessagingError["reason"]["_tag"]> = new Set([
  "PublishTimedOut",
  "OutcomeUnknown",
  "BufferFull"
])
