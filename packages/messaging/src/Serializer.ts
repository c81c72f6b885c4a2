/**
 * Turns values into bytes and back.
 *
 * A serializer is found by its name where a message is made, and by the
 * content type where one is read. `Content` calls it, after the size, the
 * content type and the compression were checked; nothing else should.
 * Source: the guide's chapter on serializers, Kombu's registry.
 *
 * To add one, implement the interface and provide `Serializers`:
 *
 * ```ts
 * Effect.provideService(Serializer.Serializers, Serializer.table(Json.json, Raw.raw, Text.text, yaml))
 * ```
 *
 * A message can never name a serializer that is not in the table, nor one
 * whose type is not accepted by the reader.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Limits } from "./Limits.ts"
import { json } from "./serializers/Json.ts"
import { raw } from "./serializers/Raw.ts"
import { text } from "./serializers/Text.ts"

/** How values of one content type are written and read. */
export interface Serializer {
  /** What options call it: `json`. */
  readonly name: string
  /** MIME type. */
  readonly contentType: string
  /** `utf-8` or `binary`. */
  readonly contentEncoding: string
  /** Throws a `MessagingError` (`Unencodable`) for a value that has no form in it; anything else thrown becomes one. */
  readonly encode: (value: unknown) => Uint8Array
  /** Throws a `MessagingError` (`Undecodable`, `TooLarge`) for bytes it refuses; anything else thrown becomes one. */
  readonly decode: (bytes: Uint8Array, limits: Limits) => unknown
}

/** The serializers that can be used, by name and by content type. */
export interface SerializerTable {
  readonly byName: ReadonlyMap<string, Serializer>
  readonly byContentType: ReadonlyMap<string, Serializer>
}

/** Of two with the same name or content type, the later one counts. */
export const table = (...serializers: ReadonlyArray<Serializer>): SerializerTable => ({
  byName: new Map(serializers.map((serializer) => [serializer.name, serializer])),
  byContentType: new Map(serializers.map((serializer) => [serializer.contentType, serializer]))
})

/** `json`, `raw` and `text`. */
export const defaults: SerializerTable = table(json, raw, text)

/** The table that producers and consumers use. */
export const Serializers: Context.Reference<SerializerTable> = Context.Reference<SerializerTable>(
  "@celeriac/messaging/Serializer/Serializers",
  { defaultValue: () => defaults }
)
