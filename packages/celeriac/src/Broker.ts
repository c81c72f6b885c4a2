/**
 * From a URL to everything that a worker or a client needs of a broker: the
 * one place that names all transports and all result backends.
 *
 * ```ts
 * worker.run.pipe(Effect.provide(Broker.layer("amqp://localhost")), NodeRuntime.runMain)
 * ```
 *
 * `memory://` is a broker inside this process, made anew for every layer. A
 * transport is loaded when its URL is met: who stays in memory never loads
 * RabbitMQ's.
 */
export { defaultUrl } from "@celeriac/amqp/AmqpConfig"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** What the layers here provide. */
export type Broker = Transport | Producer.Producer | ResultBackend | Client.Client

/** Where results go: to the client that asked, into this process, or nowhere. */
export type Results = "rpc" | "memory" | "disabled"

/** One URL; or several members of one RabbitMQ cluster, in a list or separated by `;`. */
export type Url = string | Redacted.Redacted | ReadonlyArray<string | Redacted.Redacted>

export interface Options {
  /** Default: `memory` with `memory://`, `rpc` otherwise. */
  readonly results?: Results | undefined
}

/** The broker of a URL. Nothing connects before it is asked to. */
export const layer = (url: Url, options: Options = {}): Layer.Layer<Broker, MessagingError> =>
  Layer.unwrap(Effect.gen(function*() {
    const urls = readUrls(url)
    const scheme = schemeOf(urls[0] ?? "")
    const transport = transports.get(scheme)
    if (transport === undefined) return yield* unknownScheme(scheme)
    const results = yield* load(backends[options.results ?? transport.results])
    return Client.layer.pipe(
      Layer.provideMerge(results),
      Layer.provideMerge(Producer.layer),
      Layer.provideMerge(yield* load(() => transport.load(urls)))
    )
  }))

/** The embedded broker, with results kept in this process. */
export const layerMemory: Layer.Layer<Broker, MessagingError> = layer("memory://")

/** The URL that the environment names: `CELERIAC_BROKER_URL`, or Celery's `CELERY_BROKER_URL`. */
export const urlConfig: Config.Config<Redacted.Redacted> = Config.Redacted("CELERIAC_BROKER_URL").pipe(
  Config.orElse(() => Config.Redacted("CELERY_BROKER_URL"))
)

/**
 * Where the environment wants results to go: `CELERIAC_RESULT_BACKEND`, or
 * Celery's `CELERY_RESULT_BACKEND`, with or without `://`; undefined when it
 * says nothing. A name that is not known is an error: results would be lost.
 */
export const resultsConfig: Effect.Effect<Results | undefined, MessagingError | Config.ConfigError> = Effect.flatMap(
  Config.option(
    Config.String("CELERIAC_RESULT_BACKEND").pipe(Config.orElse(() => Config.String("CELERY_RESULT_BACKEND")))
  ),
  (found) => {
    if (Option.isNone(found)) return Effect.succeed(undefined)
    // Only the scheme: what follows may hold a password.
    const name = found.value.trim().replace(/:\/\/.*$/s, "").replace("cache+", "")
    return name === "rpc" || name === "memory" || name === "disabled"
      ? Effect.succeed(name)
      : invalid(`there is no result backend '${name}': known are ${Object.keys(backends).join(", ")}`)
  }
)

/** The broker of the environment: see `urlConfig` and `resultsConfig`. */
export const layerConfig: Layer.Layer<Broker, MessagingError | Config.ConfigError> = Layer.unwrap(
  Effect.gen(function*() {
    const url = yield* Config.option(urlConfig)
    if (Option.isNone(url)) return yield* noBroker()
    return layer(url.value, { results: yield* resultsConfig })
  })
)

const amqp = {
  results: "rpc" as const,
  load: (urls: ReadonlyArray<string>) =>
    import("@celeriac/amqp/AmqpTransport").then((module) =>
      module.layer({ url: urls.map((url) => Redacted.make(url)) })
    )
}

const memory = {
  results: "memory" as const,
  load: () => import("@celeriac/messaging/transports/MemoryTransport").then((module) => module.layer)
}

interface Known {
  readonly results: Results
  readonly load: (urls: ReadonlyArray<string>) => Promise<Layer.Layer<Transport, MessagingError>>
}

/** By the scheme of the URL. */
const transports: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["amqp", amqp],
  ["amqps", amqp],
  ["pyamqp", amqp],
  ["pyamqps", amqp],
  ["librabbitmq", amqp],
  ["memory", memory]
])

const backends: Readonly<
  Record<Results, () => Promise<Layer.Layer<ResultBackend, never, Producer.Producer | Transport>>>
> = {
  rpc: () => import("@celeriac/tasks/result/backends/RpcBackend").then((module) => module.layer),
  memory: () => import("@celeriac/tasks/result/backends/MemoryBackend").then((module) => module.layer),
  disabled: () => import("@celeriac/tasks/result/backends/DisabledBackend").then((module) => module.layer)
}

/** A module of our own that does not load is a broken installation. */
const load = <A>(what: () => Promise<A>): Effect.Effect<A> => Effect.promise(what)

const readUrls = (url: Url): ReadonlyArray<string> =>
  (Array.isArray(url) ? url : [url])
    .flatMap((one: string | Redacted.Redacted) =>
      (Redacted.isRedacted(one) ? String(Redacted.value(one)) : one).split(";")
    )
    .map((one) => one.trim())
    .filter((one) => one !== "")
    // A scheme alone is a URL to Celery.
    .map((one) => transports.has(one) ? `${one}://` : one)

/** What does not look like a scheme may be a password, and is not told. */
const schemeOf = (url: string): string => /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? ""

const unknownScheme = (scheme: string) =>
  invalid(
    `${scheme === "" ? "the broker URL has no scheme" : `there is no transport for '${scheme}://'`}: known are ${
      Array.from(transports.keys(), (name) => `${name}://`).join(", ")
    }`
  )

const invalid = (detail: string) => Effect.fail(because("broker", new InvalidConfiguration({ detail })))

const noBroker = () =>
  invalid(
    "the environment names none. Set CELERIAC_BROKER_URL, or CELERY_BROKER_URL, to its URL, such as amqp://localhost or memory://"
  )
