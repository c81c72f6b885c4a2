/**
 * Requests that may have run before, by another message: the result backend is
 * asked before they run.
 *
 * Late ones that came again may have succeeded where they were before: Celery's
 * `worker_deduplicate_successful_tasks`. And what a task sends that runs a second
 * time, because its worker was lost before it was acknowledged, may have been
 * sent the first time: that is marked by a header.
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
import type { Intake, Subject } from "./Subject.ts"

/** The header of what is sent by a task that may have sent it before. Who does not know it runs it, as any other. */
export const again = "celeriac_again"

/** Whether the request may have been sent before, under its id. */
export const isAgain = ({ message }: Pick<Subject, "message">): boolean => message.headers[again] === true

export class Duplicates {
  private readonly reader: ResultReader["Service"]
  private readonly looksAtRedelivered: boolean
  private readonly fork: (effect: Effect.Effect<void>) => void
  /** Those whose answer is awaited, in the order in which they came. */
  private readonly asked = new Set<Request>()

  /** `fork` runs an effect beside everything else; `looksAtRedelivered` is Celery's setting. */
  constructor(
    reader: ResultReader["Service"],
    fork: (effect: Effect.Effect<void>) => void,
    looksAtRedelivered = true
  ) {
    this.reader = reader
    this.fork = fork
    this.looksAtRedelivered = looksAtRedelivered
  }

  /** Whether it may have ended before. */
  suspects(request: Request): boolean {
    if (request.ignoreResult) return false
    return (this.looksAtRedelivered && request.redelivered && request.options.acksLate) || isAgain(request)
  }

  /** Tells whether it has; never, when it is taken out meanwhile. */
  ask(request: Request, then: (hasSucceeded: boolean) => void): void {
    this.asked.add(request)
    const answer = (hasSucceeded: boolean): void => {
      if (this.asked.delete(request)) then(hasSucceeded)
    }
    this.fork(Effect.matchCause(Effect.suspend(() => this.reader.state(request.id)), {
      onSuccess: (state) => answer(state === TaskState.SUCCESS || (isAgain(request) && TaskState.isReady(state))),
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
