/**
 * How tasks are run and what becomes of those that fail, as references: what a
 * task leaves open its worker takes from here. `TaskSettings` has them in its
 * table.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** When the run of a task is ended that does not say so itself. Celery's `task_time_limit`. */
export const TimeLimit: Reference<Duration.Input | undefined, Duration.Input> = Setting.reference(
  "@celeriac/tasks/RunSettings/TimeLimit",
  SettingKind.duration,
  {
    celery: "task_time_limit",
    default: () => undefined,
    defaultShown: "no limit",
    doc: "How long a task may run that does not say so itself: then it is ended.",
    flag: { name: "time-limit", metavar: "SECONDS" }
  }
)

/** When the run of a task is told to come to an end, that does not say so itself. Celery's `task_soft_time_limit`. */
export const SoftTimeLimit: Reference<Duration.Input | undefined, Duration.Input> = Setting.reference(
  "@celeriac/tasks/RunSettings/SoftTimeLimit",
  SettingKind.duration,
  {
    celery: "task_soft_time_limit",
    default: () => undefined,
    defaultShown: "no limit",
    doc: "How long a task should run that does not say so itself: then it is told, and may tidy up.",
    flag: { name: "soft-time-limit", metavar: "SECONDS" }
  }
)

/** Whether a late task that failed is acknowledged; else it is rejected. Celery's `task_acks_on_failure`. */
export const AcksOnFailure: Reference<boolean | undefined, boolean> = Setting.reference(
  "@celeriac/tasks/RunSettings/AcksOnFailure",
  SettingKind.flag,
  {
    celery: "task_acks_on_failure",
    default: () => undefined,
    defaultShown: "as `acksOnFailureOrTimeout`",
    doc: "Whether a late task that failed is acknowledged; else it is rejected, for the dead-letter exchange."
  }
)

/** Whether a late task that was ended by its time limit is acknowledged; else it goes back to its queue. Celery's `task_acks_on_timeout`. */
export const AcksOnTimeout: Reference<boolean | undefined, boolean> = Setting.reference(
  "@celeriac/tasks/RunSettings/AcksOnTimeout",
  SettingKind.flag,
  {
    celery: "task_acks_on_timeout",
    default: () => undefined,
    defaultShown: "as `acksOnFailureOrTimeout`",
    doc:
      "Whether a late task that was ended by its time limit is acknowledged; else it goes back to its queue, `redeliveryLimit` times."
  }
)

/** Whether a late task goes back to its queue that went down with what it ran in. Celery's `task_reject_on_worker_lost`. */
export const RejectOnWorkerLost: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/RunSettings/RejectOnWorkerLost",
  SettingKind.flag,
  {
    celery: "task_reject_on_worker_lost",
    default: () => true,
    doc:
      "Whether a late task goes back to its queue that went down with the thread or process it ran in, `redeliveryLimit` times; else it has failed."
  }
)

/** Whether a task runs again by a retry that went down with what it ran in. Celery's `task_retry_on_worker_lost`. */
export const RetryOnWorkerLost: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/RunSettings/RetryOnWorkerLost",
  SettingKind.flag,
  {
    celery: "task_retry_on_worker_lost",
    default: () => false,
    doc:
      "Whether a task that went down with the thread or process it ran in is run again by a retry, which `maxRetries` and `defaultRetryDelay` count for; before `rejectOnWorkerLost`."
  }
)

/** How often a late task that does not say so itself is put back into its queue, if it ran out of time or went down with what it ran in. */
export const RedeliveryLimit: Reference<number> = Setting.reference(
  "@celeriac/tasks/RunSettings/RedeliveryLimit",
  SettingKind.integer({ from: 0, expected: "a whole number" }),
  {
    default: () => 3,
    doc:
      "How often a late task that does not say so itself is put back into its queue, if it ran out of time or went down with what it ran in. Then it has failed, and its message is rejected."
  }
)
