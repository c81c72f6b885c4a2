/**
 * Requests that may have ended before, by another message or elsewhere: the result
 * backend is asked before they run.
 *
 * Late ones that came again may have succeeded where they were before: Celery's
 * `worker_deduplicate_successful_tasks`, and always where another task has sent
 * them, as it may have done so twice. And what a task sends that runs a second
 * time, because its worker was lost before it was acknowledged, may have been
 * sent the first time: that is marked by a header.
 *
 * What came again and is stored as REVOKED was revoked while another worker had
 * it: nobody ran it, and nobody is to. A message that comes the first time is not
 * asked for, it would cost each of them.
 *
 * Where messages are signed, one that comes the first time here may be a copy of one
 * that another worker has run: so each that is sealed is asked for.
 *
 * What this worker has settled itself is known without asking. A backend that
 * cannot answer does not keep a task from running.
 *
 * @since 0.1.0
 */
import { header } from "@celeriac/messaging/security/Seal"
import type { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"
import type { Request } from "../Request.ts"
import type { Intake, Subject } from "./Subject.ts"

/** The header of what is sent by a task that may have sent it before. Who does not know it runs it, as any other. */
export const again = "celeriac_again"

/** Whether a copy of the message may have been run elsewhere: it is sealed, and whoever ran that has told nobody here. */
const isSealed = ({ message }: Pick<Subject, "message">): boolean => message.headers[header] !== undefined

/** How long a redelivered task waits to know whether it was revoked, and a sealed one whether it is a copy. */
const patience = "1 second"

/** Whether the request may have been sent before, under its id. */
export const isAgain = ({ message }: Pick<Subject, "message">): boolean => message.headers[again] === true

export class Duplicates {
  private readonly reader: ResultReader["Service"]
  private readonly looksAtRedelivered: boolean
  private readonly looksAtSealed: boolean
  private readonly fork: (effect: Effect.Effect<void>) => void
  /** Those whose answer is awaited, in the order in which they came. */
  private readonly asked = new Set<Request>()

  /** `fork` runs an effect beside everything else; `looksAtRedelivered` is Celery's setting; `looksAtSealed`: messages are signed. */
  constructor(
    reader: ResultReader["Service"],
    fork: (effect: Effect.Effect<void>) => void,
    looksAtRedelivered = true,
    looksAtSealed = false
  ) {
    this.reader = reader
    this.fork = fork
    this.looksAtRedelivered = looksAtRedelivered
    this.looksAtSealed = looksAtSealed
  }

  /** Whether it may have ended before. */
  suspects(request: Request): boolean {
    if (request.ignoreResult) return false
    return request.redelivered || isAgain(request) || (this.looksAtSealed && isSealed(request))
  }

  /** Whether it is not to run that came to this before. */
  private hasEnded(request: Request, state: TaskState.TaskState): boolean {
    if (state === TaskState.REVOKED) return true
    // What was settled before it ran comes again because its acknowledgement was lost.
    const isCopy = this.looksAtSealed && isSealed(request) && !request.redelivered
    return isAgain(request) || isCopy
      ? TaskState.isReady(state)
      : state === TaskState.SUCCESS && this.mayHaveRun(request)
  }

  private mayHaveRun(request: Request): boolean {
    return (this.looksAtRedelivered || request.parentId !== undefined) && request.options.acksLate
  }

  /** Tells what it came to; nothing when it is to run; never, when it is taken out meanwhile. */
  ask(request: Request, then: (ended: ResultRecord | undefined) => void): void {
    this.asked.add(request)
    const answer = (ended: ResultRecord | undefined): void => {
      if (this.asked.delete(request)) then(ended)
    }
    const lookup = Effect.suspend(() => this.reader.lookup(request.id))
    // To have been revoked is seldom: nobody waits long to know that.
    const asking = isAgain(request) || this.mayHaveRun(request)
      ? lookup
      : Effect.timeoutOrElse(lookup, { duration: patience, orElse: () => Effect.undefined })
    this.fork(Effect.matchCause(asking, {
      onSuccess: (record) => answer(record !== undefined && this.hasEnded(request, record.status) ? record : undefined),
      onFailure: () => answer(undefined)
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
