/**
 * Keeps results in this process: for tests, and for clients and workers that
 * live together. A result is dropped `Settings.ResultExpires` after it was
 * stored.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ResultShelf from "../../internal/ResultShelf.ts"
import * as Settings from "../../Settings.ts"
import * as TaskState from "../../TaskState.ts"
import { ResultBackend } from "../ResultBackend.ts"

/** Kept for `Settings.ResultExpires`, in any number. */
export const layer: Layer.Layer<ResultBackend> = Layer.effect(
  ResultBackend,
  Effect.gen(function*() {
    const shelf = ResultShelf.make({
      clock: yield* Clock.Clock,
      lifetime: Duration.toMillis(yield* Settings.ResultExpires)
    })
    return ResultBackend.of({
      name: "memory",
      storeUnsafe: (record, _addressee, onStored) => {
        shelf.keep(record)
        onStored()
      },
      prepare: () => Effect.void,
      replyTo: undefined,
      wait: shelf.wait,
      lookup: (id) => Effect.sync(() => shelf.find(id)),
      state: (id) => Effect.sync(() => shelf.find(id)?.status ?? TaskState.PENDING),
      forget: (id) => Effect.sync(() => shelf.forget(id))
    })
  })
)
