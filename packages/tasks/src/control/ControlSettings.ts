/**
 * How the control mailbox is declared, as references: whoever asks and whoever
 * is asked have to agree on the exchange. `TaskSettings` has them in its table.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Reference } from "../Setting.ts"
import * as Setting from "../Setting.ts"
import * as SettingKind from "../SettingKind.ts"

/** What the exchanges of remote control are called after. Celery's `control_exchange`. */
export const ControlExchange: Reference<string> = Setting.reference(
  "@celeriac/tasks/control/ControlSettings/ControlExchange",
  SettingKind.text,
  {
    celery: "control_exchange",
    default: () => "celery",
    doc: "What the exchanges of remote control are called after: nodes hear whoever uses the same name."
  }
)

/** How long a request waits for a node that does not take it. Celery's `control_queue_ttl`. */
export const ControlQueueTtl: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/control/ControlSettings/ControlQueueTtl",
  SettingKind.duration,
  {
    celery: "control_queue_ttl",
    default: () => "300 seconds",
    doc: "How long a message of remote control waits in its queue."
  }
)

/** How long a control queue lives that nobody consumes. Celery's `control_queue_expires`. */
export const ControlQueueExpires: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/control/ControlSettings/ControlQueueExpires",
  SettingKind.duration,
  {
    celery: "control_queue_expires",
    default: () => "10 seconds",
    doc: "How long a queue of remote control lives that nobody consumes."
  }
)

/** Whether a control queue belongs to its connection. Celery's `control_queue_exclusive`. */
export const ControlQueueExclusive: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/control/ControlSettings/ControlQueueExclusive",
  SettingKind.flag,
  {
    celery: "control_queue_exclusive",
    default: () => true,
    doc: "Whether a queue of remote control belongs to its connection: a second node of the same name is noticed."
  }
)

/** Whether a control queue survives a restart of the broker. Celery's `control_queue_durable`. */
export const ControlQueueDurable: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/control/ControlSettings/ControlQueueDurable",
  SettingKind.flag,
  {
    celery: "control_queue_durable",
    default: () => false,
    doc: "Whether a queue of remote control survives a restart of the broker. It cannot be exclusive then."
  }
)
