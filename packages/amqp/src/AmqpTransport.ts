/**
 * `Transport` over AMQP 0-9-1: RabbitMQ, and what speaks as it does.
 *
 * ```ts
 * const Broker = AmqpTransport.layer({ url: "amqp://guest:guest@localhost:5672//" })
 * ```
 *
 * Each `connect` tries the members of the failover list once, beginning where
 * it succeeded last (or anywhere, with `shuffle`). Trying again is the
 * caller's, who knows for how long. A worker publishes on another connection
 * than the one it consumes on: a broker that blocks publishers stops reading
 * from a connection that has published, acks included.
 *
 * @since 0.1.0
 */
import type { ExchangeType } from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { because, ConnectionLost } from "@celeriac/messaging/MessagingError"
import type { Connection, ConnectOptions } from "@celeriac/messaging/Transport"
import { Transport } from "@celeriac/messaging/Transport"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as AmqpConfig from "./AmqpConfig.ts"
import * as AmqpConnection from "./internal/AmqpConnection.ts"

/** The service itself, from options worked out by `AmqpConfig.make`. */
export const make = (config: AmqpConfig.AmqpConfig): Transport["Service"] => {
  const { endpoints } = config
  let last = 0
  // Every connection is told what one of them has learnt.
  const limit = { bytes: config.maxMessageSize }
  return Transport.of({
    driver: "amqp",
    uri: endpoints[0].uri,
    exchangeTypes,
    connect: Effect.fnUntraced(function*(options: ConnectOptions = {}) {
      const order = config.failover === "shuffle"
        ? yield* Random.shuffle(endpoints.keys())
        : endpoints.map((_, i) => (last + i) % endpoints.length)
      const errors: Array<MessagingError> = []
      for (const at of order) {
        const endpoint = endpoints[at] ?? endpoints[0]
        const attempt = yield* Effect.result(AmqpConnection.open(endpoint, config, options.name, limit))
        if (attempt._tag === "Success") {
          last = at
          return attempt.success
        }
        errors.push(attempt.failure)
      }
      return yield* Effect.fail(allFailed(errors))
    }) satisfies (options?: ConnectOptions) => Effect.Effect<Connection, MessagingError, Scope.Scope>
  })
}

/** A `Transport` to the broker of these options. Nothing connects before it is asked to. */
export const layer = (options: AmqpConfig.AmqpOptions = {}): Layer.Layer<Transport, MessagingError> =>
  Layer.effect(Transport, Effect.map(Effect.fromResult(AmqpConfig.make(options)), make))

/** The same, with options from a `ConfigProvider`. Loads Effect's Config when it is built: 5 MB that others need not carry. */
export const layerConfig = (
  options: Config.Wrap<AmqpConfig.AmqpOptions>
): Layer.Layer<Transport, MessagingError | Config.ConfigError> =>
  Layer.effect(
    Transport,
    Effect.gen(function*() {
      const { unwrap } = yield* Effect.promise(() => import("effect/Config"))
      return make(yield* Effect.fromResult(AmqpConfig.make(yield* unwrap(options))))
    })
  )

const exchangeTypes: ReadonlySet<ExchangeType> = new Set<ExchangeType>(["direct", "topic", "fanout", "headers"])

/** One failure as it is; of several, all are told, and hope is kept while one member may come back. */
const allFailed = (errors: ReadonlyArray<MessagingError>): MessagingError => {
  const [first] = errors
  if (first !== undefined && errors.length === 1) return first
  if (first !== undefined && errors.every((error) => !error.isRecoverable)) return first
  return because(
    "connect",
    new ConnectionLost({
      uri: "every broker of the failover list",
      detail: errors.map((error) => error.reason.message).join("; ")
    })
  )
}
