/**
 * The transports, by the scheme of the broker's URL. Each is loaded when its
 * URL is met: who stays in memory never loads RabbitMQ's.
 */
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import type { Transport } from "@celeriac/messaging/Transport"
import * as UriList from "@celeriac/messaging/UriList"
import type { TransportOptions } from "@celeriac/tasks/TransportOptions"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scheme from "./Scheme.ts"

/** How the broker is connected to, where its URL does not say so. */
export interface Connecting {
  readonly maxMessageSize: number | undefined
  readonly heartbeat: Duration.Input | undefined
  readonly connectTimeout: Duration.Input | undefined
  readonly failover: "round-robin" | "shuffle"
  /** Before those above. */
  readonly options: TransportOptions
}

interface Entry {
  /** Where results go when nobody says. */
  readonly results: string
  /** From one URL, or from those of the members of one cluster. */
  readonly load: (
    urls: ReadonlyArray<string>,
    settings: Connecting
  ) => Promise<Layer.Layer<Transport, MessagingError>>
}

const amqp: Entry = {
  results: "rpc://",
  load: (urls, { failover, maxMessageSize, options, ...times }) => {
    const { clientProperties, connectTimeout = times.connectTimeout, heartbeat = times.heartbeat, loginMethod } =
      options
    const saying = new Map<string, string | number | undefined>([
      ["heartbeat", heartbeat === undefined ? undefined : Duration.toSeconds(heartbeat)],
      ["connect_timeout", connectTimeout === undefined ? undefined : Duration.toSeconds(connectTimeout)],
      ["login_method", loginMethod]
    ])
    const whole = (url: string): string =>
      Array.from(saying).reduce((url, [name, value]) => said(url, name, value), url)
    return import("@celeriac/amqp/AmqpTransport").then((module) =>
      module.layer({ url: urls.map((url) => Redacted.make(whole(url))), maxMessageSize, failover, clientProperties })
    )
  }
}

/** What a URL says of itself counts before what is said of all. */
const said = (url: string, name: string, value: string | number | undefined): string =>
  value === undefined || new RegExp(`[?&](${names.get(name) ?? name})=`).test(url)
    ? url
    : `${url}${url.includes("?") ? "&" : "?"}${name}=${value}`

/** The names under which a URL says the same. */
const names: ReadonlyMap<string, string> = new Map([
  ["connect_timeout", "connect_timeout|connection_timeout"],
  ["login_method", "login_method|auth_mechanism"]
])

const memory: Entry = {
  results: "memory://",
  load: () => import("@celeriac/messaging/transports/MemoryTransport").then((module) => module.layer())
}

const transports: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ["amqp", amqp],
  ["amqps", amqp],
  ["pyamqp", amqp],
  ["pyamqps", amqp],
  ["librabbitmq", amqp],
  ["memory", memory]
])

interface Found {
  readonly results: string
  readonly layer: Layer.Layer<Transport, MessagingError>
}

/** The transport of these URLs, which are one cluster's: the first one decides. */
export const find = (
  urls: ReadonlyArray<Scheme.Secret>,
  settings: Connecting
): Effect.Effect<Found, MessagingError> =>
  Effect.suspend(() => {
    const members = urls.flatMap((url) => UriList.split(Scheme.reveal(url)))
      .map((url) => Scheme.complete(url, transports))
    const scheme = Scheme.schemeOf(members[0] ?? "")
    const entry = transports.get(scheme)
    return entry === undefined
      ? Effect.fail(
        because("broker", new InvalidConfiguration({ detail: Scheme.unknown("transport", scheme, transports) }))
      )
      // A module of our own that does not load is a broken installation.
      : Effect.map(
        Effect.promise(() => entry.load(members, settings)),
        (layer) => ({ results: entry.results, layer })
      )
  })
