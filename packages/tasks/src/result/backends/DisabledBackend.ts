/**
 * Keeps no results: for workers whose results nobody reads, and clients that
 * only send. Celery's `disabled://`.
 *
 * What it cannot do: give a result, count the parts of a chord, or save a group.
 * Asking for it fails and says so.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as GroupRecord from "../GroupRecord.ts"
import * as ResultBackend from "../ResultBackend.ts"
import { because, ResultUnavailable, Unsupported } from "../ResultError.ts"

const uri = "disabled://"

/** Keeps nothing; waiting fails. */
export const layer: Layer.Layer<ResultBackend.ResultBackend> = Layer.succeedContext(
  ResultBackend.make(uri, {
    writer: { storeUnsafe: (_record, _addressee, onStored) => onStored() },
    reader: {
      prepare: () => Effect.void,
      replyTo: undefined,
      wait: (id) => unavailable("wait for result", id),
      updates: (id) => Stream.fromEffect(unavailable("wait for result", id)),
      lookup: (id) => unavailable("look up result", id),
      state: (id) => unavailable("look up state", id),
      forget: () => Effect.void,
      ...GroupRecord.refusing(uri, "keeps nothing, and so no groups")
    },
    chords: {
      isRefusing: true,
      setSize: () => uncounted,
      count: () => uncounted,
      forget: () => Effect.void
    }
  })
)

const unavailable = (operation: string, id: string) =>
  Effect.fail(because(
    operation,
    new ResultUnavailable({
      id,
      backend: uri,
      detail: "results are not stored. Give client and worker another result backend, such as rpc://"
    })
  ))

const uncounted = Effect.suspend(() =>
  Effect.fail(because(
    "count part of chord",
    new Unsupported({
      backend: uri,
      detail: "keeps nothing, and so cannot count the parts of a chord",
      instead: "Use one that keeps results for all workers, or cache+memory:// within one process"
    })
  ))
)
