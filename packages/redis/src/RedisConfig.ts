/**
 * Where Redis is and how to talk to it: URLs as Celery reads them, TLS,
 * sentinels.
 *
 * | URL | reaches |
 * |---|---|
 * | `redis://user:password@host:port/db` | a server; everything may be left out: `localhost`, 6379, 0, nobody |
 * | `rediss://…` | the same over TLS |
 * | `redis+socket:///path/to.sock?virtual_host=db` | a server by its Unix socket |
 * | `sentinel://a:26379/db;sentinel://b:26379` | the master that the sentinels name; user, password and db are those of the first |
 *
 * Source: Celery's guide, "Redis backend settings".
 *
 * @since 0.1.0
 */
import { mask } from "@celeriac/messaging/MaskedUri"
import * as Uri from "@celeriac/messaging/Uri"
import * as UriList from "@celeriac/messaging/UriList"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as UrlQuery from "./internal/UrlQuery.ts"

/** Certificates by path or as PEM text. They are read anew for every connection. */
export interface TlsOptions {
  /** Of the authorities to trust, instead of the system's. */
  readonly ca?: string | undefined
  /** Ours, when the server asks for one. */
  readonly cert?: string | undefined
  readonly key?: string | Redacted.Redacted | undefined
  /** Whether to check the server's certificate. Default true. */
  readonly verify?: boolean | undefined
  /** The name to look for in the server's certificate, if not the host's. */
  readonly servername?: string | undefined
}

/** What an application says, over what is in the URL. Everything may be left out. */
export interface RedisOptions {
  /** Default `redis://localhost:6379/0`. Several, in a list or separated by `;`, are sentinels. */
  readonly url?: string | Redacted.Redacted | ReadonlyArray<string | Redacted.Redacted> | undefined
  /** The user of Redis's access control list. */
  readonly username?: string | undefined
  readonly password?: Redacted.Redacted | undefined
  /** By its number. */
  readonly database?: number | undefined
  /** Makes `redis://` a `rediss://`. */
  readonly tls?: TlsOptions | undefined
  /** Stands before every key. Celery's `global_keyprefix`: `_` is put behind it, unless it ends in `:`, `_`, `-` or `.` */
  readonly keyPrefix?: string | undefined
  /** Of the sentinels' masters, which one. Celery's `master_name`. */
  readonly masterName?: string | undefined
  /** For the sentinels themselves, which may have a password of their own. */
  readonly sentinel?: Credentials | undefined
  /** For all of a connection's opening. Default 4 seconds. Celery's `redis_socket_connect_timeout`. */
  readonly connectTimeout?: Duration.Input | undefined
  /** A connection on which nothing came for so long is lost. Default 30 seconds. Celery's `redis_socket_timeout`. */
  readonly socketTimeout?: Duration.Input | undefined
  /** Shown by Redis's `CLIENT LIST`. Default `celeriac`. Celery's `redis_client_name`. */
  readonly clientName?: string | undefined
}

/** Who asks. */
export interface Credentials {
  readonly username?: string | undefined
  readonly password?: Redacted.Redacted | undefined
}

/** Where a server listens. */
export type Place =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string }

/** One URL, read. */
export interface Endpoint extends Credentials {
  readonly place: Place
  readonly database: number
  readonly tls: TlsOptions | undefined
  readonly isSentinel: boolean
  readonly settings: UrlQuery.Settings
  /** As Celery shows it: `redis://user:**@host:6379/0`. */
  readonly uri: string
}

/** The options worked out, with the defaults filled in. */
export interface RedisConfig extends Credentials {
  /** The server, or the sentinels. */
  readonly places: readonly [Place, ...Array<Place>]
  /** How the sentinels are asked; undefined when the place is the server's own. */
  readonly sentinel: (Credentials & { readonly masterName: string }) | undefined
  readonly database: number
  readonly tls: TlsOptions | undefined
  /** Ready to stand before a key. */
  readonly keyPrefix: string
  /** Milliseconds. */
  readonly connectTimeout: number
  readonly socketTimeout: number
  readonly clientName: string
  /** Without a password. */
  readonly uri: string
}

