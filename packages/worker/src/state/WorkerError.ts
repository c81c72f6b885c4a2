/**
 * What keeps a worker from working, other than its broker.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** A queue was asked for that is not configured, and queues are not made as needed. */
export class UnknownQueue extends Schema.TaggedError<UnknownQueue>()("UnknownQueue", {
  queue: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `queue '${this.queue}' is not configured. List it in Queues.Configured, or let queues be made as needed (Settings.CreateMissingQueues)`
  }
}

/** Something was asked for of a task that this worker does not run. */
export class UnknownTask extends Schema.TaggedError<UnknownTask>()("UnknownTask", {
  task: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `task '${this.task}' is not among the tasks of this worker`
  }
}

/** Neither tasks nor steps were given. */
export class NoTasks extends Schema.TaggedError<NoTasks>()("NoTasks", {}) {
  readonly isRecoverable = false
  override get message(): string {
    return "this worker has nothing to do: give it a task (`tasks: [add.toLayer(handler)]`) or a step (`steps: { consumer: [...] }`)"
  }
}

/** A step is to be replaced, and both blueprints have one of its name. */
export class AmbiguousStep extends Schema.TaggedError<AmbiguousStep>()("AmbiguousStep", {
  step: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `both blueprints of this worker have a step named '${this.step}': say which one is meant, ` +
      `as in worker.replace(step, { in: "consumer" })`
  }
}
