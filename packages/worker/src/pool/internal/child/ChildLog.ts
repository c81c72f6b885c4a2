/**
 * What is logged in a child: the parent's loggers write it.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Result from "effect/Result"
import type { Coding } from "../../../trace/Portable.ts"
import * as Crossing from "../Crossing.ts"
import type { Packed } from "../Protocol.ts"
import type { Wire } from "./Wire.ts"

export const make = (wire: Wire, coding: Coding): Logger.Logger<unknown, void> =>
  Logger.make(({ cause, fiber, logLevel, message }) => {
    if (logLevel === "All" || logLevel === "None") return
    const words = Array.isArray(message) ? message : [message]
    wire.send({
      _tag: "Log",
      line: {
        level: logLevel,
        message: packed(words.map(wordOf), coding),
        cause: cause.reasons.length === 0 ? undefined : Cause.pretty(cause),
        annotations: packed(fiber.getRef(References.CurrentLogAnnotations), coding)
      }
    })
  })

const wordOf = (word: unknown): unknown => word instanceof Error ? word.stack ?? String(word) : word

/** What cannot cross is told in words. */
const packed = (value: unknown, coding: Coding): Packed => {
  const result = Crossing.pack(value, coding)
  if (Result.isSuccess(result)) return result.success
  return {
    plain: Array.isArray(value)
      ? value.map(String)
      : Object.fromEntries(Object.entries(value ?? {}).map(([key, value]) => [key, String(value)]))
  }
}
