/**
 * What a client and a worker agree on, as references: each has a default, and
 * is changed by providing another value.
 *
 * ```ts
 * program.pipe(Effect.provideService(Settings.DefaultQueue, "emails"))
 * ```
 *
 * The names of Celery's own settings stand beside them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"

/** `task_default_queue`: where a task goes that names no queue. */
export const DefaultQueue: Context.Reference<string> = Context.Reference("@celeriac/tasks/Settings/DefaultQueue", {
  defaultValue: () => "celery"
})

/** `task_default_exchange`: the exchange of the default queue. Default: named as the queue. */
export const DefaultExchange: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@celeriac/tasks/Settings/DefaultExchange",
  { defaultValue: () => undefined }
)

/** `task_default_routing_key`: what binds the default queue to its exchange. Default: named as the queue. */
export const DefaultRoutingKey: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@celeriac/tasks/Settings/DefaultRoutingKey",
  { defaultValue: () => undefined }
)

/** `task_default_priority`: the priority of a task that names none. Default: 0. */
export const DefaultPriority: Context.Reference<number> = Context.Reference(
  "@celeriac/tasks/Settings/DefaultPriority",
  { defaultValue: () => 0 }
)

/** `task_queue_max_priority`: `x-max-priority` of the queues that are made as needed. Default: none. */
export const QueueMaxPriority: Context.Reference<number | undefined> = Context.Reference<number | undefined>(
  "@celeriac/tasks/Settings/QueueMaxPriority",
  { defaultValue: () => undefined }
)

/** `task_create_missing_queues`: whether a queue that `Queues` does not list may be made as needed. Default: true. */
export const CreateMissingQueues: Context.Reference<boolean> = Context.Reference(
  "@celeriac/tasks/Settings/CreateMissingQueues",
  { defaultValue: () => true }
)

/** `task_default_delivery_mode`: 2 is kept on the broker's disk, 1 is not. Default: 2. */
export const DefaultDeliveryMode: Context.Reference<1 | 2> = Context.Reference<1 | 2>(
  "@celeriac/tasks/Settings/DefaultDeliveryMode",
  { defaultValue: () => 2 }
)

/** `task_serializer`. Default: `json`. */
export const Serializer: Context.Reference<string> = Context.Reference("@celeriac/tasks/Settings/Serializer", {
  defaultValue: () => "json"
})

/** `task_compression`. Default: none. */
export const Compression: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@celeriac/tasks/Settings/Compression",
  { defaultValue: () => undefined }
)

/** `accept_content`: the serializers a worker decodes; anything else is refused unread. Default: `json`. */
export const AcceptContent: Context.Reference<ReadonlyArray<string>> = Context.Reference(
  "@celeriac/tasks/Settings/AcceptContent",
  { defaultValue: (): ReadonlyArray<string> => ["json"] }
)

/** `result_accept_content`: the serializers a client decodes results from. Default: `json`. */
export const ResultAcceptContent: Context.Reference<ReadonlyArray<string>> = Context.Reference(
  "@celeriac/tasks/Settings/ResultAcceptContent",
  { defaultValue: (): ReadonlyArray<string> => ["json"] }
)

/** `result_serializer`. Default: `json`. */
export const ResultSerializer: Context.Reference<string> = Context.Reference(
  "@celeriac/tasks/Settings/ResultSerializer",
  { defaultValue: () => "json" }
)

/** `result_expires`: how long a result is kept. Default: 1 day. */
export const ResultExpires: Context.Reference<Duration.Input> = Context.Reference<Duration.Input>(
  "@celeriac/tasks/Settings/ResultExpires",
  { defaultValue: () => "1 day" }
)

/** `result_persistent`: whether results sent as messages are kept on the broker's disk. Default: false. */
export const ResultPersistent: Context.Reference<boolean> = Context.Reference(
  "@celeriac/tasks/Settings/ResultPersistent",
  { defaultValue: () => false }
)

/** `task_acks_late`. Default: false. */
export const AcksLate: Context.Reference<boolean> = Context.Reference("@celeriac/tasks/Settings/AcksLate", {
  defaultValue: () => false
})

/** `task_acks_on_failure_or_timeout`. Default: true. */
export const AcksOnFailureOrTimeout: Context.Reference<boolean> = Context.Reference(
  "@celeriac/tasks/Settings/AcksOnFailureOrTimeout",
  { defaultValue: () => true }
)

/** `task_ignore_result`. Default: false. */
export const IgnoreResult: Context.Reference<boolean> = Context.Reference("@celeriac/tasks/Settings/IgnoreResult", {
  defaultValue: () => false
})

/** `task_track_started`. Default: false. */
export const TrackStarted: Context.Reference<boolean> = Context.Reference("@celeriac/tasks/Settings/TrackStarted", {
  defaultValue: () => false
})

/** How long a publish waits for the broker's confirm. Default: 30 seconds. */
export const PublishDeadline: Context.Reference<Duration.Input> = Context.Reference<Duration.Input>(
  "@celeriac/tasks/Settings/PublishDeadline",
  { defaultValue: () => "30 seconds" }
)

/**
 * Whether a client declares the queue it sends to, once per connection. Default:
 * true. With a user that may not configure anything, let the worker declare.
 */
export const DeclareQueues: Context.Reference<boolean> = Context.Reference("@celeriac/tasks/Settings/DeclareQueues", {
  defaultValue: () => true
})
