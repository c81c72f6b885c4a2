/** Sends what was prepared: with the properties that depend on when it is sent, and by whom. */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as AsyncResult from "../AsyncResult.ts"
import type { PreparedTask } from "../PreparedTask.ts"
import * as TaskMessage from "../protocol/TaskMessage.ts"
import type { ResultError } from "../result/ResultError.ts"
import { ResultReader } from "../result/ResultReader.ts"
import type { TaskError } from "../TaskError.ts"
import type { How, Send } from "./Sending.ts"
import type { SendWays } from "./SendWays.ts"

type Resend = <A, E>(
  prepared: PreparedTask<A, E, unknown>,
  how: How
) => Effect.Effect<AsyncResult.AsyncResult<A, E>, TaskError | MessagingError | ResultError>

/** Over the reader at hand: results come to it, where they are messages. */
export const make = (ways: SendWays, send: Send): Effect.Effect<Resend, never, ResultReader> =>
  Effect.gen(function*() {
    const reader = yield* ResultReader
    const clock = yield* Clock.Clock
    return (prepared, how) => {
      const way = ways.to(prepared.to)
      if (Result.isFailure(way)) return Effect.fail(way.failure)
      const now = clock.currentTimeMillisUnsafe()
      const { body, headers, properties } = prepared.message
      const own = properties.replyTo === "" ? undefined : properties.replyTo
      const message = {
        body,
        headers,
        properties: {
          ...properties,
          replyTo: own ?? (prepared.ignoreResult ? undefined : reader.replyTo) ?? "",
          expiration: TaskMessage.expirationOf(prepared.expires === undefined ? undefined : prepared.expires - now)
        }
      }
      return send({ ...prepared, message, way: way.success }, { ...how, replyTo: own }, now)
    }
  })
