/**
 * How a step, a timed call or a handler asks for the end of the worker: it
 * fails with one of these. Celery's exceptions of the same names; the guide's
 * `raise SystemExit()` is `WorkerShutdown`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/** Stop warm: running tasks finish. */
export class WorkerShutdown extends Data.TaggedError("WorkerShutdown")<{
  /** Of the process. */
  readonly exitCode: number
  readonly message: string
}> {
  constructor(options: { readonly exitCode?: number; readonly message?: string } = {}) {
    super({ exitCode: options.exitCode ?? 0, message: options.message ?? "the worker was asked to shut down" })
  }
}

/** Stop cold: running tasks are interrupted. */
export class WorkerTerminate extends Data.TaggedError("WorkerTerminate")<{
  /** Of the process. */
  readonly exitCode: number
  readonly message: string
}> {
  constructor(options: { readonly exitCode?: number; readonly message?: string } = {}) {
    super({ exitCode: options.exitCode ?? 1, message: options.message ?? "the worker was asked to terminate" })
  }
}

/**
 * How `Worker.run` fails: the process exits with `exitCode`. What led to it has
 * been logged, so `runMain` does not print it again.
 */
export class WorkerFailure extends Data.TaggedError("WorkerFailure")<{
  readonly message: string
  readonly exitCode: number
  /** What the worker failed with, if it did. */
  readonly cause?: unknown | undefined
}> {
  override get [Runtime.errorExitCode](): number {
    return this.exitCode
  }
  override readonly [Runtime.errorReported] = false
}

/** The wish in a cause, if there is one; to terminate wins. */
export const fromCause = (cause: Cause.Cause<unknown>): WorkerShutdown | WorkerTerminate | undefined => {
  let found: WorkerShutdown | WorkerTerminate | undefined
  for (const reason of cause.reasons) {
    const error = Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    if (error instanceof WorkerTerminate) return error
    if (error instanceof WorkerShutdown) found ??= error
  }
  return found
}
