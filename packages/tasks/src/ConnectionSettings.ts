/**
 * How the broker is connected to: what a transport of `amqp://` is made by,
 * where its URL does not say so itself. References, each with its default.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Setting from "./Setting.ts"
import type { Reference } from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"
import * as TransportOptions from "./TransportOptions.ts"

/** How often each side shows that it lives; the smaller of ours and the broker's counts. Undefined: what the URL says, else 30 seconds. */
export const BrokerHeartbeat: Reference<Duration.Input | undefined, Duration.Input> = Setting.reference(
  "@celeriac/tasks/ConnectionSettings/BrokerHeartbeat",
  SettingKind.pause,
  {
    celery: "broker_heartbeat",
    default: () => undefined,
    defaultShown: "30 seconds",
    readBy: "broker",
    doc: "How often worker and broker show each other that they live, where the URL does not say so; 0 is not at all."
  }
)

/** For all of a connection's handshake. Undefined: what the URL says, else 4 seconds. */
export const BrokerConnectionTimeout: Reference<Duration.Input | undefined, Duration.Input> = Setting.reference(
  "@celeriac/tasks/ConnectionSettings/BrokerConnectionTimeout",
  SettingKind.duration,
  {
    celery: "broker_connection_timeout",
    default: () => undefined,
    defaultShown: "4 seconds",
    readBy: "broker",
    doc: "How long connecting to a broker may take, where the URL does not say so."
  }
)

/** Which of several URLs is tried first: where we were last, then the next; or any. */
export const BrokerFailoverStrategy: Reference<"round-robin" | "shuffle"> = Setting.reference(
  "@celeriac/tasks/ConnectionSettings/BrokerFailoverStrategy",
  SettingKind.oneOf("round-robin", "shuffle"),
  {
    celery: "broker_failover_strategy",
    default: () => "round-robin" as const,
    readBy: "broker",
    doc:
      "Which member of a cluster is tried first: `round-robin` (where we were last, then the next) or `shuffle` (any)."
  }
)

/** What the connection is made with besides its URL. Celery's `broker_transport_options`. */
export const BrokerTransportOptions: Reference<TransportOptions.TransportOptions> = Setting.reference(
  "@celeriac/tasks/ConnectionSettings/BrokerTransportOptions",
  TransportOptions.kind,
  {
    celery: "broker_transport_options",
    default: () => ({}),
    defaultShown: "none",
    readBy: "broker",
    doc: "What the connection is made with, where the URL does not say so."
  }
)
