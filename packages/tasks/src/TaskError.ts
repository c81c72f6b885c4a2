/**
 * What can go wrong between calling a task and holding its result.
 *
 * One error, `TaskError`, with a `reason`. What goes wrong with the broker is a
 * `MessagingError`, a task that failed is a `TaskException`, and the errors
 * that a task declares come back as themselves: a `TaskError` is the rest.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** The arguments do not fit the task's parameters: nothing was sent. */
export class InvalidArguments extends Schema.TaggedError<InvalidArguments>()("InvalidArguments", {
  task: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `the arguments of task '${this.task}' do not fit: ${this.detail}`
  }
}

/** An option of a call, or two of them together, make no sense: nothing was sent. */
export class InvalidOption extends Schema.TaggedError<InvalidOption>()("InvalidOption", {
  option: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `option '${this.option}': ${this.detail}`
  }
}

/** A queue is not known, and may not be made as needed: nothing was sent. */
export class QueueNotFound extends Schema.TaggedError<QueueNotFound>()("QueueNotFound", {
  queue: Schema.String
}) {
  override get message(): string {
    return `queue '${this.queue}' is not among the configured queues. Add it to Queues.Configured, or let queues be created (Settings.CreateMissingQueues)`
  }
}

/** Two tasks were registered under one name. */
export class DuplicateTask extends Schema.TaggedError<DuplicateTask>()("DuplicateTask", {
  task: Schema.String
}) {
  override get message(): string {
    return `task '${this.task}' is already registered. Give one of the two another name, or provide one layer only`
  }
}

/** The result did not come in time. The task may still be waiting, or running. */
export class ResultTimeout extends Schema.TaggedError<ResultTimeout>()("ResultTimeout", {
  id: Schema.String,
  millis: Schema.Number
}) {
  override get message(): string {
    return `no result of task ${this.id} within ${this.millis} ms. It may still be waiting or running: ask again, or wait longer`
  }
}

/** A result came, and is not what the task's definition says. */
export class ResultUnreadable extends Schema.TaggedError<ResultUnreadable>()("ResultUnreadable", {
  id: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `the result of task ${this.id} does not fit its definition: ${this.detail}. Do both sides share one version of it?`
  }
}

/** The backend in use cannot tell about this result. */
export class ResultUnavailable extends Schema.TaggedError<ResultUnavailable>()("ResultUnavailable", {
  id: Schema.String,
  backend: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `backend '${this.backend}' has no result of task ${this.id}: ${this.detail}`
  }
}

/** Every reason, as a schema. */
export const Reason = Schema.Union([
  InvalidArguments,
  InvalidOption,
  QueueNotFound,
  DuplicateTask,
  ResultTimeout,
  ResultUnreadable,
  ResultUnavailable
])

/** Every way in which calling a task, or asking for its result, fails. */
export type Reason = typeof Reason.Type

/** Any failure of calling a task, or of asking for its result: which one, and why. */
export class TaskError extends Schema.TaggedError<TaskError>()("TaskError", {
  operation: Schema.String,
  reason: Reason
}) {
  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }
}

/** Shorthand: the operation that failed, and why. */
export const because = (operation: string, reason: Reason): TaskError => new TaskError({ operation, reason })
