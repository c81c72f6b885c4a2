/**
 * Where the broker is, and where results go: what `Broker.layerConfig`, the
 * promise form and the command make a broker of.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Setting from "./Setting.ts"
import type * as SettingsTable from "./SettingsTable.ts"

/** A URL, which may hold a password. */
export type Url = string | Redacted.Redacted

const isUrl = (value: unknown): value is Url => {
  const text = Redacted.isRedacted(value) ? Redacted.value(value) : value
  return typeof text === "string" && text.trim() !== ""
}

const isUrls = (value: unknown): value is Url | ReadonlyArray<Url> =>
  Array.isArray(value) ? value.length > 0 && value.every(isUrl) : isUrl(value)

const secret = {
  isSecret: true,
  fromText: (text: string) => text === "" ? text : Redacted.make(text),
  fromCelery: (value: unknown) => typeof value === "string" ? Redacted.make(value) : value
}

/** The settings of this room. */
export const table = {
  brokerUrl: Setting.make<Url | ReadonlyArray<Url>, Url | ReadonlyArray<Url>>(
    {
      ...secret,
      schema: () => Schema.declare(isUrls),
      expected: "the URL of a broker, such as amqp://localhost, or several of one cluster"
    },
    {
      celery: "broker_url",
      default: () => "amqp://guest:guest@localhost:5672//",
      doc: "The broker. Several members of one cluster stand in a list, or between `;`.",
      flag: { name: "broker", alias: "b", metavar: "URL" },
      environment: ["CELERY_BROKER_URL"]
    }
  ),
  resultBackend: Setting.make<Url | undefined, Url>(
    { ...secret, schema: () => Schema.declare(isUrl), expected: "the URL of a result backend, such as rpc://" },
    {
      celery: "result_backend",
      default: () => undefined,
      defaultShown: "rpc://, and memory:// with the broker memory://",
      doc:
        "Where results go: `rpc://` to the client that asked, `redis://` into Redis (with `@celeriac/redis`), `memory://` (or `cache+memory://`) into this process, `disabled://` nowhere.",
      flag: { name: "result-backend", metavar: "URL" },
      environment: ["CELERY_RESULT_BACKEND"]
    }
  )
}

/** What programs give. */
export type Given = SettingsTable.Given<typeof table>

/** Those that were given, checked. */
export type Some = SettingsTable.Some<typeof table>
