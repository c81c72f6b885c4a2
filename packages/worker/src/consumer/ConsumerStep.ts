/**
 * A step that consumes messages of your own: Celery's `ConsumerStep`.
 *
 * ```ts
 * const MyConsumerStep = ConsumerStep.make("MyConsumerStep", {
 *   consumers: [Consumer.make({ queues: [myQueue], callbacks: [handleMessage], accept: ["json"] })]
 * })
 * ```
 *
 * It gets a channel of its own at every connection, and consumes again after a
 * reconnect. A channel that the broker closes restarts the consumer.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Used } from "@celeriac/bootsteps/Hooks"
import * as Consumer from "@celeriac/messaging/Consumer"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Connection } from "./Connection.ts"

export interface Options<N extends string, Req extends Bootstep.Tags, R, E, RMake> {
  readonly label?: string | undefined
  /** What the consumers use, besides the connection. */
  readonly requires?: Req | undefined
  /** The consumers, or an effect that makes them with the channel they will consume on. */
  readonly consumers:
    | ReadonlyArray<Used<N, Req, "", Consumer.Consumer<R>, Exclude<R, Given>>>
    | ((
      channel: Channel
    ) => Used<N, Req, "", Effect.Effect<ReadonlyArray<Consumer.Consumer<R>>, E, RMake>, Exclude<R | RMake, Given>>)
}

/** What is there without being required. */
type Given = Connection | Scope.Scope

/** What `consumers` use must be in `requires`: the type checker sees to it. */
export const make = <
  const N extends string,
  R,
  E = never,
  RMake = never,
  const Req extends Bootstep.Tags = []
>(
  name: N,
  options: Options<N, Req, R, E, RMake>
): Bootstep.Bootstep<N, never, E | MessagingError, Bootstep.IdOf<Req> | Connection> => {
  const { consumers } = options
  const start = Effect.gen(function*() {
    const { openChannel } = yield* Connection
    const channel = yield* openChannel()
    const made = typeof consumers === "function" ? yield* consumers(channel) : consumers
    const consuming = yield* Effect.forEach(made, (consumer) => Consumer.consume(channel, consumer))
    yield* Bootstep.forkSupervised(channel.lost)
    return consuming
  })
  const close = (consuming: ReadonlyArray<Consumer.Consumption>) =>
    Effect.forEach(consuming, (one) => one.cancel, { discard: true })
  // What may be used was checked above, where the types are known.
  return Bootstep.fromDefinition(name, {
    ...Bootstep.make(name, { start: Effect.void }).definition,
    label: options.label ?? name,
    requires: [Connection, ...(options.requires ?? [])],
    start: () => start,
    close
  })
}
