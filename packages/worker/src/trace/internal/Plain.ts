/**
 * Whether a structured clone of a value is the same value, and how large it is.
 *
 * @since 0.1.0
 */

/** Deeper values are not looked at: who seals them knows about circles. */
const deepest = 100

export const isPlain = (value: unknown, depth = deepest): boolean => {
  switch (typeof value) {
    case "function":
    case "symbol":
      return false
    case "object":
      break
    default:
      return true
  }
  if (value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (!isPlain(value[i], depth - 1)) return false
    }
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype || prototype === Uint8Array.prototype) return true
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key in value) {
    if (!isPlain((value as Record<string, unknown>)[key], depth - 1)) return false
  }
  return true
}

/** Whether a plain value has more bytes than that, roughly: as text, and eight for what is none. It looks no further than that takes. */
export const isLarger = (value: unknown, bytes: number): boolean => left(value, bytes) < 0

const left = (value: unknown, bytes: number): number => {
  if (typeof value === "string") return bytes - value.length
  if (typeof value !== "object" || value === null) return bytes - 8
  if (ArrayBuffer.isView(value)) return bytes - value.byteLength
  let rest = bytes - 8
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && rest >= 0; i++) rest = left(value[i], rest)
    return rest
  }
  for (const key in value) {
    if (rest < 0) return rest
    rest = left((value as Record<string, unknown>)[key], rest - key.length)
  }
  return rest
}
