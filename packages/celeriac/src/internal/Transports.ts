/**
 * The transports, by the scheme of the broker's URL. Each is loaded when its
 * URL is met: who stays in memory never loads RabbitMQ's.
 */
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import type { Transport } from "@celeriac/messaging/Transport"
import * as UriList from "@celeriac/messaging/UriList"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scheme from "./Scheme.ts"

interface Entry {
  /** Where results go when nobody says. */
  readonly results: string
  /** From one URL, or from those of the members of one cluster. */
  readonly load: (
    urls: ReadonlyArray<string>,
    maxMessageSize: number | undefined
  ) => Promise<Layer.Layer<Transport, MessagingError>>
}

const amqp: Entry = {
  results: "rpc://",
  load: (urls, maxMessageSize) =>
    import("@celeriac/amqp/AmqpTransport").then((module) =>
      module.layer({ url: urls.map((url) => Redacted.make(url)), maxMessageSize })
    )
}

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
  maxMessageSize: number | undefined
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
        Effect.promise(() => entry.load(members, maxMessageSize)),
        (layer) => ({ results: entry.results, layer })
      )
  })
