/**
 * What follows a message that has come to something, whatever that is: its next
 * attempt, what its message says that follows it, or the failure of all that
 * will not come now.
 *
 * What a run knows of what follows it is in its outcome. A run that nobody could
 * ask (its time limit was over, and it did not end; it went down with what it
 * ran in) has a message that says the same.
 *
 * @since 0.1.0
 */
import type { Embed } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Result from "effect/Result"
import * as Followers from "../../trace/Followers.ts"
import { type Failure, failure, isUnrun, type Outcome } from "../../trace/Outcome.ts"
import type * as Portable from "../../trace/Portable.ts"
import * as Aftermath from "../Aftermath.ts"
import { Request } from "../Request.ts"
import * as Continuations from "./Continuation.ts"
import type { Continuation } from "./Continued.ts"
import type { Resend } from "./RetryMessages.ts"
import type { Subject } from "./Subject.ts"

interface Parts {
  readonly resend: Resend
  /** Undefined: nothing is sent that follows a task. */
  readonly continuing: Continuations.Continuing | undefined
  readonly coding: Portable.Coding
  /** Whether somebody counts the parts of chords. */
  readonly countsChords: boolean
  readonly isRevoked: (id: string) => boolean
}

interface Followed {
  /** With what was sent because of it; undefined is as it was. */
  readonly outcome: Outcome | undefined
  /** By which it runs again. */
  readonly again: Aftermath.Outgoing | undefined
  readonly next: Continuation | undefined
  /** Nobody will send them. */
  readonly unsent: ReadonlyArray<Aftermath.Unsent>
}

/** Nothing follows: most tasks stand alone. */
export const isAlone = (outcome: Outcome): boolean =>
  outcome._tag === "Success" && outcome.follows === undefined && outcome.sends === undefined

export const nobody: Result.Result<Followed, Failure> = Result.succeed({
  outcome: undefined,
  again: undefined,
  next: undefined,
  unsent: []
})

export class Following {
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Fails with what it comes to instead, where what follows cannot be sent. `stands`: it stands for an outcome whose followers were told. */
  of(subject: Subject, outcome: Outcome, stands: boolean, now: number): Result.Result<Followed, Failure> {
    const { continuing, resend } = this.parts
    const again = outcome._tag === "Retry" && outcome.again !== undefined && subject instanceof Request
      ? resend(subject, outcome.again, now)
      : undefined
    if (again !== undefined && Result.isFailure(again)) return Result.fail(again.failure)
    if (isUnrun(outcome)) {
      const behind = stands ? undefined : this.behind(subject)
      const missing = behind?.missing ?? []
      const next = missing.length === 0 || continuing === undefined
        ? undefined
        : continuing.missing(missing, subject.id, outcome, now)
      return Result.succeed({ outcome, again: undefined, next, unsent: behind?.followers ?? [] })
    }
    if (outcome._tag === "Ignored" && outcome.known !== undefined && continuing !== undefined) {
      const embed = this.embedOf(subject)
      const next = embed === undefined ? undefined : continuing.known(subject, outcome.known, embed, now)
      return Result.succeed({ outcome, again: undefined, next, unsent: [] })
    }
    const whole = stands ? outcome : this.whole(subject, outcome)
    const following = Continuations.follow(continuing, subject, whole, now)
    if (following !== undefined && Result.isFailure(following)) return Result.fail(following.failure)
    const next = following?.success
    return Result.succeed({
      outcome: next === undefined ? outcome : Continuations.withChildren(outcome, next),
      again: again?.success,
      next,
      unsent: []
    })
  }

  private behind({ message }: Subject) {
    const { coding, countsChords, isRevoked } = this.parts
    const { followers, missing } = Followers.ofMessage(message, coding, countsChords)
    const unsent = followers.map(({ group, id, replyTo, signature }) => ({
      group,
      id,
      replyTo,
      signature,
      isRevoked: isRevoked(id)
    }))
    return { missing, followers: unsent }
  }

  /** As a failure of its own, with what follows it. */
  private whole(subject: Subject, outcome: Outcome): Outcome {
    switch (outcome._tag) {
      case "Failure":
        return outcome.follows === undefined ? { ...outcome, follows: this.embedOf(subject) } : outcome
      case "Lost":
        return Aftermath.isLostForGood(outcome, subject)
          ? { ...failure(Exceptions.workerLost(outcome.message)), follows: this.embedOf(subject) }
          : outcome
      case "Rejected": {
        const follows = outcome.requeue ? undefined : this.embedOf(subject)
        const exception = Exceptions.reject(outcome.reason ?? null)
        return follows === undefined ? outcome : { ...failure(exception), follows: { ...follows, errbacks: undefined } }
      }
      default:
        return outcome
    }
  }

  private embedOf({ message }: Subject): Embed | undefined {
    return Followers.embedOf(message, this.parts.coding)
  }
}
