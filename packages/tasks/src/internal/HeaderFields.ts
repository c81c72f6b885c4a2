/**
 * One header each: reads its value, or throws a `Refusal` that names it.
 *
 * Used by `TaskHeaders`, which decides what is read with what. Absent and null
 * are the same everywhere.
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { Headers } from "@celeriac/messaging/Message"
import { Refusal } from "./Refusal.ts"
import { isTable } from "./Table.ts"

/** Seconds. */
export interface TimeLimit {
  /** The task is killed. */
  readonly hard: number | undefined
  /** The task is told, and may clean up. */
  readonly soft: number | undefined
}

/** A time limit that limits nothing. */
export const noTimeLimit: TimeLimit = Object.freeze({ hard: undefined, soft: undefined })

/** What `custom` and `stamps` are when there are none. */
export const none: Headers = Object.freeze({})

/** What is expected of a header that must be there and is not. */
export const Absent = ""

export const requiredText = (header: string, value: unknown): string => {
  if (typeof value === "string" && value !== "") return value
  if (value == null || value === "") throw new Refusal(header, Absent, value)
  throw new Refusal(header, "text", value)
}

/** Empty text says as little as null does. */
export const optionalText = (header: string, value: unknown): string | undefined => {
  if (value == null || value === "") return undefined
  if (typeof value === "string") return value
  throw new Refusal(header, "text or null", value)
}

/** Unlike an empty name, an empty repr is a repr. */
export const repr = (header: string, value: unknown): string | undefined => {
  if (value == null) return undefined
  if (typeof value === "string") return value
  throw new Refusal(header, "text or null", value)
}

export const time = (header: string, text: string): number => {
  const millis = IsoTime.parse(text)
  if (millis === undefined) throw new Refusal(header, "an ISO-8601 time in the years 1 to 9999", text)
  return Math.ceil(millis)
}

export const integer = (header: string, value: unknown): number => {
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number === "number" && Number.isSafeInteger(number)) return number
  throw new Refusal(header, "an integer or null", value)
}

export const count = (header: string, value: unknown): number => {
  if (value === 0 || value == null) return 0
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number
  throw new Refusal(header, "an integer from 0 upwards", value)
}

export const flag = (header: string, value: unknown): boolean | undefined => {
  if (value === false) return false
  if (value === true) return true
  if (value == null) return undefined
  throw new Refusal(header, "true, false or null", value)
}

export const timeLimit = (value: unknown): TimeLimit => {
  if (value == null) return noTimeLimit
  if (!Array.isArray(value) || value.length > 2) {
    throw new Refusal("timelimit", "a list of the hard and the soft limit", value)
  }
  const hard: unknown = value[0]
  const soft: unknown = value[1]
  if (hard == null && soft == null) return noTimeLimit
  return { hard: seconds(hard), soft: seconds(soft) }
}

/** No limit is written as null, and by some as 0. */
const seconds = (value: unknown): number | undefined => {
  if (value == null) return undefined
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number === "number" && number >= 0 && number !== Infinity) return number === 0 ? undefined : number
  throw new Refusal("timelimit", "a list of two limits, each null or a number of seconds from 0 upwards", value)
}

export const names = (header: string, value: unknown): ReadonlyArray<string> | undefined => {
  if (value == null) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value
  throw new Refusal(header, "a list of names or null", value)
}

export const table = (header: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (value == null) return none
  if (isTable(value)) return value
  throw new Refusal(header, "an object or null", value)
}
