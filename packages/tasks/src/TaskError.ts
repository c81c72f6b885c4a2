/**
 * What can be wrong with a task, or with a call of it, before anything is sent.
 *
 * One error, `TaskError`, with a `reason`. What goes wrong with the broker is a
 * `MessagingError`, with a result a `ResultError`; a task that failed is a
 * `TaskException`, and the errors that a task declares come back as themselves.
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
  queue: Schema.String,
  nearest: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const meant = this.nearest === undefined ? "" : ` (did you mean '${this.nearest}'?)`
    return `queue '${this.queue}' is not among the configured queues${meant}. Add it to Queues.Configured, or let queues be created (Settings.CreateMissingQueues)`
  }
}

/** A route threw, or said what makes no sense: nothing was sent. */
export class RouteFailed extends Schema.TaggedError<RouteFailed>()("RouteFailed", {
  task: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `the route of task '${this.task}' cannot be asked: ${this.detail}. Mend the function among the routes`
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

/** A task is to run here, and nobody has given its handler: nothing ran. */
export class NotRegistered extends Schema.TaggedError<NotRegistered>()("NotRegistered", {
  task: Schema.String
}) {
  override get message(): string {
    return `there is no handler of task '${this.task}' here: provide its layer, and the TaskRegistry that it fills`
  }
}

/** A message of a canvas would be larger than the setting allows: nothing was sent. Sizes are in bytes. */
export class CanvasTooLarge extends Schema.TaggedError<CanvasTooLarge>()("CanvasTooLarge", {
  largest: Schema.Int,
  budget: Schema.Int,
  bytes: Schema.Int,
  messages: Schema.Int
}) {
  override get message(): string {
    return `the canvas is too large: the largest of its ${this.messages} messages has ${this.largest} bytes, and ${this.budget} are allowed (${this.bytes} in all). A message holds all that follows it: hand over less, or raise the setting maxCanvasMessageSize`
  }
}

/** What should be a task that was prepared, as text, is none. */
export class InvalidPrepared extends Schema.TaggedError<InvalidPrepared>()("InvalidPrepared", {
  detail: Schema.String
}) {
  override get message(): string {
    return `this is no task as PreparedTask.encode writes one: ${this.detail}`
  }
}

/** Every reason, as a schema. */
export const Reason = Schema.Union([
  InvalidArguments,
  InvalidOption,
  QueueNotFound,
  RouteFailed,
  DuplicateTask,
  NotRegistered,
  CanvasTooLarge,
  InvalidPrepared
])

/** Every way in which calling a task fails. */
export type Reason = typeof Reason.Type

/** Any failure of calling a task: which one, and why. */
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
