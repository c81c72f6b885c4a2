/**
 * The states a task goes through, as stored by result backends and seen by
 * monitors.
 *
 * States are text on the wire and an application may store its own
 * (`PROGRESS`), so the type is open: the names below are the ones with a
 * meaning. Source: Celery's `states`, protocol §7.1.
 *
 * @since 0.1.0
 */

/** The states that mean something to a worker, a client and a monitor. */
export type KnownState =
  | "PENDING"
  | "RECEIVED"
  | "STARTED"
  | "SUCCESS"
  | "FAILURE"
  | "REVOKED"
  | "REJECTED"
  | "RETRY"
  | "IGNORED"

/** A known state, or one that an application made up. */
export type TaskState = KnownState | (string & {})

/** Nothing was stored: waiting, or no such task. */
export const PENDING = "PENDING"
/** A worker has the message. In events only. */
export const RECEIVED = "RECEIVED"
/** Running; stored when the task tracks its start. */
export const STARTED = "STARTED"
/** Returned a value. */
export const SUCCESS = "SUCCESS"
/** Failed for good. */
export const FAILURE = "FAILURE"
/** Revoked or expired: will not run. */
export const REVOKED = "REVOKED"
/** The message was refused. In events only. */
export const REJECTED = "REJECTED"
/** Failed, and will be tried again. */
export const RETRY = "RETRY"
/** The task asked for nothing to be stored. In events only. */
export const IGNORED = "IGNORED"

/** Running, and how far it is: what Celery's guide calls a task's own state of this kind. */
export const PROGRESS = "PROGRESS"
/** Somebody has asked for the task to end: it may look for it. Celery's `contrib.abortable`. */
export const ABORTED = "ABORTED"

/** Whether the outcome is final: waiting for a result ends here. */
export const isReady = (state: TaskState): boolean => state === SUCCESS || state === FAILURE || state === REVOKED

/** Whether the stored result is an exception. */
export const isException = (state: TaskState): boolean => state === FAILURE || state === RETRY || state === REVOKED

/** Whether a reader of the result should fail. */
export const isPropagated = (state: TaskState): boolean => state === FAILURE || state === REVOKED

const precedences: ReadonlyMap<string, number> = new Map(
  [SUCCESS, FAILURE, "", REVOKED, STARTED, RECEIVED, REJECTED, RETRY, PENDING].map((state, index) => [state, index])
)

/**
 * Smaller is later in life: of two states reported for one task, the smaller
 * one wins. States of an application come between `FAILURE` and `REVOKED`.
 */
export const precedence = (state: TaskState): number => precedences.get(state) ?? 2
