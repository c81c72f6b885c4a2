/**
 * What can become of a message, all of it: plain data, which crosses to a
 * thread or a process and back as it is.
 *
 * The first seven are what a run comes to; the others never ran. A pool answers
 * with one, the intake makes one of what is no request, and
 * `execution/Aftermath` says what follows.
 *
 * @since 0.1.0
 */
import type { Embed, SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import type { TimeLimit } from "@celeriac/tasks/protocol/TaskHeaders"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import * as Traceback from "@celeriac/tasks/result/Traceback"
import type { Destination } from "@celeriac/tasks/Router"
import type { Sent } from "./Sends.ts"

export type Outcome = Ran | NeverRan

/** Nobody ran it to its end. */
export type Unrun = NeverRan | Revoked

export type Ran =
  | {
    readonly _tag: "Success"
    /** As the task's schema encodes it. */
    readonly result: unknown
    /** Whether `result` is sealed: see `Portable`. */
    readonly isSealed: boolean
    readonly children?: Children | undefined
    /** What its message says that follows it; undefined where that is nothing. */
    readonly follows?: Embed | undefined
    readonly sends?: Sends | undefined
  }
  | Failure
  | Retry
  | Ignored
  | Rejected
  | Revoked
  | Lost

/** The task settled what became of it itself: nothing is stored. */
export interface Ignored {
  readonly _tag: "Ignored"
  readonly reason: string | undefined
  /** It was not run: it has succeeded before. */
  readonly isDuplicate?: true | undefined
  /** What takes its place. */
  readonly by?: SignatureJson | undefined
  /** What its message says that follows it: now it follows that. */
  readonly follows?: Embed | undefined
  readonly sends?: Sends | undefined
}
/** The tasks that it has sent; undefined is none. */
type Children = ReadonlyArray<ResultTuple>

/** What it sends itself, when it has come to this. Undefined is nothing. */
type Sends = ReadonlyArray<Sent>

/** It is to run again. */
export interface Retry {
  readonly _tag: "Retry"
  /** Why, if that is said. */
  readonly exception: ExceptionRecord | undefined
  readonly traceback: string | undefined
  /** By a message that is to be sent. Undefined: whoever says so has sent it. */
  readonly again?: Again | undefined
  readonly children?: Children | undefined
  readonly sends?: Sends | undefined
}

/** What is different in the message by which a task runs again. Times are milliseconds since the epoch. */
export interface Again extends Destination {
  /** So many milliseconds from now. */
  readonly countdown?: number | undefined
  readonly eta?: number | undefined
  readonly priority?: number | undefined
  readonly expires?: number | undefined
  /** The same, so many milliseconds from now. */
  readonly expiresIn?: number | undefined
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  readonly args?: ReadonlyArray<unknown> | undefined
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
  /** As they are shown, where they are other ones. */
  readonly argsRepr?: string | undefined
  readonly kwargsRepr?: string | undefined
  /** In seconds. */
  readonly timeLimit?: Partial<TimeLimit> | undefined
}

export interface Failure {
  readonly _tag: "Failure"
  readonly exception: ExceptionRecord
  readonly traceback: string | undefined
  /** The task's definition declares it: no surprise, so no traceback in the log. */
  readonly isDeclared: boolean
  /** Its hard time limit ended it. */
  readonly isTimeout?: true | undefined
  readonly children?: Children | undefined
  /** What its message says that follows it; undefined where that is nothing. */
  readonly follows?: Embed | undefined
  readonly sends?: Sends | undefined
}

export interface Revoked {
  readonly _tag: "Revoked"
  /** `terminated` while it ran, the others before. */
  readonly why: "expired" | "revoked" | "terminated"
  /** The number of the signal that it was terminated with. */
  readonly signum?: number | undefined
  /** The stamp that revoked it, when it was not its id. */
  readonly by?: { readonly header: string; readonly value: unknown } | undefined
}

/** The task refused its message. */
export interface Rejected {
  readonly _tag: "Rejected"
  readonly requeue: boolean
  readonly reason: string | undefined
}

/** It was interrupted, or went down with what it ran in, before it came to anything. */
export interface Lost {
  readonly _tag: "Lost"
  /** `Crashed`: its thread or process is gone. */
  readonly why: "Shutdown" | "ConnectionLost" | "Crashed"
  /** What is stored of a run that nobody will do again. */
  readonly message: string
}

export type NeverRan =
  /** The worker knows no task of this name. */
  | { readonly _tag: "Unregistered"; readonly task: string }
  /** The message makes no sense. */
  | { readonly _tag: "Invalid"; readonly message: string }
  /** Not all of the message arrived. */
  | { readonly _tag: "Damaged"; readonly message: string }
  | Refused
  /** What never throws has thrown: a mistake of the worker, or of a task that breaks what it promises. */
  | { readonly _tag: "Broken"; readonly message: string; readonly traceback: string }

/** The worker does not do what the message asks for. */
export interface Refused {
  readonly _tag: "Refused"
  readonly exception: ExceptionRecord
}

/** Of a run that has sent tasks: they are stored with what it came to. */
export const withChildren = (outcome: Outcome, children: ReadonlyArray<ResultTuple>): Outcome => {
  switch (outcome._tag) {
    case "Success":
    case "Failure":
    case "Retry":
      return { ...outcome, children }
    default:
      return outcome
  }
}

/** Of a run that has come to its end, and is not the last of its workflow. */
export const followedBy = (outcome: Outcome, follows: Embed): Outcome =>
  outcome._tag === "Success" || outcome._tag === "Failure" || outcome._tag === "Ignored"
    ? { ...outcome, follows }
    : outcome

/** Of a run that sends tasks when it has come to its end. One that is to be done anew will send its own. */
export const sending = (outcome: Outcome, sends: ReadonlyArray<Sent>): Outcome => {
  switch (outcome._tag) {
    case "Success":
    case "Failure":
    case "Retry":
    case "Ignored":
      return { ...outcome, sends }
    default:
      return outcome
  }
}

/** The signal that a task is terminated with when none is named. */
export const sigterm = 15

/** It has succeeded before. */
export const duplicate: Ignored = {
  _tag: "Ignored",
  reason: "Task already completed successfully.",
  isDuplicate: true
}

export const expired: Revoked = { _tag: "Revoked", why: "expired" }
export const revoked: Revoked = { _tag: "Revoked", why: "revoked" }
export const terminated = (signum: number): Revoked => ({ _tag: "Revoked", why: "terminated", signum })

/** Whether nothing ran, or nothing to its end because somebody called it off: then nothing will follow it either. */
export const isUnrun = (outcome: Outcome): outcome is Unrun => {
  switch (outcome._tag) {
    case "Revoked":
    case "Unregistered":
    case "Invalid":
    case "Damaged":
    case "Refused":
    case "Broken":
      return true
    default:
      return false
  }
}

export const failure = (
  exception: ExceptionRecord,
  traceback: string | undefined = undefined,
  isDeclared = false
): Failure => ({ _tag: "Failure", exception, traceback, isDeclared })

/** After so many seconds, which were all that it had. */
export const timedOut = (seconds: number): Failure => ({
  ...failure(Exceptions.timeLimitExceeded(seconds)),
  isTimeout: true
})

export const broken = (defect: unknown): NeverRan => ({
  _tag: "Broken",
  message: textOf(defect),
  traceback: Traceback.fromUnknown(defect)
})

const textOf = (defect: unknown): string => {
  try {
    return String(defect)
  } catch {
    return "<unrepresentable>"
  }
}
