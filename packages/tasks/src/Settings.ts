/**
 * What a client and a worker agree on, as references: each has a default, and
 * is changed by providing another value.
 *
 * ```ts
 * program.pipe(Effect.provideService(Settings.DefaultQueue, "emails"))
 * ```
 *
 * Each is one entry, and is all there is to the setting: `TaskSettings` is the
 * table of them, by which they are given together, read from the environment
 * and from a Celery configuration. `Queues.Configured` and `Router.Routes`
 * belong to it too.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as RateLimit from "./RateLimit.ts"
import type { Kind, Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

export * from "./PublishSettings.ts"
export * from "./QueueSettings.ts"

const priority = SettingKind.integer({ from: 0, to: 255, expected: "a whole number from 0 to 255" })

const modes: ReadonlyMap<unknown, unknown> = new Map([["transient", 1], ["persistent", 2]])

/** Celery has words for both, too. */
const deliveryMode: Kind<1 | 2> = {
  ...SettingKind.oneOf(1, 2),
  fromCelery: (value) => modes.get(value) ?? value
}

/** Where a task goes that names no queue. Celery's `task_default_queue`. */
export const DefaultQueue: Reference<string> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultQueue",
  SettingKind.text,
  {
    celery: "task_default_queue",
    default: () => "celery",
    doc: "Where a task goes that names no queue."
  }
)

/** The exchange of the default queue. Celery's `task_default_exchange`. */
export const DefaultExchange: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultExchange",
  SettingKind.text,
  {
    celery: "task_default_exchange",
    default: () => undefined,
    defaultShown: "named as the queue",
    doc: "The exchange of the default queue."
  }
)

/** What binds the default queue to its exchange. Celery's `task_default_routing_key`. */
export const DefaultRoutingKey: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultRoutingKey",
  SettingKind.text,
  {
    celery: "task_default_routing_key",
    default: () => undefined,
    defaultShown: "named as the queue",
    doc: "What binds the default queue to its exchange."
  }
)

/** The priority of a task that names none; higher comes first. Celery's `task_default_priority`. */
export const DefaultPriority: Reference<number> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultPriority",
  priority,
  {
    celery: "task_default_priority",
    default: () => 0,
    readBy: "client",
    doc: "The priority of a task that names none; higher comes first."
  }
)

/** `x-max-priority` of the queues that are made as needed. Celery's `task_queue_max_priority`. */
export const QueueMaxPriority: Reference<number | undefined, number> = Setting.reference(
  "@celeriac/tasks/Settings/QueueMaxPriority",
  priority,
  {
    celery: "task_queue_max_priority",
    default: () => undefined,
    defaultShown: "none",
    doc: "`x-max-priority` of the queues that are made as needed."
  }
)

/** Whether a queue that is not configured may be made as needed. Celery's `task_create_missing_queues`. */
export const CreateMissingQueues: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/CreateMissingQueues",
  SettingKind.flag,
  {
    celery: "task_create_missing_queues",
    default: () => true,
    doc: "Whether a queue that is not configured may be made as needed."
  }
)

/** 2 keeps tasks on the broker's disk, 1 does not. Celery's `task_default_delivery_mode`. */
export const DefaultDeliveryMode: Reference<1 | 2> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultDeliveryMode",
  deliveryMode,
  {
    celery: "task_default_delivery_mode",
    default: () => 2,
    readBy: "client",
    doc: "2 keeps tasks on the broker's disk, 1 does not."
  }
)

/** The serializer of the arguments. Celery's `task_serializer`. */
export const Serializer: Reference<string> = Setting.reference(
  "@celeriac/tasks/Settings/Serializer",
  SettingKind.text,
  {
    celery: "task_serializer",
    default: () => "json",
    readBy: "client",
    doc: "The serializer of the arguments."
  }
)

/** The compression of task messages: `gzip`, `brotli`, `zstd`. Celery's `task_compression`. */
export const Compression: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/Settings/Compression",
  SettingKind.text,
  {
    celery: "task_compression",
    default: () => undefined,
    defaultShown: "none",
    readBy: "client",
    doc: "The compression of task messages: `gzip`, `brotli`, `zstd`."
  }
)

/** The serializers a worker decodes; anything else is refused unread. Celery's `accept_content`. */
export const AcceptContent: Reference<ReadonlyArray<string>> = Setting.reference(
  "@celeriac/tasks/Settings/AcceptContent",
  SettingKind.names,
  {
    celery: "accept_content",
    default: () => ["json"],
    doc: "The serializers a worker decodes; anything else is refused unread."
  }
)

