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
import { encoding, mask } from "@celeriac/messaging/MaskedUri"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
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
    // A '@' behind the host tells of a password that was cut before.
    const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#@;]*)?(?:\?([^#@;]*))?$/i.exec(url)
    if (match === null) {
      return yield* UrlQuery.invalid(
        `'${
          mask(url)
        }' is not a broker URL: expected amqp://user:password@host:port/vhost. ${encoding}, and likewise in the virtual host`
      )
    }
    const [, scheme = "", authority = "", path = "", query = ""] = match
    const secure = schemes[scheme.toLowerCase()]
    if (secure === undefined) {
      return yield* UrlQuery.invalid(
        `'${mask(url)}': '${scheme}' is not a scheme of AMQP: expected amqp, amqps, pyamqp or librabbitmq`
      )
    }
    const at = authority.lastIndexOf("@")
    const [user, ...passwordParts] = at < 0 ? [] : authority.slice(0, at).split(":")
    const place = /^(\[[0-9a-f:.%]+\]|[^:;\s[\]]*)(?::(\d{0,5}))?$/i.exec(authority.slice(at + 1))
    const port = place?.[2] === undefined || place[2] === "" ? undefined : Number(place[2])
    if (place === null || port === 0 || (port ?? 0) > 65535) {
      return yield* UrlQuery.invalid(
        `'${
          mask(url)
        }': the host or port is malformed: expected host:port, with an IPv6 address in brackets. ${encoding}`
      )
    }
    const decode = (text: string, what: string) =>
      Result.try({
        try: () => decodeURIComponent(text),
        catch: () =>
          because(
            "AmqpConfig",
            new InvalidConfiguration({
              detail: `'${mask(url)}': the ${what} is not well percent-encoded: write '%' as '%25'`
            })
          )
      })
    const settings = yield* UrlQuery.parse(query, url)
    const username = user === undefined || user === "" ? "guest" : yield* decode(user, "user name")
    const password = user === undefined ? "guest" : yield* decode(passwordParts.join(":"), "password")
    const virtualHost = (yield* decode(path.slice(1), "virtual host")) || "/"
    const host = (yield* decode(place[1] ?? "", "host")).replace(/^\[|\]$/g, "") || "localhost"
    const tls = secure || options.tls !== undefined || settings.tls !== undefined
      ? { ...settings.tls, ...given(options.tls ?? {}) }
      : undefined
    const endpoint = {
      host,
      port: port ?? (tls === undefined ? 5672 : 5671),
      username,
      password: Redacted.make(password),
      virtualHost,
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

const schemes: Readonly<Record<string, boolean>> = {
  amqp: false,
  pyamqp: false,
  librabbitmq: false,
  amqps: true,
  pyamqps: true
}

const show = (endpoint: Omit<Endpoint, "uri">): string => {
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host
  const virtualHost = endpoint.virtualHost.split("/").map(encodeURIComponent).join("/")
  return `${endpoint.tls === undefined ? "amqp" : "amqps"}://${
    encodeURIComponent(endpoint.username)
  }:**@${host}:${endpoint.port}/${virtualHost}`
}
