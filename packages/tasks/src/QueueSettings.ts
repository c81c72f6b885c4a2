/**
 * What queues are made of that nobody configured, and who declares them: a part
 * of `Settings`, which exports it.
 *
 * @since 0.1.0
 */
import type { ExchangeType } from "@celeriac/messaging/Entity"
import type { Kind, Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** What task queues are. */
export type QueueType = "classic" | "quorum"

const queueType: Kind<QueueType> = SettingKind.oneOf("classic", "quorum")

const exchangeType: Kind<ExchangeType> = SettingKind.oneOf("direct", "topic", "fanout", "headers")

/** What the exchange of the default queue is. Celery's `task_default_exchange_type`. */
export const DefaultExchangeType: Reference<ExchangeType> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultExchangeType",
  exchangeType,
  {
    celery: "task_default_exchange_type",
    default: () => "direct",
    doc: "What the exchange of the default queue is, where no queues are configured."
  }
)

/** What the default queue is. Celery's `task_default_queue_type`. */
export const DefaultQueueType: Reference<QueueType> = Setting.reference(
  "@celeriac/tasks/Settings/DefaultQueueType",
  queueType,
  {
    celery: "task_default_queue_type",
    default: () => "classic",
    doc: "What the default queue is, where no queues are configured."
  }
)

/** What the queues are that are made as needed. Celery's `task_create_missing_queue_type`. */
export const CreateMissingQueueType: Reference<QueueType> = Setting.reference(
  "@celeriac/tasks/Settings/CreateMissingQueueType",
  queueType,
  {
    celery: "task_create_missing_queue_type",
    default: () => "classic",
    doc: "What the queues are that are made as needed."
  }
)

/** What their exchanges are. Celery's `task_create_missing_queue_exchange_type`. */
export const CreateMissingQueueExchangeType: Reference<ExchangeType> = Setting.reference(
  "@celeriac/tasks/Settings/CreateMissingQueueExchangeType",
  exchangeType,
  {
    celery: "task_create_missing_queue_exchange_type",
    default: () => "direct",
    doc: "What the exchanges are of the queues that are made as needed."
  }
)

/** Whether a client declares the queue it sends to. With a user that may not configure anything, let the worker declare. */
export const DeclareQueues: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/DeclareQueues",
  SettingKind.flag,
  {
    default: () => true,
    readBy: "client",
    doc:
      "Whether a client declares the queue it sends to. With a user that may not configure anything, let the worker declare."
  }
)

/** Whether a task that a handler sends has the priority of its own, where nobody says another. Celery's `task_inherit_parent_priority`. */
export const InheritParentPriority: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/InheritParentPriority",
  SettingKind.flag,
  {
    celery: "task_inherit_parent_priority",
    default: () => false,
    readBy: "client",
    doc: "Whether a task that a handler sends has the priority of the handler's own task, where nobody says another."
  }
)

/**
 * Whether queues and exchanges are declared at all, by clients and workers. Off
 * for a user of the broker who may not configure: then whatever is used must be
 * there, and what is missing is an error. See `Topology`.
 */
export const DeclareTopology: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/DeclareTopology",
  SettingKind.flag,
  {
    default: () => true,
    doc:
      "Whether clients and workers declare anything. Off for a user of the broker who may not configure: what is missing is an error, and there is no remote control."
  }
)
