/**
 * Redis's result backend, which stands in a package of its own: who wants it
 * installs it. A module by itself, so that `celeriac build` leaves it on demand.
 */
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import { because, InvalidBackend, type ResultError } from "@celeriac/tasks/result/ResultError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

type Backend = Layer.Layer<ResultBackend, ResultError>

/** At the Redis of this URL. */
export const load = (url: Redacted.Redacted): Promise<Backend> =>
  import("@celeriac/redis/RedisBackend").then((module) => module.layer({ url }), missing)

const missing = (error: unknown): Backend => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown } // looked at below
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND"
  if (!isMissing || !String(message).includes("@celeriac/redis")) throw error
  return Layer.effectContext(Effect.fail(because(
    "results",
    new InvalidBackend({
      detail:
        "results in Redis need the package @celeriac/redis, which is not installed here: npm install @celeriac/redis"
    })
  )))
}
