/**
 * What follows from an outcome: what is stored, what is published, and how the
 * message is settled. One pure rule, for every message there is.
 *
 * `Completion` carries it out. Events, retries, callbacks and dead letters are
 * messages here, and nowhere else. Source: protocol §7.1, Celery's
 * `Request.on_failure`.
 *
 * @since 0.1.0
 */
import type { Exchange, Queue } from "@celeriac/messaging/Entity"
import type { Address, Message, Settlement } from "@celeriac/messaging/Message"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { Addressee } from "@celeriac/tasks/result/ResultWriter"
import * as TaskState from "@celeriac/tasks/TaskState"
import type { Follower, Unlooked } from "../trace/Followers.ts"
import {
  type Failure,
  isUnrun,
  type Lost,
  type NeverRan,
  type Outcome,
  type Revoked,
  type Unrun
} from "../trace/Outcome.ts"

/** What the rule asks about a message. */
export interface Facts {
  /** Undefined when the message does not say. */
  readonly id: string | undefined
  /** Of its task, as it is shown. */
  readonly name: string
  readonly group: string | undefined
  readonly parentId: string | undefined
  readonly ignoreResult: boolean
  /** With late acknowledgement, whether a failure is acknowledged too. */
  readonly acksOnFailure: boolean
  /** The same of a run that its time limit ended: else it runs again. */
  readonly acksOnTimeout: boolean
  /** With late acknowledgement, whether it runs again when it went down with what it ran in. */
  readonly rejectOnWorkerLost: boolean
  /** Whether it may be put back once more for one of these: it has not been so too often. */
  readonly mayReturn: boolean
  /** Whether it is settled already, as early acknowledgement does before a run: then nobody will run it again. */
  readonly isSettled: boolean
}

/** A message that is to be sent because of an outcome. */
export interface Outgoing {
  readonly message: Message
  readonly to: Address
  /** Where the broker keeps it until it is due. Without that place it goes `to` whoever waits. */
  readonly by?: Address | undefined
  /** Queues that may not be there, to be declared first. */
  readonly declare?: ReadonlyArray<Queue | Exchange> | undefined
  /** It need not wait for the one before: both are members of a group. */
  readonly isBeside?: boolean | undefined
}

/** What is to be stored about another task, and who waits for it. */
export interface Other {
  readonly record: ResultRecord.ResultRecord
  readonly addressee: Waiting
}

/** Who waits for a task that nobody will send. */
export interface Waiting extends Addressee {
  /** What it was to run, for records that tell it. */
  readonly signature: Unlooked
}

/** A task that nobody will send. */
export interface Unsent extends Follower {
  /** It was revoked by itself, as a chain is that is revoked as a whole. */
  readonly isRevoked?: boolean | undefined
}

export interface Aftermath {
  /** To be stored, if anything is. */
  readonly record: ResultRecord.ResultRecord | undefined
  /** To be stored before it: of tasks that will not run because of this one. */
  readonly others: ReadonlyArray<Other>
  /** To be published: what follows a task. */
  readonly messages: ReadonlyArray<Outgoing>
  /** `hold`: nothing, the message is the broker's again. */
  readonly settlement: Settlement | "hold"
}

/** What follows a task that ran to its end, whatever came of it. */
export type Next = Pick<Aftermath, "messages" | "others">

/**
 * `now` is milliseconds since the epoch; `unsent` are the tasks that nobody
 * will send because this one did not run: a FAILURE for each; `again` is the
 * message by which this one runs again; `next` is what follows its end.
 */
export const of = (
  outcome: Outcome,
  about: Facts,
  now: number,
  unsent: ReadonlyArray<Unsent> = none,
  again: Outgoing | undefined = undefined,
  next: Next | undefined = undefined
): Aftermath => {
  const own = ofItself(outcome, about, now)
  const isAlone = next === undefined && again === undefined && unsent.length === 0
  if (isAlone || own.settlement === "requeue") return own
  const retried = again !== undefined && outcome._tag === "Retry" ? [again] : none
  const others = next?.others ?? none
  return {
    ...own,
    messages: next === undefined || next.messages.length === 0 ? retried : [...next.messages, ...retried],
    others: unsent.length === 0 || !isUnrun(outcome) ? others : [...others, ...unrun(unsent, outcome, about, now)]
  }
}

const ofItself = (outcome: Outcome, about: Facts, now: number): Aftermath => {
  switch (outcome._tag) {
    case "Success":
      return about.ignoreResult ? acked : after(record(about, TaskState.SUCCESS, now, outcome), "ack")
    case "Failure":
      return failed(outcome, about, now)
    case "Retry":
      return after(unlessIgnored(about, TaskState.RETRY, now, outcome), "ack")
    case "Ignored":
      return acked
    case "Rejected":
      // What goes back to its queue runs again; of anything else this is the end.
      if (outcome.requeue) return after(undefined, about.isSettled ? "ack" : "requeue")
      return after(
        unlessIgnored(about, TaskState.FAILURE, now, { exception: Exceptions.reject(outcome.reason ?? null) }),
        about.isSettled ? "ack" : "reject"
      )
    case "Revoked":
      return after(
        unlessIgnored(about, TaskState.REVOKED, now, { exception: Exceptions.taskRevoked(outcome.why) }),
        "ack"
      )
    case "Lost":
      return lost(outcome, about, now)
    case "Broken":
      return refused(outcome, about, now, outcome.traceback)
    case "Unregistered":
    case "Invalid":
    case "Damaged":
    case "Refused":
      return refused(outcome, about, now)
  }
}

