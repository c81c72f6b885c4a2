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
export {} from "./internal/RequiredNode.ts"

import { defaultUrl } from "@celeriac/amqp/AmqpConfig"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as ConnectionSettings from "@celeriac/tasks/ConnectionSettings"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Security from "@celeriac/tasks/Security"
import type { SettingsError } from "@celeriac/tasks/SettingsError"
import type { Definition } from "@celeriac/worker/Worker"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Environment from "./internal/Environment.ts"
import { over } from "./internal/Layered.ts"
import * as ResultBackends from "./internal/ResultBackends.ts"
import * as Transports from "./internal/Transports.ts"
import * as Settings from "./Settings.ts"

export { defaultUrl }

/** What the layers here provide. */
export type Broker = Transport | Producer.Producer | ResultBackend | Client.Client

/** One URL; or several members of one RabbitMQ cluster, in a list or separated by `;`. */
export type Url = string | Redacted.Redacted | ReadonlyArray<string | Redacted.Redacted>

export interface Options {
  /**
   * Where results go, as Celery's `result_backend` has it: `rpc://` to the client
   * that asked, `redis://` into Redis (with `@celeriac/redis`), `memory://` (or `cache+memory://`) into this process,
   * `disabled://` nowhere. Default: `memory://` with the broker `memory://`,
   * `rpc://` otherwise.
   */
  readonly results?: string | Redacted.Redacted | undefined
  /**
   * Settings of tasks, of results and of sending: the client and the result
   * backend are made by them, and a worker that runs on this broker has them
   * where its own do not say otherwise.
   */
  readonly settings?: Settings.Given | undefined
}

/**
 * The broker of a URL. Nothing connects before it is asked to. A scheme that is
 * not known fails, with those that are: as `MessagingError` for the broker's, as
 * `ResultError` for the result backend's.
 */
export const layer = (url: Url, options: Options = {}): Layer.Layer<Broker, MessagingError | ResultError> =>
  Layer.unwrap(Effect.gen(function*() {
    const settings = Settings.layer(options.settings ?? {})
    const transport = yield* Transports.find(asList(url), yield* Effect.provide(connecting, settings))
    const results = yield* ResultBackends.find(options.results ?? transport.results)
    return Client.layer.pipe(
      Layer.provideMerge(results),
      Layer.provideMerge(Producer.layer()),
      Layer.provideMerge(transport.layer),
      Layer.provideMerge(Security.layerWanted),
      Layer.provideMerge(settings)
    )
  }))

const connecting: Effect.Effect<Transports.Connecting> = Effect.all({
  maxMessageSize: Settings.MaxMessageSize,
  heartbeat: ConnectionSettings.BrokerHeartbeat,
  connectTimeout: ConnectionSettings.BrokerConnectionTimeout,
  failover: ConnectionSettings.BrokerFailoverStrategy,
  options: ConnectionSettings.BrokerTransportOptions
})

/**
 * The broker of a worker, by the settings that the worker was given: routes,
 * queues, serializers are given once, where it is made. The broker is the one
 * of its settings (`Settings.fromCelery({ broker_url })`), else the
 * environment's, else RabbitMQ on this machine.
 *
 * ```ts
 * worker.run.pipe(Effect.provide(Broker.layerFor(worker)), NodeRuntime.runMain)
 * ```
 */
export const layerFor = (
  worker: Pick<Definition<unknown, unknown>, "brokerSettings" | "taskSettings">,
  options: Options & { readonly url?: Url | undefined } = {}
): Layer.Layer<Broker, MessagingError | ResultError | SettingsError | Config.ConfigError> =>
  Layer.unwrap(Effect.map(Environment.read, (environment) => {
    const { brokerUrl = defaultUrl, resultBackend, ...settings } = {
      ...environment,
      ...worker.taskSettings,
      ...worker.brokerSettings
    }
    return layer(options.url ?? brokerUrl, {
      results: options.results ?? resultBackend,
      settings: { ...settings, ...options.settings }
    })
  }))

/** The embedded broker, with results kept in this process. */
export const layerMemory: Layer.Layer<Broker, MessagingError | ResultError> = layer("memory://")

/**
 * The broker of the environment: `CELERIAC_BROKER_URL` or Celery's
 * `CELERY_BROKER_URL`, results where `CELERIAC_RESULT_BACKEND` or
 * `CELERY_RESULT_BACKEND` says, and the settings of the documentation's page.
 * What the options say counts before the environment.
 */
export const layerConfig = (
  options: Options = {}
): Layer.Layer<Broker, MessagingError | ResultError | SettingsError | Config.ConfigError> =>
  Layer.unwrap(Effect.gen(function*() {
    const { brokerUrl, resultBackend, ...settings } = yield* Environment.read
    if (brokerUrl === undefined) return yield* noBroker
    return layer(brokerUrl, {
      results: options.results ?? resultBackend,
      settings: over<Settings.Given>(settings, options.settings)
    })
  }))

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
