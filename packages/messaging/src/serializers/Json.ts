/**
 * JSON as Python's `json` and Kombu 5.3 write it.
 *
 * Plain JSON goes through `JSON.parse` and `JSON.stringify`. Beyond it:
 *
 * * `NaN`, `Infinity` and `-Infinity` stand bare, and integers beyond 2^53 are
 *   `bigint`, both ways;
 * * a value with a Python type of its own travels in an envelope of exactly
 *   two keys, `{"__type__": "decimal", "__value__": "1.5"}`; only such values
 *   get one, so older peers read the rest. See `PythonValue` for the values,
 *   `Uint8Array` being Python's `bytes`;
 * * an envelope of unknown type is refused, not guessed.
 *
 * Written are also: `Date` (as a datetime), `Map` with keys that are strings
 * (as an object), `Set` (as a list), and whatever has a `toJSON`. `undefined`
 * is left out of an object and is `null` in a list. Functions, symbols, cycles
 * and `Redacted` values are refused, with the path to them.
 *
 * `__proto__` and `constructor` are keys like others; of duplicate keys the
 * last one counts. Source: protocol section 3.1.
 *
 * @since 0.1.0
 */
import type { Serializer } from "../Serializer.ts"
import * as JsonReader from "./internal/JsonReader.ts"
import type { JsonType } from "./internal/JsonType.ts"
import * as JsonWriter from "./internal/JsonWriter.ts"
import * as Utf8 from "./internal/Utf8.ts"

export type { JsonType } from "./internal/JsonType.ts"

/** What `make` adds to the built-in types. */
export interface JsonOptions {
  /** Asked before the built-in ones, in this order. */
  readonly types?: ReadonlyArray<JsonType<any>> | undefined
}

/** JSON with types of your own. */
export const make = (options: JsonOptions = {}): Serializer => {
  const types = options.types ?? []
  const decoders = JsonReader.decoders(types)
  return {
    name: "json",
    contentType: "application/json",
    contentEncoding: "utf-8",
    encode: (value) => Utf8.encode(JsonWriter.stringify(value, types)),
    decode: (bytes, limits) => JsonReader.parse(Utf8.decode(bytes), limits, decoders)
  }
}

/** JSON with the built-in types. */
export const json: Serializer = make()
