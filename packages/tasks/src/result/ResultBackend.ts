/**
 * A result backend: wherever the results of tasks are kept.
 *
 * Three services, for three who have nothing else in common: `ResultWriter` for
 * the worker that stores, `ResultReader` for the client that asks,
 * `ChordCounter` for the chord whose last part sends its body. Implementations
 * stand in `backends/`: `RpcBackend` sends results to the client that asked,
 * `MemoryBackend` keeps them in the process, `DisabledBackend` keeps nothing.
 * `testing/ResultBackendConformance` says what each must do.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { ChordCounter } from "./ChordCounter.ts"
import { ResultReader } from "./ResultReader.ts"
import { ResultWriter } from "./ResultWriter.ts"

/** What the layer of every backend provides. */
export type ResultBackend = ResultWriter | ResultReader | ChordCounter

/** A backend, as its layer provides it: all is named by one `uri`. */
export const make = (uri: string, backend: {
  /** A whole service stays the one that it is: see `BySettings`. */
  readonly writer: Omit<ResultWriter["Service"], "uri"> | ResultWriter["Service"]
  readonly reader: Omit<ResultReader["Service"], "uri">
  readonly chords: Omit<ChordCounter["Service"], "uri">
}): Context.Context<ResultBackend> =>
  Context.make(ResultWriter, "uri" in backend.writer ? backend.writer : { uri, ...backend.writer }).pipe(
    Context.add(ResultReader, { uri, ...backend.reader }),
    Context.add(ChordCounter, { uri, ...backend.chords })
  )
