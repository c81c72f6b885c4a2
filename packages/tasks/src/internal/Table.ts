/**
 * Tables: what JSON's `{}` and AMQP's field tables become when they are read.
 */

/** Whether a decoded value is a plain object: what JSON's `{}` becomes, and neither a list nor bytes nor a date. */
export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
