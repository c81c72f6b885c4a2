/**
 * What keeps a worker from working, other than its broker.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** A queue was asked for that is not configured, and queues are not made as needed. */
export class UnknownQueue extends Schema.TaggedError<UnknownQueue>()("UnknownQueue", {
  queue: Schema.String,
  nearest: Schema.optionalKey(Schema.String)
}) {
  readonly isRecoverable = false
  override get message(): string {
    const meant = this.nearest === undefined ? "" : ` (did you mean '${this.nearest}'?)`
    return `queue '${this.queue}' is not configured${meant}. List it in Queues.Configured, or let queues be made as needed (Settings.CreateMissingQueues)`
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

/** One way in which an option of a step is wrong. */
export const OptionProblem = Schema.Struct({ option: Schema.String, says: Schema.String })

/** One way in which an option of a step is wrong. */
export type OptionProblem = typeof OptionProblem.Type

/** The options of steps that were given, or were not: all that is wrong, at once. */
export class StepOptionError extends Schema.TaggedError<StepOptionError>()("StepOptionError", {
  problems: Schema.NonEmptyArray(OptionProblem)
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `options of steps: ${this.problems.map(({ option, says }) => `${option} ${says}`).join("; ")}`
  }
}

/** A scheduler was asked for, and there is none. */
export class NoScheduler extends Schema.TaggedError<NoScheduler>()("NoScheduler", {}) {
  readonly isRecoverable = false
  override get message(): string {
    return "-B asks for a scheduler in this worker (`beat`), and there is none: provide one with Beat.layer, or start without -B"
  }
}

/** A worker is to be started anew when its program changes, and nothing says what that is. */
export class CannotReload extends Schema.TaggedError<CannotReload>()("CannotReload", {}) {
  readonly isRecoverable = false
  override get message(): string {
    return "--autoreload (`autoreload`) starts the program anew, and nobody says how: run the worker with `celeriac worker --autoreload`, or provide Autoreloader.layer"
  }
}

/** Threads or processes are to run tasks, and nothing says what they are to load. */
export class NoProgram extends Schema.TaggedError<NoProgram>()("NoProgram", {
  pool: Schema.String,
  /** A task that asks for it; undefined when the worker does. */
  task: Schema.optionalKey(Schema.String)
}) {
  readonly isRecoverable = false
  override get message(): string {
    const who = this.task === undefined ? "the worker" : `task '${this.task}'`
    return `${who} asks for the pool '${this.pool}', whose children load the worker's module, and nobody says which that is: ` +
      "run the worker with `celeriac worker -A ./worker.ts`, or say it where the worker is defined, Worker.make({ program: import.meta.url })"
  }
}

/** A pool cannot be what is asked of it. */
export class PoolError extends Schema.TaggedError<PoolError>()("PoolError", {
  pool: Schema.String,
  /** In a sentence. */
  says: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `pool '${this.pool}': ${this.says}`
  }
}
