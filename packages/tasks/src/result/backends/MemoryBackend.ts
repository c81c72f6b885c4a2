/**
 * Keeps results in this process, and counts the parts of chords there: for
 * tests, and for clients and workers that live together. Celery's
 * `cache+memory://`.
 *
 * What it cannot do: another process sees nothing of it, and waits for ever.
 * A result is dropped `Settings.ResultExpires` after it was stored.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ChordTally } from "../../internal/ChordTally.ts"
import * as ResultShelf from "../../internal/ResultShelf.ts"
import * as Settings from "../../Settings.ts"
import * as ResultBackend from "../ResultBackend.ts"

/** Kept for `Settings.ResultExpires`, in any number. */
export const layer: Layer.Layer<ResultBackend.ResultBackend> = Layer.effectContext(
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const lifetime = Duration.toMillis(yield* Settings.ResultExpires)
    const shelf = ResultShelf.make({ clock, lifetime })
    const tally = new ChordTally({ clock, lifetime })
    return ResultBackend.make("memory://", {
      writer: {
        storeUnsafe: (record, _addressee, onStored) => {
          shelf.keep(record)
          onStored()
        }
      },
      reader: {
        prepare: () => Effect.void,
        replyTo: undefined,
        wait: shelf.wait,
        lookup: shelf.lookup,
        state: shelf.state,
        forget: (id) => Effect.sync(() => shelf.forget(id))
      },
      chords: {
        setSize: (groupId, size) => Effect.sync(() => tally.setSize(groupId, size)),
        count: (part) => Effect.sync(() => tally.count(part)),
        forget: (groupId) => Effect.sync(() => tally.forget(groupId))
      }
    })
  })
)
