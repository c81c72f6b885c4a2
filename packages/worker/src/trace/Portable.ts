/**
 * Results that cross to another thread or process.
 *
 * A structured clone takes plain values as they are, strips others of their
 * class, and throws on the rest. So a result that is not plain is sealed: it
 * leaves the trace as JSON, with Python's types, and is opened where it is
 * stored. Plain results, which is nearly all, cost a look.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { defaults, Limits } from "@celeriac/messaging/Limits"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Settings from "@celeriac/tasks/Settings"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isPlain } from "./internal/Plain.ts"
import { type Failure, failure, type Outcome } from "./Outcome.ts"

/** How values are written and read: with the serializers in effect. */
export type Coding = Content.EncodeOptions & Content.DecodeOptions

/** The coding in effect. */
export const coding: Effect.Effect<Coding> = Effect.gen(function*() {
  return {
    accept: yield* Settings.AcceptContent,
    limits: yield* Limits,
    serializers: yield* Serializers,
    compressions: yield* Compressions
  }
})

const json = { serializer: "json" }

/** A result as an outcome; the failure `EncodeError` when it has no form that could be stored. */
export const success = (result: unknown, coding: Coding): Outcome => {
  if (isPlain(result)) return { _tag: "Success", result, isSealed: false }
  const sealed = Content.encode(result, { ...coding, ...json })
  return Result.isSuccess(sealed)
    ? { _tag: "Success", result: sealed.success.body, isSealed: true }
    : unencodable(sealed.failure.message)
}

/** The failure of a task whose result cannot be written. */
export const unencodable = (why: string): Failure => failure(Exceptions.make("EncodeError", [why], "kombu.exceptions"))

/** The outcome with its result as it was before it was sealed. */
export const open = (outcome: Outcome, coding: Coding): Outcome => {
  if (outcome._tag !== "Success" || !outcome.isSealed) return outcome
  // It is bytes: `success` made them, or a clone of them did.
  const body = outcome.result as Uint8Array
  const opened = Content.decode({ body, headers: {}, properties: asJson }, {
    ...coding,
    accept: ["json"],
    limits: none
  })
  return Result.isSuccess(opened)
    ? { ...outcome, result: opened.success, isSealed: false }
    : unencodable(opened.failure.message)
}

const asJson = { contentType: "application/json", contentEncoding: "utf-8" }

/** It is our own. */
const none = { ...defaults, bodyBytes: Infinity, values: Infinity }
