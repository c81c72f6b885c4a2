/**
 * The result backends, by the scheme of Celery's `result_backend`. Each is
 * loaded when its URL is met, and gets the whole of it.
 */
import type { Producer } from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import { because, InvalidBackend, type ResultError } from "@celeriac/tasks/result/ResultError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scheme from "./Scheme.ts"

type Backend = Layer.Layer<ResultBackend, ResultError, Producer | Transport>

type Load = (url: Redacted.Redacted) => Promise<Backend>

const rpc: Load = () => import("@celeriac/tasks/result/backends/RpcBackend").then((module) => module.layer())
const memory: Load = () => import("@celeriac/tasks/result/backends/MemoryBackend").then((module) => module.layer)
const disabled: Load = () => import("@celeriac/tasks/result/backends/DisabledBackend").then((module) => module.layer)
const redis: Load = (url) => import("./RedisResults.ts").then((module) => module.load(url))

const backends: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["rpc", rpc],
  ["memory", memory],
  ["cache+memory", memory],
  ["disabled", disabled],
  ["redis", redis],
  ["rediss", redis],
  ["redis+socket", redis],
  ["sentinel", redis]
])

/** The result backend of a URL. */
export const find = (url: Scheme.Secret): Effect.Effect<Backend, ResultError> =>
  Effect.suspend(() => {
    const whole = Scheme.complete(Scheme.reveal(url).trim(), backends)
    const scheme = Scheme.schemeOf(whole)
    // What is no scheme of Redis's, and looks like one, its package has a word about.
    const load = backends.get(scheme) ?? (/^rediss?[+-]?cluster$/.test(scheme) ? redis : undefined)
    return load === undefined
      ? Effect.fail(
        because("results", new InvalidBackend({ detail: Scheme.unknown("result backend", scheme, backends) }))
      )
      // A module of our own that does not load is a broken installation.
      : Effect.promise(() => load(Redacted.make(whole)))
  })
