/**
 * Late requests that came again, and may have succeeded where they were before:
 * the result backend is asked before they run. Celery's
 * `worker_deduplicate_successful_tasks`.
 *
 * What this worker has settled itself is known without asking. A backend that
 * cannot answer does not keep a task from running.
 *
 * @since 0.1.0
 */
import type { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"
import type { Request } from "../Request.ts"
import type { Intake } from "./Subject.ts"

export class Duplicates {
  private readonly reader: ResultReader["Service"]
  private readonly fork: (effect: Effect.Effect<void>) => void
  /** Those whose answer is awaited, in the order in which they came. */
  private readonly asked = new Set<Request>()

  /** `fork` runs an effect beside everything else. */
  constructor(reader: ResultReader["Service"], fork: (effect: Effect.Effect<void>) => void) {
    this.reader = reader
    this.fork = fork
  }

  /** Whether it may have succeeded before. */
  suspects({ ignoreResult, options, redelivered }: Request): boolean {
    return redelivered && options.acksLate && !ignoreResult
  }

  /** Tells whether it has; never, when it is taken out meanwhile. */
  ask(request: Request, then: (hasSucceeded: boolean) => void): void {
    this.asked.add(request)
    const answer = (hasSucceeded: boolean): void => {
      if (this.asked.delete(request)) then(hasSucceeded)
    }
    this.fork(Effect.matchCause(Effect.suspend(() => this.reader.state(request.id)), {
      onSuccess: (state) => answer(state === TaskState.SUCCESS),
      onFailure: () => answer(false)
    }))
  }

  /** Takes out those who wait: of one intake, or all. */
  withdraw(intake: Intake | undefined): ReadonlyArray<Request> {
    const taken = Array.from(this.asked).filter((request) => intake === undefined || request.intake === intake)
    for (const request of taken) this.asked.delete(request)
    return taken
  }
}

/** Whether it keeps results where another worker finds them: those of `rpc://` are sent to whoever waits. */
export const isKept = ({ uri }: ResultReader["Service"]): boolean => !/^(rpc|disabled)\b/.test(uri)
