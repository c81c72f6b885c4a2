/**
 * Requests that may have ended before, by another message or elsewhere: the result
 * backend is asked before they run, or, where it keeps nothing of them, the other
 * workers are.
 *
 * Late ones that came again may have succeeded where they were before: Celery's
 * `worker_deduplicate_successful_tasks`, and always where another task has sent
 * them, as it may have done so twice. And what a task sends that runs a second
 * time, because its worker was lost before it was acknowledged, may have been
 * sent the first time: that is marked by a header.
 *
 * Other workers know what they have, and what they had lately: of what is marked, and
 * was sent the first time in front of it, one of them has it or had it; and of an early
 * slot of a scheduler that came again, whose acknowledgement was lost. That takes a
 * second: they are asked about nothing else, and not about what another task has sent,
 * whose followers would wait for as long each. A slot may be asked about long after it
 * ran: they remember those beside the other tasks.
 *
 * What came again and is stored as REVOKED was revoked while another worker had
 * it: nobody ran it, and nobody is to. A message that comes the first time is not
 * asked for, it would cost each of them.
 *
 * Where messages are signed, one that comes the first time here may be a copy of one
 * that another worker has run: that is asked of each that is sealed, where it is not
 * noted whose it is (`SealClaims`), and else of one that was taken from a dead worker.
 *
 * What this worker has settled itself is known without asking. A backend that
 * cannot answer does not keep a task from running.
 *
 * @since 0.1.0
 */
import type { Message } from "@celeriac/messaging/Message"
import { header } from "@celeriac/messaging/security/Seal"
import type { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"
import type { Request } from "../Request.ts"
import { type Intake, isSlot, type Subject } from "./Subject.ts"
import type { Witnesses } from "./Witnesses.ts"

/** The header of what is sent by a task that may have sent it before. Who does not know it runs it, as any other. */
export const again = "celeriac_again"

/** Whether a copy of the message may have been run elsewhere: it is sealed, and whoever ran that has told nobody here. */
const isSealed = ({ message }: Pick<Subject, "message">): boolean => message.headers[header] !== undefined

/** How long a redelivered task waits to know whether it was revoked, and a sealed one whether it is a copy. */
const patience = "1 second"

/** Whether the request may have been sent before, under its id. */
export const isAgain = ({ message }: Pick<Subject, "message">): boolean => message.headers[again] === true

/** What a request came to before: stored, or known to another worker, who does not say what it was. */
type Before = ResultRecord | "elsewhere"

export class Duplicates {
  private readonly reader: ResultReader["Service"] | undefined
  private readonly witnesses: Witnesses | undefined
  private readonly looksAtRedelivered: boolean
  private readonly looksAtSealed: (message: Message) => boolean
  private readonly fork: (effect: Effect.Effect<void>) => void
  /** Those whose answer is awaited, in the order in which they came. */
  private readonly asked = new Map<Request, (ended: Before | undefined) => void>()
  /** Of those, they about whom other workers are asked: that takes long, and others may come meanwhile. */
  private readonly awaited = new Set<Request>()

  /**
   * `reader` is of results that are kept; `fork` runs an effect beside everything else;
   * `looksAtRedelivered` is Celery's setting; `looksAtSealed`: of those that are sealed.
   */
  constructor(
    reader: ResultReader["Service"] | undefined,
    witnesses: Witnesses | undefined,
    fork: (effect: Effect.Effect<void>) => void,
    looksAtRedelivered = true,
    looksAtSealed: (message: Message) => boolean = () => false
  ) {
    this.reader = reader
    this.witnesses = witnesses
    this.fork = fork
    this.looksAtRedelivered = looksAtRedelivered
    this.looksAtSealed = looksAtSealed
  }

  /** Whether it may have ended before. */
  suspects(request: Request): boolean {
    if (request.redelivered || isAgain(request)) return this.isStored(request) || this.hasWitnesses(request)
    return this.mayBeCopy(request) && this.isStored(request)
  }

  /** What is not acknowledged before it runs is to run when it comes back, although another worker may be running it still. */
  private hasWitnesses(request: Request): boolean {
    if (this.witnesses === undefined || request.parentId !== undefined || request.attempt !== 0) return false
    return request.redelivered ? !request.options.acksLate && (isAgain(request) || isSlot(request)) : isAgain(request)
  }

  /** Another worker asks about it, to run it. Gives whether it is this one's: of two that wait for each other one goes on. */
  claims(request: Request, asker: string): boolean {
    const answer = this.asked.get(request)
    if (answer === undefined || request.hostname < asker) return true
    answer("elsewhere")
    return false
  }

  private isStored(request: Request): boolean {
    return this.reader !== undefined && !request.ignoreResult
  }

  /** Whether it is not to run that came to this before. */
  private hasEnded(request: Request, state: TaskState.TaskState): boolean {
    if (state === TaskState.REVOKED) return true
    return isAgain(request) || this.mayBeCopy(request)
      ? TaskState.isReady(state)
      : state === TaskState.SUCCESS && this.mayHaveRun(request)
  }

  /** What was settled before it ran is redelivered because its acknowledgement was lost: that is none. */
  private mayBeCopy(request: Request): boolean {
    return isSealed(request) && !request.redelivered && this.looksAtSealed(request.message)
  }

  private mayHaveRun(request: Request): boolean {
    return (this.looksAtRedelivered || request.parentId !== undefined) && request.options.acksLate
  }

  /** Tells what it came to; nothing when it is to run; never, when it is taken out meanwhile. */
  ask(request: Request, then: (ended: Before | undefined) => void): void {
    const answer = (ended: Before | undefined): void => {
      if (this.leave(request)) then(ended)
    }
    this.asked.set(request, answer)
    // What runs elsewhere has no result yet.
    const askOthers = (): void => {
      if (!this.asked.has(request)) return
      if (!this.hasWitnesses(request)) return answer(undefined)
      this.awaited.add(request)
      request.intake.limited(1)
      this.witnesses?.ask(request.id, (isKnown) => answer(isKnown ? "elsewhere" : undefined))
    }
    const { reader } = this
    if (reader === undefined || request.ignoreResult) return askOthers()
    const lookup = Effect.suspend(() => reader.lookup(request.id))
    // To have been revoked is seldom: nobody waits long to know that.
    const asking = isAgain(request) || this.mayHaveRun(request)
      ? lookup
      : Effect.timeoutOrElse(lookup, { duration: patience, orElse: () => Effect.undefined })
    this.fork(Effect.matchCause(asking, {
      onSuccess: (record) =>
        record !== undefined && this.hasEnded(request, record.status) ? answer(record) : askOthers(),
      onFailure: askOthers
    }))
  }

  /** Takes out those who wait: of one intake, or all. */
  withdraw(intake: Intake | undefined): ReadonlyArray<Request> {
    const taken = Array.from(this.asked.keys()).filter((request) => intake === undefined || request.intake === intake)
    for (const request of taken) this.leave(request)
    return taken
  }

  private leave(request: Request): boolean {
    if (this.awaited.delete(request)) request.intake.limited(-1)
    return this.asked.delete(request)
  }
}

/** Whether it keeps results where another worker finds them: those of `rpc://` are sent to whoever waits. */
export const isKept = ({ uri }: ResultReader["Service"]): boolean => !/^(rpc|disabled)\b/.test(uri)
