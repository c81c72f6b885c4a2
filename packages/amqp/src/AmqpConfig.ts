/**
 * Where the broker is and how to talk to it: URLs as Celery reads them, TLS,
 * heartbeat, failover.
 *
 * `amqp://user:password@host:port/vhost` (`pyamqp` and `librabbitmq` are the
 * same, `amqps` and `pyamqps` are over TLS). Everything may be left out: the
 * user is `guest`, the host `localhost`, the port 5672 (5671 over TLS), and the
 * virtual host `/`, for which `//`, `/%2F`, `/` and nothing are all good names.
 * Several URLs, in a list or separated by `;`, are members of one cluster.
 *
 * Source: Celery's guide, "Broker URLs" and "Using RabbitMQ".
 *
 * @since 0.1.0
 */
import { mask } from "@celeriac/messaging/MaskedUri"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Uri from "@celeriac/messaging/Uri"
import * as UriList from "@celeriac/messaging/UriList"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as UrlQuery from "./internal/UrlQuery.ts"

/** Certificates by path or as PEM text. They are read anew for every connection. */
export interface TlsOptions {
  /** Of the authorities to trust, instead of the system's. */
  readonly ca?: string | undefined
  /** Ours, when the broker asks for one. */
  readonly cert?: string | undefined
  readonly key?: string | Redacted.Redacted | undefined
  /** Of the key. */
  readonly passphrase?: Redacted.Redacted | undefined
  /** Whether to check the broker's certificate. Default true. */
  readonly verify?: boolean | undefined
  /** The name to look for in the broker's certificate, if not the host's. */
  readonly servername?: string | undefined
}

/** What an application says. Everything may be left out. */
export interface AmqpOptions {
  /** One URL, or several; default `amqp://guest:guest@localhost:5672//`. */
  readonly url?: string | Redacted.Redacted | ReadonlyArray<string | Redacted.Redacted> | undefined
  /** Which of several URLs to try first: where we were last, then the next (default), or any. */
  readonly failover?: "round-robin" | "shuffle" | undefined
  /** How often each side shows that it lives; the smaller of ours and the broker's counts. 0 is none. Default 30 seconds. */
  readonly heartbeat?: Duration.Input | undefined
  /** For all of a connection's handshake. Default 4 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** How long an orderly close may take before the socket is dropped, with what the broker has not read of it: acks, say. Default 2 seconds. */
  readonly closeTimeout?: Duration.Input | undefined
  /** Over what is in the URL; makes `amqp://` an `amqps://`. */
  readonly tls?: TlsOptions | undefined
  /** Bodies over this many bytes are dropped as they arrive: see `Delivery.defect`. Default 128 MiB. */
  readonly maxBodySize?: number | undefined
  /**
   * The broker's `max_message_size`, in bytes: larger messages fail with
   * `TooLarge` before they are sent. Default: `max_message_size` in the URL, the
   * smallest of several; else learnt from the first that the broker refuses, for
   * all connections of this transport.
   */
  readonly maxMessageSize?: number | undefined
  /** How many messages may wait to be sent, per channel, while the socket is full or the broker blocks. Default 10,000. */
  readonly maxWaiting?: number | undefined
  /** How many bytes of bodies may wait likewise. Default 64 MiB. */
  readonly maxWaitingBytes?: number | undefined
  /** Shown by the broker's management pages, besides our own. */
  readonly clientProperties?: Readonly<Record<string, unknown>> | undefined
}

/** One member of a failover list. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: Redacted.Redacted
  readonly virtualHost: string
  readonly tls: TlsOptions | undefined
  /** For a certificate instead of a password. */
  readonly external: boolean
  /** Seconds. */
  readonly heartbeat: number
  /** Milliseconds. */
  readonly connectTimeout: number
  /** In bytes, as the URL says; `Infinity` when it does not. */
  readonly maxMessageSize: number
  /** As Celery shows it: `amqp://guest:**@host:5672/vhost`. */
  readonly uri: string
}

