/**
 * Keeps no results: for workers whose results nobody reads, and clients that
 * only send. Asking for a result fails and says so.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { because, ResultUnavailable } from "../../TaskError.ts"
import { ResultBackend } from "../ResultBackend.ts"

const name = "disabled"

/** Keeps nothing; waiting fails. */
export const layer: Layer.Layer<ResultBackend> = Layer.sync(ResultBackend, () => {
  const unavailable = (operation: string) => (id: string) =>
    Effect.fail(because(
      operation,
      new ResultUnavailable({
        id,
        backend: name,
        detail: "results are not stored. Provide another ResultBackend, such as RpcBackend.layer, to client and worker"
      })
    ))
  return ResultBackend.of({
    name,
    storeUnsafe: (_record, _addressee, onStored) => onStored(),
    prepare: () => Effect.void,
    replyTo: undefined,
    wait: unavailable("wait for result"),
    lookup: unavailable("look up result"),
    state: unavailable("look up state"),
    forget: () => Effect.void
  })
})
