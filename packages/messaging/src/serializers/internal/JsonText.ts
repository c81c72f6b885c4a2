/**
 * Reads JSON as Python's `json` does, where `JSON.parse` cannot: `NaN`,
 * `Infinity` and `-Infinity` stand bare, and integers beyond 2^53 stay exact
 * (as `bigint`).
 *
 * Slower than `JSON.parse`, which `Json` tries first. Its errors say where,
 * and never quote the text: a body may hold secrets.
 *
 * @since 0.1.0
 */
import type { Limits } from "../../Limits.ts"
import { because, type MessagingError, TooLarge, Undecodable } from "../../MessagingError.ts"
import { maxDigits } from "../../PythonValue.ts"

/** Throws `Undecodable`, or `TooLarge` when it is nested deeper than `depth` levels. */
export const parse = (text: string, depth: number): unknown => {
  const reader: Reader = { text, at: 0, depth }
  skipSpace(reader)
  const value = readValue(reader, depth)
  skipSpace(reader)
  if (reader.at < text.length) throw undecodable("extra data", reader.at)
  return value
}

/**
 * Refuses a text that is nested too deep or holds too many values, before
 * anything is built from it. Costs a pass over the text and no memory. Throws
 * `TooLarge`; what is not JSON it leaves to the reader.
 */
export const survey = (text: string, limits: Limits): void => {
  let level = 0
  let values = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case Quote:
        do {
          at = text.indexOf("\"", at + 1)
          if (at === -1) return
        } while (isEscaped(text, at))
        break
      case OpenBracket:
      case OpenBrace:
        if (++level > limits.depth) throw tooDeep(limits.depth)
        values++
        break
      case CloseBracket:
      case CloseBrace:
        level--
        break
      case Comma:
        if (++values > limits.values) {
          throw because("decode", new TooLarge({ what: "the number of values in the body", limit: limits.values }))
        }
        break
    }
  }
}

export const tooDeep = (depth: number): MessagingError =>
  because("decode", new TooLarge({ what: "the nesting of the body", limit: depth }))

const Quote = 0x22
const Backslash = 0x5c
const Comma = 0x2c
const Colon = 0x3a
const OpenBracket = 0x5b
const CloseBracket = 0x5d
const OpenBrace = 0x7b
const CloseBrace = 0x7d

interface Reader {
  readonly text: string
  at: number
  readonly depth: number
}

const undecodable = (what: string, at: number) =>
  because("decode", new Undecodable({ detail: `not JSON: ${what} at character ${at}` }))

const isEscaped = (text: string, quote: number): boolean => {
  let at = quote
  while (text.charCodeAt(at - 1) === Backslash) at--
  return (quote - at) % 2 === 1
}

const skipSpace = (reader: Reader): void => {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    reader.at++
  }
}

const words: ReadonlyArray<readonly [string, unknown]> = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity]
]

const readValue = (reader: Reader, depth: number): unknown => {
  switch (reader.text.charCodeAt(reader.at)) {
    case Quote:
      return readString(reader)
    case OpenBracket:
      if (depth === 0) throw tooDeep(reader.depth)
      return readArray(reader, depth - 1)
    case OpenBrace:
      if (depth === 0) throw tooDeep(reader.depth)
      return readObject(reader, depth - 1)
  }
  const number = readNumber(reader)
  if (number !== undefined) return number
  for (const [word, value] of words) {
    if (reader.text.startsWith(word, reader.at)) {
      reader.at += word.length
      return value
    }
  }
  throw undecodable("no value", reader.at)
}

const readArray = (reader: Reader, depth: number): Array<unknown> => {
  const out: Array<unknown> = []
  reader.at++
  skipSpace(reader)
  if (reader.text.charCodeAt(reader.at) === CloseBracket) {
    reader.at++
    return out
  }
  for (;;) {
    out.push(readValue(reader, depth))
    skipSpace(reader)
    const code = reader.text.charCodeAt(reader.at++)
    if (code === CloseBracket) return out
    if (code !== Comma) throw undecodable("no comma between items", reader.at - 1)
    skipSpace(reader)
  }
}

const readObject = (reader: Reader, depth: number): Record<string, unknown> => {
  const out: Record<string, unknown> = {}
  reader.at++
  skipSpace(reader)
  if (reader.text.charCodeAt(reader.at) === CloseBrace) {
    reader.at++
    return out
  }
  for (;;) {
    if (reader.text.charCodeAt(reader.at) !== Quote) throw undecodable("no key in double quotes", reader.at)
    const key = readString(reader)
    skipSpace(reader)
    if (reader.text.charCodeAt(reader.at) !== Colon) throw undecodable("no colon after a key", reader.at)
    reader.at++
    skipSpace(reader)
    setOwn(out, key, readValue(reader, depth))
    skipSpace(reader)
    const code = reader.text.charCodeAt(reader.at++)
    if (code === CloseBrace) return out
    if (code !== Comma) throw undecodable("no comma between members", reader.at - 1)
    skipSpace(reader)
  }
}

/** Assigning to `__proto__` would change the prototype: there it is defined. */
const setOwn = (out: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(out, key, { value, writable: true, enumerable: true, configurable: true })
  } else {
    out[key] = value
  }
}

const readString = (reader: Reader): string => {
  const { text } = reader
  const start = reader.at
  let escaped = false
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === Quote) {
      reader.at = at + 1
      return escaped ? unescape(text.slice(start, at + 1), start) : text.slice(start + 1, at)
    }
    if (code < 0x20) throw undecodable("a control character in a string", at)
    if (code === Backslash) {
      escaped = true
      at++
    }
  }
  throw undecodable("a string that does not end", start)
}

const unescape = (quoted: string, at: number): string => {
  try {
    return JSON.parse(quoted)
  } catch {
    throw undecodable("a bad escape in the string", at)
  }
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y

const readNumber = (reader: Reader): number | bigint | undefined => {
  number.lastIndex = reader.at
  const match = number.exec(reader.text)
  if (match === null) return undefined
  const literal = match[0]
  if (match[1] !== undefined || match[2] !== undefined || literal.length <= 15) {
    reader.at += literal.length
    return Number(literal)
  }
  if (literal.length > maxDigits) throw undecodable(`an integer of more than ${maxDigits} digits`, reader.at)
  reader.at += literal.length
  const float = Number(literal)
  return Number.isSafeInteger(float) ? float : BigInt(literal)
}