/** The options worked out, with the defaults filled in. */
export interface AmqpConfig {
  readonly endpoints: readonly [Endpoint, ...Array<Endpoint>]
  readonly failover: "round-robin" | "shuffle"
  /** Milliseconds. */
  readonly closeTimeout: number
  readonly maxBodySize: number
  readonly maxMessageSize: number
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  readonly clientProperties: Readonly<Record<string, unknown>>
}

/** Fails with `InvalidConfiguration`, which says what to mend and shows no password. */
export const make = (options: AmqpOptions = {}): Result.Result<AmqpConfig, MessagingError> =>
  Result.gen(function*() {
    const given = options.url ?? defaultUrl
    const urls = (Array.isArray(given)
      ? given as ReadonlyArray<string | Redacted.Redacted>
      : [given as string | Redacted.Redacted])
      .flatMap((url) => UriList.split(Redacted.isRedacted(url) ? Redacted.value(url) : url))
    const endpoints: Array<Endpoint> = []
    for (const url of urls) endpoints.push(yield* parseUrl(url, options))
    const [first, ...rest] = endpoints
    if (first === undefined) return yield* UrlQuery.invalid("no broker URL was given")
    return {
      endpoints: [first, ...rest],
      failover: options.failover ?? "round-robin",
      closeTimeout: Duration.toMillis(options.closeTimeout ?? "2 seconds"),
      maxBodySize: options.maxBodySize ?? 128 * 1024 * 1024,
      maxMessageSize: options.maxMessageSize ?? Math.min(...endpoints.map(({ maxMessageSize }) => maxMessageSize)),
      maxWaiting: options.maxWaiting ?? 10_000,
      maxWaitingBytes: options.maxWaitingBytes ?? 64 * 1024 * 1024,
      clientProperties: options.clientProperties ?? {}
    }
  })

/** Without what is undefined: that is as good as left out. */
const given = <A extends object>(options: A): Partial<A> =>
  // Fewer of the same.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<A>

/** One URL, without `;`. */
export const parseUrl = (url: string, options: AmqpOptions = {}): Result.Result<Endpoint, MessagingError> =>
  Result.gen(function*() {
    const uri = yield* Result.mapError(Uri.parse(url, expected), UrlQuery.mistake)
    const settings = yield* UrlQuery.parse(uri.query, url)
    const tls = uri.scheme || options.tls !== undefined || settings.tls !== undefined
      ? { ...settings.tls, ...given(options.tls ?? {}) }
      : undefined
    const endpoint = {
      host: uri.host || "localhost",
      port: uri.port ?? (tls === undefined ? 5672 : 5671),
      username: uri.user || "guest",
      password: Redacted.make(uri.password ?? "guest"),
      virtualHost: uri.path || "/",
      tls,
      external: settings.external,
      heartbeat: Math.ceil(Duration.toSeconds(options.heartbeat ?? settings.heartbeat ?? "30 seconds")),
      connectTimeout: Duration.toMillis(options.connectTimeout ?? settings.connectTimeout ?? "4 seconds"),
      maxMessageSize: settings.maxMessageSize
    }
    if (!(endpoint.heartbeat >= 0 && endpoint.heartbeat <= 65535)) {
      return yield* UrlQuery.invalid(`'${mask(url)}': the heartbeat must be between 0 and 65535 seconds`)
    }
    return { ...endpoint, uri: show(endpoint) }
  })

/** Celery's default broker. */
export const defaultUrl = "amqp://guest:guest@localhost:5672//"

const expected: Uri.Expected<boolean> = {
  what: "broker URL",
  form: "amqp://user:password@host:port/vhost",
  family: "AMQP",
  // Over TLS or not.
  schemes: new Map([
    ["amqp", false],
    ["pyamqp", false],
    ["librabbitmq", false],
    ["amqps", true],
    ["pyamqps", true]
  ]),
  schemesShown: "amqp, amqps, pyamqp or librabbitmq",
  path: "virtual host",
  encodesPath: true
}

const show = (endpoint: Omit<Endpoint, "uri">): string => {
  const virtualHost = endpoint.virtualHost.split("/").map(encodeURIComponent).join("/")
  return `${endpoint.tls === undefined ? "amqp" : "amqps"}://${encodeURIComponent(endpoint.username)}:**@${
    Uri.showPlace(endpoint.host, endpoint.port)
  }/${virtualHost}`
}
