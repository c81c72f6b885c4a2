/**
 * Publishes a task that is ready, and gives hold of its result: the reply queue
 * first where there is one, then the message, by the detour of a delay where the
 * broker keeps it until it is due.
 */
import type { Address } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as AsyncResult from "../AsyncResult.ts"
import type { CallOptions } from "../CallOptions.ts"
import * as PublishSignals from "../PublishSignals.ts"
import type { ResultError } from "../result/ResultError.ts"
import { ResultReader } from "../result/ResultReader.ts"
import * as Settings from "../Settings.ts"
import type { Ready } from "./Preparing.ts"
import * as SendDeadline from "./SendDeadline.ts"
import type { SendWays } from "./SendWays.ts"
import * as SentEvents from "./SentEvents.ts"

/** How long, and how stubbornly. */
export type How = Pick<CallOptions, "deadline" | "retry" | "retryPolicy" | "replyTo">

export type Send = <A, E>(
  ready: Ready<A, E>,
  how: How,
  now: number
) => Effect.Effect<AsyncResult.AsyncResult<A, E>, MessagingError | ResultError>

/** Over the producer and the reader at hand. */
export const make = (ways: SendWays): Effect.Effect<Send, never, Producer.Producer | ResultReader> =>
  Effect.gen(function*() {
    const producer = yield* Producer.Producer
    const reader = yield* ResultReader
    const clock = yield* Clock.Clock
    const tellSent = yield* SentEvents.make
    const signals = yield* PublishSignals.make
    const usual = yield* Settings.PublishDeadline
    const retries = yield* Settings.PublishRetry
    const policy = yield* Settings.PublishRetryPolicy

    return <A, E>(ready: Ready<A, E>, how: How, now: number) => {
      const { retry = retries, retryPolicy = policy } = how
      const { eta, id, ignoreResult, outcome, way } = ready
      const message = signals?.before({ task: ready.task, id, message: ready.message, to: way }) ??
        ready.message
      const address = eta === undefined ? way : ways.delayed(way, eta - now)
      const publishTo = ({ exchange, routingKey }: Address, deadline: Duration.Input) =>
        producer.publish(message, {
          exchange,
          routingKey,
          declare: way.declare,
          deadline,
          retry: retry && (retryPolicy ?? true)
        })
      // Somebody else gets it: nothing comes here.
      const isElsewhere = how.replyTo !== undefined && reader.replyTo !== undefined
      const publish = (deadline: Duration.Input) => {
        const publishing = address === way
          ? publishTo(way, deadline)
          : Effect.catch(
            publishTo(address, deadline),
            (error) => isWithoutDelays(error) ? publishTo(way, deadline) : Effect.fail(error)
          )
        const told = tellSent === undefined
          ? publishing
          : Effect.tap(publishing, () => Effect.sync(() => tellSent(message, way, way.queue)))
        const signalled = signals === undefined
          ? told
          : Effect.tap(
            told,
            () => Effect.sync(() => signals.after({ task: ready.task, id, message, to: way }))
          )
        return Effect.as(signalled, AsyncResult.fromReader(id, reader, outcome, ignoreResult || isElsewhere))
      }
      const within = how.deadline ?? usual
      return ignoreResult || isElsewhere
        ? publish(within)
        : SendDeadline.reaching(
          clock,
          within,
          way,
          producer.connect,
          { retry, retryPolicy },
          (left) => SendDeadline.preparing(clock, left, way, (deadline) => reader.prepare(id, deadline), publish)
        )
    }
  })

/** No worker has declared the queues that keep delayed tasks: nothing was stored, and a worker will hold it. */
const isWithoutDelays = ({ reason }: MessagingError): boolean =>
  reason._tag === "NotFound" || reason._tag === "Unroutable"
