/**
 * How the outcome of a call crosses: a value, or an error that whoever called
 * can catch as if it were of the same process.
 *
 * @since 0.1.0
 */
import { MessagingError } from "@celeriac/messaging/MessagingError"
import { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Coding } from "../../trace/Portable.ts"
import * as Crossing from "./Crossing.ts"
import type * as Protocol from "./Protocol.ts"

export type Reply = Protocol.Reply

const messaging = Schema.toCodecJson(MessagingError)
const result = Schema.toCodecJson(ResultError)

export const success = (tag: "Item" | "Success", value: unknown, coding: Coding): Reply => {
  const packed = Crossing.pack(value, coding)
  return Result.isSuccess(packed)
    ? { _tag: tag, value: packed.success }
    : { _tag: "Defect", message: `what came of it cannot cross to the child: ${packed.failure}` }
}

export const ofExit = (exit: Exit.Exit<unknown, unknown>, coding: Coding): Reply => {
  if (Exit.isSuccess(exit)) return success("Success", exit.value, coding)
  const error = Cause.squash(exit.cause)
  try {
    if (error instanceof MessagingError) return { _tag: "MessagingError", error: encode(messaging, error) }
    if (error instanceof ResultError) return { _tag: "ResultError", error: encode(result, error) }
  } catch {
    // It holds what JSON has no form for: it is told of in words.
  }
  return { _tag: "Defect", message: error instanceof Error ? error.stack ?? error.message : String(error) }
}

const encode = <A>(schema: Schema.Codec<A, unknown>, error: A): unknown => Schema.encodeSync(schema)(error)

/** In the child: what came of it, as an effect. */
export const toEffect = (reply: Reply, coding: Coding): Effect.Effect<unknown, MessagingError | ResultError> =>
  Effect.suspend((): Effect.Effect<unknown, MessagingError | ResultError> => {
    switch (reply._tag) {
      case "Item":
      case "Success":
        return Effect.succeed(Crossing.unpack(reply.value, coding))
      case "MessagingError":
        return Effect.fail(Schema.decodeUnknownSync(messaging)(reply.error))
      case "ResultError":
        return Effect.fail(Schema.decodeUnknownSync(result)(reply.error))
      case "Defect":
        return Effect.die(remote(reply.message))
    }
  })

/** An error of the other side, which is known by its text alone. */
export const remote = (text: string): Error => {
  const error = new Error(text.split("\n", 1)[0])
  error.stack = text
  return error
}
