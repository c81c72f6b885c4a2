/**
 * An outcome on its way to be safe: what is still to be published and stored,
 * and how the message is settled after that.
 *
 * @since 0.1.0
 */
import type { Entry } from "@celeriac/messaging/TimerHeap"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Aftermath, Other, Outgoing } from "../Aftermath.ts"
import type { Continuation, Part, Size } from "./Continued.ts"
import type { Subject } from "./Subject.ts"

/** A chord that has ended: by its last part, and whether its body will not run. */
export interface Ended {
  readonly last: Part
  readonly hasFailed: boolean
}

export class Ending {
  readonly subject: Subject
  readonly outcome: Outcome
  readonly settlement: Aftermath["settlement"]
  /** When it came to that, in milliseconds since the epoch. */
  readonly endedAt: number
  /** It stands for another, which could not be stored. */
  readonly isSubstitute: boolean
  /** Not stored yet. */
  record: ResultRecord | undefined
  others: ReadonlyArray<Other>
  /** How many of the others are stored. */
  othersStored = 0
  messages: ReadonlyArray<Outgoing>
  /** How many of the messages are published. */
  messagesSent = 0
  /** Of chords that are to be sent: to be known before. */
  sizes: ReadonlyArray<Size> = none
  /** Parts of chords that have ended with it: to be counted last, one by one. */
  parts: ReadonlyArray<Part> = none
  /** The last part of a chord, whose body has been sent, or has failed: that chord is to be forgotten. */
  counted: Ended | undefined = undefined
  /** How often it could not be made safe. */
  failures = 0
  /** When it could not, last: milliseconds since the epoch. */
  failedAt = 0
  /** What it takes while it is kept, roughly. */
  bytes = 0
  /** Of the next attempt, while it is kept and none is under way. */
  next: Entry | undefined = undefined

  constructor(
    subject: Subject,
    outcome: Outcome,
    { messages, others, record, settlement }: Aftermath,
    endedAt: number,
    isSubstitute: boolean
  ) {
    this.subject = subject
    this.outcome = outcome
    this.settlement = settlement
    this.endedAt = endedAt
    this.isSubstitute = isSubstitute
    this.record = record
    this.others = others
    this.messages = messages
  }

  /** What follows the task, besides what is in its aftermath. */
  follow({ parts, sizes }: Continuation): void {
    this.sizes = sizes
    this.parts = parts
  }

  /** These are published next, and no others. */
  send(messages: ReadonlyArray<Outgoing>): void {
    this.messages = messages
    this.messagesSent = 0
  }

  /** What follows the last part of a chord. */
  continue({ messages, others, parts, sizes }: Continuation, counted: Ended): void {
    this.send(messages)
    this.others = others
    this.othersStored = 0
    this.sizes = sizes
    this.parts = [...this.parts, ...parts]
    this.counted = counted
  }

  /** It is to run again. */
  get isRetry(): boolean {
    return this.outcome._tag === "Retry"
  }

  /** What is stored of it is stored before anything follows: it is to run again, or has failed, and errbacks ask why. */
  get isStoredFirst(): boolean {
    return this.isRetry || this.record?.status === "FAILURE" && !this.isSubstitute
  }

  /** Whether all that follows is published. */
  get isSent(): boolean {
    return this.messages.length === this.messagesSent
  }
}

const none: ReadonlyArray<never> = []
