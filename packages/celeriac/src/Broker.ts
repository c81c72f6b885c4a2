/**
 * From a URL to everything that a worker or a client needs of a broker.
 *
 * ```ts
 * worker.run.pipe(Effect.provide(Broker.layer("amqp://localhost")), NodeRuntime.runMain)
 * ```
 *
 * `memory://` is a broker inside this process, made anew for every layer.
 * Transports and result backends are found by the schemes of their URLs, and
 * loaded then.
 */
export { defaultUrl } from "@celeriac/amqp/AmqpConfig"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as ResultBackends from "./internal/ResultBackends.ts"
import * as Transports from "./internal/Transports.ts"

/** What the layers here provide. */
export type Broker = Transport | Producer.Producer | ResultBackend | Client.Client

/** One URL; or several members of one RabbitMQ cluster, in a list or separated by `;`. */
export type Url = string | Redacted.Redacted | ReadonlyArray<string | Redacted.Redacted>

export interface Options {
  /**
   * Where results go, as Celery's `result_backend` has it: `rpc://` to the client
   * that asked, `memory://` (or `cache+memory://`) into this process,
   * `disabled://` nowhere. Default: `memory://` with the broker `memory://`,
   * `rpc://` otherwise.
   */
  readonly results?: string | Redacted.Redacted | undefined
}

/**
 * The broker of a URL. Nothing connects before it is asked to. A scheme that is
 * not known fails, with those that are: as `MessagingError` for the broker's, as
 * `ResultError` for the result backend's.
 */
export const layer = (url: Url, options: Options = {}): Layer.Layer<Broker, MessagingError | ResultError> =>
  Layer.unwrap(Effect.gen(function*() {
    const transport = yield* Transports.find(asList(url))
    const results = yield* ResultBackends.find(options.results ?? transport.results)
    return Client.layer.pipe(
      Layer.provideMerge(results),
      Layer.provideMerge(Producer.layer),
      Layer.provideMerge(transport.layer)
    )
  }))

/** The embedded broker, with results kept in this process. */
export const layerMemory: Layer.Layer<Broker, MessagingError | ResultError> = layer("memory://")

/** The URL that the environment names: `CELERIAC_BROKER_URL`, or Celery's `CELERY_BROKER_URL`. */
export const urlConfig: Config.Config<Redacted.Redacted> = Config.Redacted("CELERIAC_BROKER_URL").pipe(
  Config.orElse(() => Config.Redacted("CELERY_BROKER_URL"))
)

/**
 * Where the environment wants results to go: `CELERIAC_RESULT_BACKEND`, or
 * Celery's `CELERY_RESULT_BACKEND`; undefined when it says nothing.
 */
export const resultsConfig: Config.Config<Redacted.Redacted | undefined> = Config.Redacted("CELERIAC_RESULT_BACKEND")
  .pipe(
    Config.orElse(() => Config.Redacted("CELERY_RESULT_BACKEND")),
    Config.option,
    Config.map(Option.getOrUndefined)
  )

/** The broker of the environment: see `urlConfig` and `resultsConfig`. */
export const layerConfig: Layer.Layer<Broker, MessagingError | ResultError | Config.ConfigError> = Layer.unwrap(
  Effect.gen(function*() {
    const url = yield* Config.option(urlConfig)
    if (Option.isNone(url)) return yield* noBroker
    return layer(url.value, { results: yield* resultsConfig })
  })
)

const asList = (url: Url): ReadonlyArray<string | Redacted.Redacted> =>
  // `Array.isArray` does not narrow a list that is read-only.
  Array.isArray(url) ? url as ReadonlyArray<string | Redacted.Redacted> : [url as string | Redacted.Redacted]

const noBroker = Effect.suspend(() =>
  Effect.fail(because(
    "broker",
    new InvalidConfiguration({
      detail:
        "the environment names none. Set CELERIAC_BROKER_URL, or CELERY_BROKER_URL, to its URL, such as amqp://localhost or memory://"
    })
  ))
)
