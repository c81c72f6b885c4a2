/**
 * Which serializers there are, by name and by content type.
 *
 * A serializer is found by its name where a message is made, and by the
 * content type where one is read. Source: the guide's chapter on serializers,
 * Kombu's registry.
 *
 * To add one, implement `Serializer` and provide `Serializers`:
 *
 * ```ts
 * Effect.provideService(Serializers.Serializers, Serializers.table(Json.json, Raw.raw, Text.text, yaml))
 * ```
 *
 * A message can never name a serializer that is not in the table, nor one
 * whose type is not accepted by the reader.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Serializer } from "./Serializer.ts"
import { json } from "./serializers/Json.ts"
import { raw } from "./serializers/Raw.ts"
import { text } from "./serializers/Text.ts"

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
  "@celeriac/messaging/Serializers",
  { defaultValue: () => defaults }
)
