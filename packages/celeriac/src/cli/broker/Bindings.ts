/**
 * `celeriac list bindings`: which exchange brings what to which queue. AMQP
 * shows no bindings: RabbitMQ's management plugin does.
 */
import * as Uri from "@celeriac/messaging/Uri"
import * as UriList from "@celeriac/messaging/UriList"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import { because, type CliFailure } from "../output/CliFailure.ts"

import { inOneLine } from "../../internal/Harmless.ts"
import * as Print from "../output/Print.ts"

export interface Flags {
  /** The management plugin's own address. */
  readonly brokerApi: Option.Option<string>
  readonly json: boolean
}

const Bindings = Schema.Array(Schema.Struct({
  source: Schema.String,
  destination: Schema.String,
  routing_key: Schema.String
}))

export const bindings = (globals: Globals, { brokerApi, json }: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const all = yield* fetched(yield* placeOf(verb, brokerApi))
      const rows = all.map(({ destination, source, routing_key }) => ({
        queue: destination,
        exchange: source,
        routing_key
      }))
      yield* json ? Console.log(JSON.stringify(rows)) : Print.line(table(rows))
    }))

/** As wide as Celery's. */
const table = (
  rows: ReadonlyArray<{ readonly queue: string; readonly exchange: string; readonly routing_key: string }>
) =>
  [
    ["Queue", "Exchange", "Routing Key"] as const,
    ["-".repeat(16), "-".repeat(16), "-".repeat(16)] as const,
    ...rows.map(({ exchange, queue, routing_key }) =>
      [queue, exchange, routing_key].map(inOneLine) as [string, string, string]
    )
  ].map(([queue, exchange, key]) => `${queue.padEnd(28)} ${exchange.padEnd(28)} ${key}`).join("\n")

interface Place {
  readonly url: string
  /** Without the password. */
  readonly shown: string
  readonly authorization: string
}

const schemes = new Map(
  ["amqp", "amqps", "pyamqp", "pyamqps", "librabbitmq"].map((
    scheme
  ) => [scheme, scheme.endsWith("s") ? "https" : "http"])
)

const placeOf = ({ brokerUrl }: Verb.Verb, brokerApi: Option.Option<string>): Effect.Effect<Place, CliFailure> =>
  Effect.suspend(() => {
    const first = [brokerUrl].flat()[0] ?? ""
    const [text = ""] = UriList.split(Redacted.isRedacted(first) ? Redacted.value(first) : String(first))
    if (text.startsWith("memory")) {
      return Effect.fail(
        because("memory:// is a broker inside of one process: there are no bindings for others to see")
      )
    }
    const uri = Uri.parse(text, {
      what: "broker URL",
      form: "amqp://user:password@host:port/vhost",
      family: "RabbitMQ",
      schemes,
      schemesShown: "amqp:// and amqps://",
      path: "virtual host"
    })
    if (Result.isFailure(uri)) return Effect.fail(because(uri.failure))
    const { host, password = "guest", path, scheme, user = "guest" } = uri.success
    const api = Option.getOrElse(brokerApi, () => `${scheme}://${host === "" ? "localhost" : host}:15672/api`)
    const vhost = path === "" ? "/" : path
    return Effect.succeed({
      url: `${api.replace(/\/$/, "")}/bindings/${encodeURIComponent(vhost)}`,
      shown: api,
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
    })
  })

const fetched = ({ authorization, shown, url }: Place) =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, {
        headers: { authorization },
        signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)])
      })
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`)
      return Schema.decodeUnknownSync(Bindings)(await response.json())
    },
    catch: (error) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      const why = cause instanceof Error
        ? cause.message || String("code" in cause ? cause.code : cause.name)
        : String(cause)
      return because(
        `the management API at ${shown} does not tell the bindings: ${why}. ` +
          "Is the plugin enabled (rabbitmq-plugins enable rabbitmq_management)? Where it is, --broker-api says"
      )
    }
  })
