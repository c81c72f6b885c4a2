/**
 * Settings of monitoring events, for who sends them and who reads them.
 * Celery's `event_*` and `task_send_sent_event`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Reference } from "../Setting.ts"
import * as Setting from "../Setting.ts"
import * as SettingKind from "../SettingKind.ts"

/** Whether a client tells of each task that it sends, by the event `task-sent`. Celery's `task_send_sent_event`. */
export const SendSentEvent: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/SendSentEvent",
  SettingKind.flag,
  {
    celery: "task_send_sent_event",
    default: () => false,
    isReadByBroker: true,
    doc: "Whether a client tells of each task that it sends, by the event `task-sent`."
  }
)

/** The exchange of events. Celery's `event_exchange`. */
export const EventExchange: Reference<string> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventExchange",
  SettingKind.text,
  {
    celery: "event_exchange",
    default: () => "celeryev",
    doc: "The exchange of monitoring events."
  }
)

/** The serializer of events. Celery's `event_serializer`. */
export const EventSerializer: Reference<string> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventSerializer",
  SettingKind.text,
  {
    celery: "event_serializer",
    default: () => "json",
    doc: "The serializer of monitoring events."
  }
)

/** What the queue of a reader of events is called, before a dot and an id. Celery's `event_queue_prefix`. */
export const EventQueuePrefix: Reference<string> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventQueuePrefix",
  SettingKind.text,
  {
    celery: "event_queue_prefix",
    default: () => "celeryev",
    doc: "What the queue of a reader of events is called, before a dot and an id."
  }
)

/** How long an event waits for its reader. Celery's `event_queue_ttl`. */
export const EventQueueTtl: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventQueueTtl",
  SettingKind.duration,
  {
    celery: "event_queue_ttl",
    default: () => "5 seconds",
    doc: "How long an event waits for its reader."
  }
)

/** How long the queue of a reader lives unused. Celery's `event_queue_expires`. */
export const EventQueueExpires: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventQueueExpires",
  SettingKind.duration,
  {
    celery: "event_queue_expires",
    default: () => "60 seconds",
    doc: "How long the queue of a reader of events lives unused."
  }
)

/** Whether the queue of a reader belongs to its connection. Celery's `event_queue_exclusive`. */
export const EventQueueExclusive: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventQueueExclusive",
  SettingKind.flag,
  {
    celery: "event_queue_exclusive",
    default: () => true,
    doc: "Whether the queue of a reader of events belongs to its connection; not together with a durable one."
  }
)

/** Whether the queue of a reader survives a restart of the broker. Celery's `event_queue_durable`. */
export const EventQueueDurable: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/event/EventSettings/EventQueueDurable",
  SettingKind.flag,
  {
    celery: "event_queue_durable",
    default: () => false,
    doc: "Whether the queue of a reader of events survives a restart of the broker."
  }
)
