/**
 * Values that nobody but JavaScript describes: what a handler returns without a
 * schema, and what a schema of another library checks.
 *
 * Such a schema knows nothing of the wire. So a value arrives as JavaScript's
 * own, a `Date` for Python's `datetime` and text for a `UUID`; and one that
 * would come back as something else is refused where it is sent, with what to
 * do, instead of by whoever receives it.
 */
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as DateTime from "effect/DateTime"

/** Why `value` would not arrive as it is, or nothing. */
export const refusal = (value: unknown): string | undefined => refuse(value, "", [])

/** What was received, in JavaScript's own types. Lists and objects are new where something in them changed. */
export const fromWire = (wire: unknown): unknown => {
  if (typeof wire !== "object" || wire === null) return wire
  if (DateTime.isDateTime(wire)) return new Date(wire.epochMilliseconds)
  if (wire instanceof PythonValue.Uuid) return wire.toString()
  if (Array.isArray(wire)) {
    const items = wire.map(fromWire)
    return items.some((item, index) => item !== wire[index]) ? items : wire
  }
  if (Object.getPrototypeOf(wire) !== Object.prototype) return wire
  const entries = Object.entries(wire)
  const native = entries.map(([key, item]) => [key, fromWire(item)] as const)
  return native.some(([, item], index) => item !== entries[index]![1]) ? Object.fromEntries(native) : wire
}

const refuse = (value: unknown, path: string, above: ReadonlyArray<object>): string | undefined => {
  const at = path === "" ? "" : ` (at ${path.replace(/^\./, "")})`
  switch (typeof value) {
    case "function":
    case "symbol":
      return `a ${typeof value} is not sent${at}`
    case "bigint":
      return Number.isSafeInteger(Number(value))
        ? `a bigint of this size arrives as a number: send Number(value)${at}`
        : undefined
    case "object":
      break
    default:
      return undefined
  }
  if (value === null || value instanceof Date || value instanceof Uint8Array) return undefined
  if (value instanceof Map) return `a Map arrives as an object: send Object.fromEntries(value)${at}`
  if (value instanceof Set) return `a Set arrives as a list: send Array.from(value)${at}`
  if (above.includes(value)) return `a value that contains itself is not sent${at}`
  if (above.length >= deepest) return undefined // the serializer says it
  if ("toJSON" in value && typeof value.toJSON === "function") return undefined
  const inside = [...above, value]
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (item === undefined) return `undefined in a list arrives as null: send null (at ${path}[${index}])`
      const why = refuse(item, `${path}[${index}]`, inside)
      if (why !== undefined) return why
    }
    return undefined
  }
  for (const [key, item] of Object.entries(value)) {
    const why = refuse(item, `${path}.${key.slice(0, 64)}`, inside)
    if (why !== undefined) return why
  }
  return undefined
}

const deepest = 200
