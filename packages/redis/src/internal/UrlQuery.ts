/**
 * The query of a Redis URL: how to talk to it, in the names of Celery and of
 * redis-py.
 *
 * @since 0.1.0
 */
import { because, InvalidBackend, type ResultError } from "@celeriac/tasks/result/ResultError"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

interface Tls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly verify?: boolean
}

/** What a query says. */
export interface Settings {
  readonly username?: string
  readonly password?: Redacted.Redacted
  /** The database of a Unix socket. */
  readonly virtualHost?: string
  readonly connectTimeout?: Duration.Input
  readonly socketTimeout?: Duration.Input
  readonly clientName?: string
  readonly keyPrefix?: string
  readonly masterName?: string
  readonly tls?: Tls
}

type Writable<A> = { -readonly [K in keyof A]: A[K] }

/** `masked` is the URL as errors may show it. */
export const parse = (query: string, masked: string): Result.Result<Settings, ResultError> =>
  Result.gen(function*() {
    const settings: Writable<Settings> = {}
    const tls: Writable<Tls> = {}
    for (const [name, value] of new URLSearchParams(query)) {
      switch (name) {
        case "username":
          settings.username = value
          break
        case "password":
          settings.password = Redacted.make(value)
          break
        case "virtual_host":
        case "db":
          settings.virtualHost = value
          break
        case "client_name":
          settings.clientName = value
          break
        case "global_keyprefix":
          settings.keyPrefix = value
          break
        case "master_name":
          settings.masterName = value
          break
        case "socket_connect_timeout":
        case "socket_timeout": {
          const seconds = Number(value)
          if (!(seconds > 0 && seconds < 1e6)) {
            return yield* Result.fail(mistake(`'${masked}': ${name} must be a positive number of seconds`))
          }
          settings[name === "socket_timeout" ? "socketTimeout" : "connectTimeout"] = Duration.seconds(seconds)
          break
        }
        case "ssl_ca_certs":
          tls.ca = value
          break
        case "ssl_certfile":
          tls.cert = value
          break
        case "ssl_keyfile":
          tls.key = value
          break
        case "ssl_cert_reqs": {
          const verify = verifications.get(value.toLowerCase())
          if (verify === undefined) {
            return yield* Result.fail(mistake(`'${masked}': ssl_cert_reqs must be required or none`))
          }
          tls.verify = verify
          break
        }
        default:
          if (!moot.has(name)) {
            return yield* Result.fail(mistake(
              // A part of a password may stand here: only what is a name is shown.
              `'${masked}': there is no option ${
                /^[a-z_]{1,40}$/.test(name) ? `'${name}'` : "of this name"
              }: expected ${known.join(", ")}`
            ))
          }
      }
    }
    return Object.keys(tls).length === 0 ? settings : { ...settings, tls }
  })

/** What is to be mended. */
export const mistake = (detail: string): ResultError => because("RedisConfig", new InvalidBackend({ detail }))

const known = [
  "virtual_host",
  "username",
  "password",
  "socket_connect_timeout",
  "socket_timeout",
  "client_name",
  "global_keyprefix",
  "master_name",
  "ssl_ca_certs",
  "ssl_certfile",
  "ssl_keyfile",
  "ssl_cert_reqs"
]

/** What Python's client is told and here goes without saying: connections are few, kept alive and looked after. */
const moot: ReadonlySet<string> = new Set([
  "max_connections",
  "retry_on_timeout",
  "socket_keepalive",
  "health_check_interval",
  "protocol"
])

const verifications: ReadonlyMap<string, boolean> = new Map([
  ["required", true],
  ["cert_required", true],
  ["none", false],
  ["cert_none", false]
])
