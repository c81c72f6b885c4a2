/** What the integration tests have at hand. */
import type { Address, Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { type Connection, type ConnectOptions, Transport } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AmqpOptions } from "../../src/AmqpConfig.ts"
import * as AmqpTransport from "../../src/AmqpTransport.ts"

export const connect = (
  url: string,
  options: Omit<AmqpOptions, "url"> & ConnectOptions = {}
): Effect.Effect<Connection, MessagingError, Scope.Scope> =>
  Effect.flatMap(
    Transport,
    (transport) => transport.connect(options.name === undefined ? {} : { name: options.name })
  ).pipe(
    Effect.provide(AmqpTransport.layer({ ...options, url }))
  )

export const message = (text: string, headers: Message["headers"] = {}): Message => ({
  body: Buffer.from(text),
  headers,
  properties: { deliveryMode: 2, correlationId: text.slice(0, 200) }
})

export const to = (queue: string): Address => ({ exchange: "", routingKey: queue })

/** The error, and how many ms it took to come. */
export const timed = <A, R>(effect: Effect.Effect<A, MessagingError, R>): Effect.Effect<
  { readonly error: MessagingError; readonly millis: number },
  never,
  R
> =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const result = yield* Effect.result(effect)
    if (result._tag === "Success") return yield* Effect.die(new Error("expected a failure"))
    return { error: result.failure, millis: (yield* Clock.currentTimeMillis) - start }
  })