/** Why nobody ran it to its end, as the chord is told that it is a part of. */
export const reasonOf = (outcome: Unrun): Exceptions.ExceptionRecord =>
  outcome._tag === "Revoked" ? Exceptions.taskRevoked(outcome.why) : whyNot(outcome)

/** Why it did not run, as whoever waits is told. */
const whyNot = (outcome: NeverRan): Exceptions.ExceptionRecord => {
  switch (outcome._tag) {
    case "Unregistered":
      return Exceptions.notRegistered(outcome.task)
    case "Invalid":
    case "Damaged":
      return Exceptions.invalidTask(outcome.message)
    case "Refused":
      return outcome.exception
    case "Broken":
      return Exceptions.make("Exception", [outcome.message])
  }
}

const none: ReadonlyArray<never> = []

const after = (record: ResultRecord.ResultRecord | undefined, settlement: Aftermath["settlement"]): Aftermath => ({
  record,
  others: none,
  messages: none,
  settlement
})

/** Of nearly every message whose result nobody wants. */
const acked = after(undefined, "ack")

/** As Celery's `Request.on_failure`, but for how often one comes back that ran out of time. */
const failed = (outcome: Failure, about: Facts, now: number): Aftermath => {
  const isTimeout = outcome.isTimeout === true
  // What was acknowledged early stays so.
  const acks = about.isSettled || (isTimeout ? about.acksOnTimeout : about.acksOnFailure)
  return isTimeout && !acks && about.mayReturn
    ? after(undefined, "requeue")
    : after(unlessIgnored(about, TaskState.FAILURE, now, outcome), acks ? "ack" : "reject")
}

/**
 * What was acknowledged early is nobody's any more, so its failure is stored.
 * What was not runs again, here or elsewhere; but a message that takes down what
 * it runs in would do so without end.
 */
const lost = (outcome: Lost, about: Facts, now: number): Aftermath => {
  if (!isLostForGood(outcome, about)) return after(undefined, outcome.why === "ConnectionLost" ? "hold" : "requeue")
  const failure = { exception: Exceptions.workerLost(outcome.message) }
  const acks = about.isSettled || (!about.rejectOnWorkerLost && about.acksOnFailure)
  return after(unlessIgnored(about, TaskState.FAILURE, now, failure), acks ? "ack" : "reject")
}

/** Whether nobody will run it again. */
export const isLostForGood = ({ why }: Lost, { isSettled, mayReturn, rejectOnWorkerLost }: Facts): boolean =>
  isSettled || (why === "Crashed" && !(rejectOnWorkerLost && mayReturn))

/** A message that cannot be run is for the dead-letter exchange, and a FAILURE for whoever waits. */
const refused = (outcome: NeverRan, about: Facts, now: number, traceback: string | undefined = undefined): Aftermath =>
  after(record(about, TaskState.FAILURE, now, { exception: whyNot(outcome), traceback }), "reject")

/** Whoever waits for the end of a chain, or for what comes in between, waits for a task that nobody will send. */
const unrun = (
  followers: ReadonlyArray<Unsent>,
  outcome: Unrun,
  about: Facts,
  now: number
): ReadonlyArray<Other> => {
  const exception = outcome._tag === "Revoked" ? calledOff(outcome, about) : whyNot(outcome)
  return followers.filter(({ id }) => id !== about.id).map((follower) =>
    ofUnsent(follower, { exception, dateDone: now, parentId: about.id })
  )
}

/** What is stored of one that nobody will send, because of this. */
export const ofUnsent = ({ group, id, isRevoked, replyTo, signature }: Unsent, what: ResultRecord.Options): Other => ({
  record: isRevoked === true
    ? ResultRecord.make(id, TaskState.REVOKED, {
      ...what,
      groupId: group,
      exception: Exceptions.taskRevoked("revoked"),
      traceback: undefined
    })
    : ResultRecord.make(id, TaskState.FAILURE, { ...what, groupId: group }),
  addressee: { replyTo, correlationId: id, signature }
})

/** Nobody has called off the followers themselves: they are told which task was. */
const calledOff = ({ why }: Revoked, { id, name }: Facts): Exceptions.ExceptionRecord =>
  Exceptions.make(
    "TaskRevokedError",
    [`the task follows ${name}[${id ?? "?"}], which ${
      why === "expired" ? "had expired" : `was ${why}`
    }: it was not run`]
  )

const unlessIgnored = (
  about: Facts,
  status: TaskState.TaskState,
  now: number,
  what: What
): ResultRecord.ResultRecord | undefined => about.ignoreResult ? undefined : record(about, status, now, what)

type What = Pick<ResultRecord.Options, "result" | "exception" | "traceback" | "children">

const record = (
  about: Facts,
  status: TaskState.TaskState,
  now: number,
  { children = none, exception, result, traceback }: What
): ResultRecord.ResultRecord | undefined =>
  about.id === undefined ? undefined : ResultRecord.make(about.id, status, {
    result,
    exception,
    traceback,
    children,
    dateDone: now,
    groupId: about.group,
    parentId: about.parentId
  })
