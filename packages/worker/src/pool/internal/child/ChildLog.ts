/**
 * What is logged in a child: the parent's loggers write it. Made without
 * `effect/Logger`, which loads files and streams.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as LogFields from "../../../state/LogFields.ts"
import type { Coding } from "../../../trace/Portable.ts"
import * as Crossing from "../Crossing.ts"
import type { Packed } from "../Protocol.ts"
import type { Wire } from "./Wire.ts"

/** In place of all others. */
export const loggers = (wire: Wire, coding: Coding): ReadonlySet<Logger.Logger<unknown, unknown>> =>
  new Set([Object.assign(Object.create(kind), { log: writer(wire, coding) })])

/** What Effect's own loggers are. */
const kind: object = Object.getPrototypeOf([...References.CurrentLoggers.defaultValue()][0])

const writer = (wire: Wire, coding: Coding) => ({ cause, fiber, logLevel, message }: Logger.Options<unknown>): void => {
  if (logLevel === "All" || logLevel === "None") return
  const task = LogFields.writer(fiber)
  const words = Array.isArray(message) ? message : [message]
  wire.send({
    _tag: "Log",
    line: {
      level: logLevel,
      message: packed(words.map(wordOf), coding),
      cause: cause.reasons.length === 0 ? undefined : Cause.pretty(cause),
      annotations: packed(fiber.getRef(References.CurrentLogAnnotations), coding),
      task: task === undefined ? undefined : LogFields.portable(task)
    }
  })
}

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