/** The serializers a client decodes results from. Celery's `result_accept_content`. */
export const ResultAcceptContent: Reference<ReadonlyArray<string>> = Setting.reference(
  "@celeriac/tasks/Settings/ResultAcceptContent",
  SettingKind.names,
  {
    celery: "result_accept_content",
    default: () => ["json"],
    readBy: "broker",
    doc: "The serializers a client decodes results from."
  }
)

/** The serializer of results. Celery's `result_serializer`. */
export const ResultSerializer: Reference<string> = Setting.reference(
  "@celeriac/tasks/Settings/ResultSerializer",
  SettingKind.text,
  {
    celery: "result_serializer",
    default: () => "json",
    readBy: "writer",
    doc: "The serializer of results."
  }
)

/** How long a result is kept. Celery's `result_expires`. */
export const ResultExpires: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/Settings/ResultExpires",
  // Celery's `None` is for ever, which no backend here can do.
  { ...SettingKind.duration, none: "Infinity" },
  {
    celery: "result_expires",
    default: () => "1 day",
    readBy: "broker",
    doc: "How long a result is kept."
  }
)

/** Whether results sent as messages are kept on the broker's disk. Celery's `result_persistent`. */
export const ResultPersistent: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/ResultPersistent",
  SettingKind.flag,
  {
    celery: "result_persistent",
    default: () => false,
    readBy: "writer",
    doc: "Whether results sent as messages are kept on the broker's disk."
  }
)

/** Whether a task is acknowledged after it has run, and not before: a lost worker's tasks run again. Celery's `task_acks_late`. */
export const AcksLate: Reference<boolean> = Setting.reference("@celeriac/tasks/Settings/AcksLate", SettingKind.flag, {
  celery: "task_acks_late",
  default: () => false,
  doc: "Whether a task is acknowledged after it has run, and not before: a lost worker's tasks run again."
})

/** Whether a late task that failed is acknowledged; else it is rejected, for the dead-letter exchange. Celery's `task_acks_on_failure_or_timeout`. */
export const AcksOnFailureOrTimeout: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/AcksOnFailureOrTimeout",
  SettingKind.flag,
  {
    celery: "task_acks_on_failure_or_timeout",
    default: () => true,
    doc: "Whether a late task that failed is acknowledged; else it is rejected, for the dead-letter exchange."
  }
)

/** Whether results are dropped. Celery's `task_ignore_result`. */
export const IgnoreResult: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/IgnoreResult",
  SettingKind.flag,
  {
    celery: "task_ignore_result",
    default: () => false,
    doc: "Whether results are dropped."
  }
)

/** Whether STARTED is stored when a run begins. Celery's `task_track_started`. */
export const TrackStarted: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/TrackStarted",
  SettingKind.flag,
  {
    celery: "task_track_started",
    default: () => false,
    doc: "Whether STARTED is stored when a run begins."
  }
)

const rateLimit: Kind<RateLimit.RateLimit> = {
  schema: () => Schema.declare(isRateLimit),
  expected: RateLimit.expected,
  fromText: (text) => text,
  fromCelery: (value) => value
}

const isRateLimit = (value: unknown): value is RateLimit.RateLimit => Result.isSuccess(RateLimit.parse(value))

/** How often each worker may start a task that does not say so itself. Celery's `task_default_rate_limit`. */
export const DefaultRateLimit: Reference<RateLimit.RateLimit | undefined, RateLimit.RateLimit> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultRateLimit",
  rateLimit,
  {
    celery: "task_default_rate_limit",
    default: () => undefined,
    defaultShown: "no limit",
    doc: "How often each worker may start a task that does not say so itself."
  }
)

/** How long a publish waits for the broker's confirm. */
export const PublishDeadline: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/Settings/PublishDeadline",
  SettingKind.duration,
  {
    default: () => "30 seconds",
    readBy: "client",
    doc: "How long a publish waits for the broker's confirm."
  }
)

/**
 * The broker's `max_message_size`, in bytes: what is larger fails with `TooLarge`
 * before it is sent. Undefined: learnt from the first message that it refuses.
 */
export const MaxMessageSize: Reference<number | undefined, number> = Setting.reference(
  "@celeriac/tasks/Settings/MaxMessageSize",
  SettingKind.integer({ from: 1, expected: "a whole number of bytes" }),
  {
    default: () => undefined,
    defaultShown: "learnt from the first message that is refused",
    readBy: "broker",
    doc:
      "The broker's `max_message_size`, in bytes: what is larger fails before it is sent. In a URL, `?max_message_size=`."
  }
)