/** Fails with `InvalidBackend`, which says what to mend and shows no password. */
export const make = (options: RedisOptions = {}): Result.Result<RedisConfig, ResultError> =>
  Result.gen(function*() {
    const given = options.url ?? defaultUrl
    const urls = (Array.isArray(given)
      ? given as ReadonlyArray<string | Redacted.Redacted>
      : [given as string | Redacted.Redacted])
      .flatMap((url) => UriList.split(Redacted.isRedacted(url) ? String(Redacted.value(url)) : url))
    const endpoints: Array<Endpoint> = []
    for (const url of urls) endpoints.push(yield* parseUrl(url, options))
    const [first, ...rest] = endpoints
    if (first === undefined) return yield* invalid("no Redis URL was given")
    if (endpoints.some(({ isSentinel }) => isSentinel !== first.isSentinel)) {
      return yield* invalid(`'${first.uri}' and '${rest[0]?.uri}' cannot be used together: all must be sentinels`)
    }
    if (!first.isSentinel && rest.length > 0) {
      return yield* invalid(
        `${endpoints.length} Redis URLs were given, and results are stored in one: name its sentinels, or one server`
      )
    }
    const { settings } = first
    // Behind the last one is where it is easily written.
    const masterName = options.masterName ?? endpoints.find(({ settings }) => settings.masterName)?.settings.masterName
    if (first.isSentinel && (masterName === undefined || masterName === "")) {
      return yield* invalid(
        `'${first.uri}': which of the masters that the sentinels know? Say it with ?master_name=, or with the option masterName`
      )
    }
    const credentials = credentialsOf(first, options)
    return {
      places: [first.place, ...rest.map(({ place }) => place)],
      sentinel: first.isSentinel ? { ...options.sentinel, masterName: masterName ?? "" } : undefined,
      ...credentials,
      database: first.database,
      tls: first.tls,
      keyPrefix: prefixed(options.keyPrefix ?? settings.keyPrefix ?? ""),
      connectTimeout: Duration.toMillis(options.connectTimeout ?? settings.connectTimeout ?? "4 seconds"),
      socketTimeout: Duration.toMillis(options.socketTimeout ?? settings.socketTimeout ?? "30 seconds"),
      clientName: options.clientName ?? settings.clientName ?? "celeriac",
      uri: endpoints.map(({ uri }) => uri).join(";")
    }
  })

/** One URL, without `;`. */
const parseUrl = (url: string, options: RedisOptions = {}): Result.Result<Endpoint, ResultError> =>
  Result.gen(function*() {
    if (isCluster.test(url.trim())) {
      return yield* invalid(
        `'${
          mask(url)
        }': no result backend of Celery can use a cluster of Redis. Name a server that is in none (redis://), or sentinels (sentinel://)`
      )
    }
    const uri = yield* Result.mapError(Uri.parse(url, expected), UrlQuery.mistake)
    const { host, path, scheme: kind } = uri
    const settings = yield* UrlQuery.parse(uri.query, mask(url))
    if (kind === "plain" && settings.tls !== undefined) {
      return yield* invalid(`'${mask(url)}' is not encrypted, and has ssl_ options: write rediss:// for redis://`)
    }
    if (kind === "socket" && (host !== "" || path === "")) {
      return yield* invalid(
        `'${mask(url)}': expected the path of a socket behind three slashes: redis+socket:///run/redis.sock`
      )
    }
    const number = options.database ??
      Number((kind === "socket" ? settings.virtualHost : path)?.replace(/^\/+|\/+$/g, "") || 0)
    if (!(Number.isSafeInteger(number) && number >= 0 && number < 2 ** 31)) {
      return yield* invalid(`'${mask(url)}': the database is not a whole number`)
    }
    const endpoint = {
      place: kind === "socket"
        ? { _tag: "Unix" as const, path: `/${path}` }
        : { _tag: "Tcp" as const, host: host || "localhost", port: uri.port ?? (kind === "sentinel" ? 26379 : 6379) },
      username: uri.user || settings.username,
      password: uri.password ? Redacted.make(uri.password) : settings.password,
      database: number,
      tls: kind === "tls" || settings.tls !== undefined || options.tls !== undefined
        ? { ...settings.tls, ...defined(options.tls ?? {}) }
        : undefined,
      isSentinel: kind === "sentinel",
      settings
    }
    return { ...endpoint, uri: show(endpoint, credentialsOf(endpoint, options)) }
  })

/** As other programs write it. Neither Celery 5.7 nor Kombu knows any of these. */
const isCluster = /^rediss?[+-]?cluster:/i

/** Celery's default. */
const defaultUrl = "redis://localhost:6379/0"

const expected: Uri.Expected<"plain" | "tls" | "socket" | "sentinel"> = {
  what: "Redis URL",
  form: "redis://user:password@host:port/db",
  family: "Redis",
  schemes: new Map([
    ["redis", "plain"],
    ["rediss", "tls"],
    ["redis+socket", "socket"],
    ["sentinel", "sentinel"]
  ]),
  schemesShown: "redis, rediss, redis+socket or sentinel",
  path: "path"
}

const invalid = (detail: string) => Result.fail(UrlQuery.mistake(detail))

const credentialsOf = (endpoint: Credentials, options: RedisOptions): Credentials => ({
  username: options.username ?? endpoint.username,
  password: options.password ?? endpoint.password
})

/** Without what is undefined: that is as good as left out. */
const defined = <A extends object>(options: A): Partial<A> =>
  // Fewer of the same.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<A>

const prefixed = (prefix: string): string => prefix === "" || /[:_.-]$/.test(prefix) ? prefix : `${prefix}_`

const show = (
  { database, isSentinel, place, tls }: Pick<Endpoint, "place" | "database" | "tls" | "isSentinel">,
  { password, username }: Credentials
): string => {
  const who = username === undefined && password === undefined
    ? ""
    : `${encodeURIComponent(username ?? "")}${password === undefined ? "" : ":**"}@`
  if (place._tag === "Unix") {
    const path = place.path.split("/").map(encodeURIComponent).join("/")
    return `redis+socket://${who}${path}${database === 0 ? "" : `?virtual_host=${database}`}`
  }
  return `${isSentinel ? "sentinel" : tls === undefined ? "redis" : "rediss"}://${who}${
    Uri.showPlace(place.host, place.port)
  }/${database}`
}
