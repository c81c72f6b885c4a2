/**
 * Celery's `broker_transport_options`, as far as they mean something with
 * RabbitMQ: what the connection is made with besides its URL. Kombu hands all that
 * it is given to the library of the broker, which drops what it does not know;
 * here each of those is answered with what to do instead.
 *
 * Source: Kombu 5.7.0, `kombu.transport.pyamqp` and `Connection._extract_failover_opts`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { Kind } from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** How the broker is connected to. What a URL says of itself counts before. */
export interface TransportOptions {
  /** How often each side shows that it lives. Before `brokerHeartbeat`. */
  readonly heartbeat?: Duration.Input | undefined
  /** For all of a connection's handshake. Before `brokerConnectionTimeout`. */
  readonly connectTimeout?: Duration.Input | undefined
  /** `EXTERNAL` for a certificate instead of a password. Default `PLAIN`. */
  readonly loginMethod?: "PLAIN" | "EXTERNAL" | undefined
  /** Shown by the broker's management pages. */
  readonly clientProperties?: Readonly<Record<string, unknown>> | undefined
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value)

/** Celery's names, and ours. */
const names: ReadonlyMap<string, keyof TransportOptions> = new Map([
  ["heartbeat", "heartbeat"],
  ["connect_timeout", "connectTimeout"],
  ["login_method", "loginMethod"],
  ["client_properties", "clientProperties"]
])

const fits: { readonly [K in keyof TransportOptions]-?: (value: unknown) => boolean } = {
  heartbeat: Schema.is(SettingKind.pause.schema()),
  connectTimeout: Schema.is(SettingKind.duration.schema()),
  loginMethod: (value) => value === "PLAIN" || value === "EXTERNAL",
  clientProperties: isTable
}

const isKnown = (name: string): name is keyof TransportOptions => Object.hasOwn(fits, name)

const isOptions = (value: unknown): value is TransportOptions =>
  isTable(value) &&
  Object.entries(value).every(([name, part]) => isKnown(name) && (part === undefined || fits[name](part)))

/** What is so without being said. */
const isAlways = (name: string, value: unknown): boolean =>
  value === null || (name === "confirm_publish" && value === true)

/** Seconds. A name that is none of these fits nowhere. */
const fromCelery = (value: unknown): unknown =>
  isTable(value)
    ? Object.fromEntries(
      Object.entries(value).filter(([name, part]) => !isAlways(name, part)).map(([name, part]) => [
        names.get(name) ?? name,
        name === "heartbeat" || name === "connect_timeout" ? SettingKind.pause.fromCelery(part) : part
      ])
    )
    : value

const toCelery = (options: TransportOptions): Table =>
  Object.fromEntries(
    Array.from(names).flatMap(([name, ours]) => {
      const part = options[ours]
      if (part === undefined) return []
      // The other two are text and an object.
      const isTime = ours === "heartbeat" || ours === "connectTimeout"
      return [[name, isTime ? Duration.toSeconds(part as Duration.Input) : part]]
    })
  )

const inTheUrl = "say it in broker_url, as amqp://user:password@host:port/vhost"
const ofTheSystem = "leave it out: what the system and the broker have is good"
const retried = "say it in task_publish_retry_policy for what is sent, in broker_connection_max_retries for a worker"
const watched = "leave it out: heartbeats find a connection that is silent"
const ofOthers = "leave it out: it is of a broker that there is not here"

/** Of the names that Kombu's transports read, what to do instead. */
const instead: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "confirm_publish": "leave it out: the broker confirms every message",
    "host hostname port userid password virtual_host ssl": inTheUrl,
    "channel_max frame_max locale insist socket_settings": ofTheSystem,
    "read_timeout write_timeout": watched,
    "max_retries interval_start interval_step interval_max connect_retries_timeout": retried,
    "errback callback on_open on_blocked on_unblocked": "leave it out: the log tells what becomes of a connection",
    "visibility_timeout":
      "leave it out: RabbitMQ gives back what a worker held as soon as its connection is gone, or after its consumer_timeout",
    "priority_steps queue_order_strategy sep":
      "leave it out: priorities are RabbitMQ's own, by task_queue_max_priority",
    "authentication login_response": "take login_method, or user and password in broker_url",
    "global_keyprefix fanout_prefix fanout_patterns master_name sentinel_kwargs min_other_sentinels unacked_key unacked_index_key unacked_mutex_key unacked_mutex_expire unacked_restore_limit ack_emulation max_connections health_check_interval retry_on_timeout socket_timeout socket_connect_timeout socket_keepalive socket_keepalive_options client_name region polling_interval predefined_queues queue_name_prefix wait_time_seconds is_secure sts_role_arn data_folder_in data_folder_out control_folder store_processed processed_folder":
      ofOthers
  }).flatMap(([names, what]) => names.split(" ").map((name) => [name, what] as const))
)

/** A sentence of each that does not fit. */
const sentences = (value: unknown): string | undefined => {
  if (!isTable(value)) return undefined
  const wrong = Object.keys(value).filter((name) => !isKnown(name))
  return wrong.length === 0
    ? undefined
    : wrong.map((name) => `${name}: ${instead.get(name) ?? "there is no such option of RabbitMQ's transport"}`).join(
      "; "
    )
}

/** The kind of the setting. What it holds is not shown: there may be a password among it. */
export const kind: Kind<TransportOptions> = {
  schema: () => Schema.declare(isOptions),
  expected:
    "some of heartbeat and connectTimeout (times), loginMethod (PLAIN or EXTERNAL) and clientProperties; for Celery heartbeat, connect_timeout and so on, in seconds",
  fromCelery,
  toCelery,
  instead: sentences,
  isSecret: true
}
