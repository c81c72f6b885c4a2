/**
 * What pools of children have in common: `ThreadPool` and `ProcessPool`.
 *
 * A child is a thread or a process that has loaded the module of the worker, and
 * built the handlers of its tasks; it has neither a broker nor a result backend.
 * What its tasks send, store, ask and log goes through the parent. It runs one
 * task at a time, and is given one only when it has none. One that is gone takes
 * its task with it, and another takes its place.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** Where the children find what they run. */
export interface ChildProgram {
  /** The URL of the module that exports the worker. */
  readonly module: string
  /** The name of the export. Default: `default`, or `worker`. */
  readonly name?: string | undefined
  /** The URLs of modules whose tasks are run besides: every task with a handler that they export, alone or in a list. */
  readonly include?: ReadonlyArray<string> | undefined
  /**
   * The URL of the file that a child begins with, where that is not this
   * package's own: of a program in one file, which is its own. See `ChildMain`.
   */
  readonly entry?: string | undefined
}

export interface Options {
  /** How many children: at least 1. */
  readonly concurrency: number
  readonly program: ChildProgram
  /** Options of the worker's steps, where they are not those of its module. What is no plain value is left out. */
  readonly stepOptions?: Readonly<Record<string, unknown>> | undefined
  /** The node: `celery@host`. */
  readonly hostname: string
  /** A child that has run so many tasks is replaced. Default: never. */
  readonly maxTasksPerChild?: number | undefined
  /** A child that has more memory after a task is replaced: of a process what is resident, of a thread its heap, in bytes. Default: no bound. */
  readonly maxMemoryPerChild?: number | undefined
  /** How long a child may take until it is ready. Default 4 seconds, as Celery's. */
  readonly procAliveTimeout?: Duration.Input | undefined
  /** Of one result, in bytes, roughly counted: beyond that the task has failed. Default 16 MiB. */
  readonly maxResultBytes?: number | undefined
  /**
   * Is told, once, when no child can be started any more: the module cannot be
   * loaded, time and again. Nothing runs then. Default: it is logged.
   */
  readonly onFailure?: ((error: ChildPoolError) => void) | undefined
}

/** The defaults of the options that have one. */
export const defaults = {
  procAliveTimeout: "4 seconds",
  maxResultBytes: 16 * 1024 * 1024
} as const

/** The module of the worker cannot be loaded, has no worker, or its layers fail. */
export class ProgramNotLoaded extends Schema.TaggedError<ProgramNotLoaded>()("ProgramNotLoaded", {
  module: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `a child of the pool could not load ${this.module}: ${this.detail}`
  }
}

/** It was not ready in time. */
export class ChildNotReady extends Schema.TaggedError<ChildNotReady>()("ChildNotReady", {
  millis: Schema.Number
}) {
  override get message(): string {
    return `a child of the pool was not ready within ${
      this.millis / 1_000
    } s: load less in its module, or raise the setting procAliveTimeout`
  }
}

/** It was gone before it was ready. */
export class ChildExited extends Schema.TaggedError<ChildExited>()("ChildExited", {
  how: Schema.String
}) {
  override get message(): string {
    return `a child of the pool exited before it was ready: ${this.how}`
  }
}

/** Every way in which a child does not come to be. */
const Reason = Schema.Union([ProgramNotLoaded, ChildNotReady, ChildExited])

/** A pool that cannot start its children: which way, and why. */
export class ChildPoolError extends Schema.TaggedError<ChildPoolError>()("ChildPoolError", {
  reason: Reason
}) {
  /** Whether another attempt may succeed. */
  get isRecoverable(): boolean {
    return this.reason._tag !== "ProgramNotLoaded"
  }
  override get message(): string {
    return this.reason.message
  }
}
