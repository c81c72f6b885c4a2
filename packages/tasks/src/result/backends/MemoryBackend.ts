/**
 * Keeps results in this process, and counts the parts of chords there: for
 * tests, and for clients and workers that live together. Celery's
 * `cache+memory://`.
 *
 * A result is written and read as one that travels, with the serializer that
 * results have: what passes here passes on a broker. What it cannot do: another
 * process sees nothing of it, and waits for ever. A result is dropped
 * `Settings.ResultExpires` after it was stored.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { Limits } from "@celeriac/messaging/Limits"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as BySettings from "../../BySettings.ts"
import { ChordTally } from "../../internal/ChordTally.ts"
import * as GroupShelf from "../../internal/GroupShelf.ts"
import * as MarkShelf from "../../internal/MarkShelf.ts"
import * as ResultShelf from "../../internal/ResultShelf.ts"
import * as RevokedShelf from "../../internal/RevokedShelf.ts"
import * as Settings from "../../Settings.ts"
import * as ResultBackend from "../ResultBackend.ts"
import { because, fromMessaging, type ResultError, Unencodable } from "../ResultError.ts"
import * as ResultRecord from "../ResultRecord.ts"
import { ResultWriter } from "../ResultWriter.ts"

const uri = "memory://"

/** Kept for `Settings.ResultExpires`, in any number. */
export const layer: Layer.Layer<ResultBackend.ResultBackend> = Layer.effectContext(
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const lifetime = Duration.toMillis(yield* Settings.ResultExpires)
    const shelf = ResultShelf.make({ clock, lifetime })
    const coding = { serializers: yield* Serializers, compressions: yield* Compressions }
    const decoding = { ...coding, limits: yield* Limits, accept: yield* Settings.ResultAcceptContent }

    /** What a reader has of it, whom only bytes reach. */
    const carry = (
      record: ResultRecord.ResultRecord,
      encoding: Content.EncodeOptions
    ): Result.Result<ResultRecord.ResultRecord, ResultError> => {
      const content = Content.encode(ResultRecord.encode(record), encoding)
      if (Result.isFailure(content)) return Result.fail(fromMessaging("store result", uri, content.failure))
      // To store again what no reader takes would come to the same.
      const unread = ({ message }: { readonly message: string }) =>
        because("store result", new Unencodable({ detail: `no reader would take it: ${message}` }))
      return Result.flatMap(
        Result.mapError(Content.decode(content.success, decoding), unread),
        (value) => Result.mapError(ResultRecord.decode(value, record.taskId), unread)
      )
    }

    const revokes = RevokedShelf.make(clock, lifetime)
    const marks = MarkShelf.make(clock)
    const writer = BySettings.make(Effect.map(Settings.ResultSerializer, (serializer) => {
      const encoding = { ...coding, serializer }
      return ResultWriter.of({
        uri,
        storeUnsafe: (record, _addressee, onStored) => {
          const there = carry(record, encoding)
          if (Result.isFailure(there)) return onStored(there.failure)
          shelf.keep(there.success)
          onStored()
        },
        ...revokes,
        marks
      })
    }))

    const tally = new ChordTally({ clock, lifetime })
    return ResultBackend.make(uri, {
      writer: yield* writer,
      reader: {
        prepare: () => Effect.void,
        replyTo: undefined,
        wait: shelf.wait,
        updates: shelf.updates,
        lookup: shelf.lookup,
        state: shelf.state,
        forget: (id) => Effect.sync(() => shelf.forget(id)),
        ...GroupShelf.make(clock, lifetime)
      },
      chords: {
        setSize: (groupId, size) => Effect.sync(() => tally.setSize(groupId, size)),
        count: (part) => Effect.sync(() => tally.count(part)),
        grow: (groupId, added) => Effect.sync(() => tally.grow(groupId, added)),
        forget: (groupId, ended) => Effect.sync(() => tally.forget(groupId, ended))
      }
    })
  })
)
