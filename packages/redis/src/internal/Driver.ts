/**
 * One connection to Redis, over the `redis` package: the only file that knows
 * it.
 *
 * The client neither reconnects nor keeps commands for later: a connection
 * that is lost is lost, what was under way on it fails, and `Session` opens
 * the next, at the server that is the master then.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { createClient, RESP_TYPES } from "redis"
import type { Credentials, Place, RedisConfig, TlsOptions } from "../RedisConfig.ts"
import * as RedisFailure from "./RedisFailure.ts"

/** A command with its arguments. */
export type Args = ReadonlyArray<string | Buffer>

/** A connection that is open. */
export interface Connection {
  /** Commands of one turn of the event loop leave together. Bulk replies are bytes. Rejects with what the server, or the socket, said. */
  readonly send: (args: Args) => Promise<unknown>
  readonly subscribe: (channels: ReadonlyArray<string>) => Promise<unknown>
  readonly unsubscribe: (channels: ReadonlyArray<string>) => Promise<unknown>
  /** Ends it, because of what a server said on it. */
  readonly drop: (error: unknown) => void
  readonly lost: Effect.Effect<never, MessagingError>
}

/** Hears of what is published. */
type OnMessage = (channel: string, message: Buffer) => void

/** To the server of these options, or to the master that the sentinels name; closed with the scope. */
export const open = (
  config: RedisConfig,
  onMessage?: OnMessage
): Effect.Effect<Connection, MessagingError, Scope.Scope> =>
  Effect.timeoutOrElse(
    config.sentinel === undefined
      ? connect(config, config.places[0], config, config.database, onMessage)
      : Effect.flatMap(master(config, config.sentinel), (place) =>
        connect(config, place, config, config.database, onMessage)),
    {
      duration: config.connectTimeout,
      orElse: () =>
        Effect.fail(RedisFailure.lost(config.uri, `no answer within ${config.connectTimeout} ms`))
    }
  )

/** The first sentinel that answers says where. */
const master = (
  config: RedisConfig,
  { masterName, ...credentials }: NonNullable<RedisConfig["sentinel"]>
): Effect.Effect<Place, MessagingError> =>
  Effect.gen(function*() {
    const told: Array<string> = []
    for (const place of config.places) {
      const asked = yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
        const sentinel = yield* connect(config, place, credentials, 0)
        const args = ["SENTINEL", "get-master-addr-by-name", masterName]
        return yield* Effect.tryPromise({
          try: () => sentinel.send(args),
          catch: (error) => RedisFailure.ofConnecting(config.uri, error)
        })
      })))
      const { shown } = describe(place)
      if (Exit.isFailure(asked)) {
        told.push(`${shown}: not reached`)
        continue
      }
      const [host, port] = Array.isArray(asked.value) ? asked.value.map(String) : []
      if (host !== undefined && Number(port) > 0) return { _tag: "Tcp", host, port: Number(port) }
      told.push(`${shown}: knows no master '${masterName}'`)
    }
    return yield* Effect.fail(RedisFailure.lost(config.uri, told.join("; ")))
  })

const connect = (
  config: RedisConfig,
  place: Place,
  { password, username }: Credentials,
  database: number,
  onMessage?: OnMessage
): Effect.Effect<Connection, MessagingError, Scope.Scope> =>
  Effect.gen(function*() {
    const lost = Deferred.makeUnsafe<never, MessagingError>()
    const fail = (error: unknown) =>
      void Deferred.doneUnsafe(lost, Exit.fail(RedisFailure.ofConnecting(config.uri, error)))
    const client = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const made = createClient({
            RESP: 2,
            ...(username === undefined ? {} : { username }),
            ...(password === undefined ? {} : { password: Redacted.value(password) }),
            database,
            name: config.clientName,
            socket: {
              ...describe(place).socket,
              ...(config.tls === undefined || place._tag === "Unix" ? {} : { tls: true, ...tls(config.tls) }),
              connectTimeout: config.connectTimeout,
              socketTimeout: config.socketTimeout,
              reconnectStrategy: false
            } as NonNullable<NonNullable<Parameters<typeof createClient>[0]>["socket"]>, // three kinds of sockets in one
            pingInterval: Math.max(1, Math.floor(config.socketTimeout / 3)),
            clientInfoTag: "celeriac",
            maintNotifications: "disabled",
            // A signal with a timer for each command, against one that is never written: the socket's own timeout ends that.
            commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: 0 }
          })
          return made.on("error", fail)
        },
        catch: (error) => RedisFailure.ofConnecting(config.uri, error)
      }),
      (client) => Effect.sync(() => client.destroy())
    )
    yield* Effect.tryPromise({
      try: () => client.connect(),
      catch: (error) => RedisFailure.ofConnecting(config.uri, error)
    })
    // Bytes are asked for.
    const hear = (message: unknown, channel: unknown) => onMessage?.(String(channel), message as Buffer)
    return {
      send: (args) => client.sendCommand(args),
      subscribe: (channels) => client.subscribe([...channels], hear, true),
      unsubscribe: (channels) => client.unsubscribe([...channels], undefined, true),
      drop: fail,
      lost: Deferred.await(lost)
    }
  })

const describe = (place: Place) =>
  place._tag === "Unix"
    ? { shown: place.path, socket: { path: place.path } }
    : { shown: `${place.host}:${place.port}`, socket: { host: place.host, port: place.port } }

/** As Node's `tls` has it. */
const tls = ({ ca, cert, key, servername, verify }: TlsOptions) => ({
  ...(ca === undefined ? {} : { ca: pem(ca) }),
  ...(cert === undefined ? {} : { cert: pem(cert) }),
  ...(key === undefined ? {} : { key: pem(Redacted.isRedacted(key) ? String(Redacted.value(key)) : key) }),
  ...(servername === undefined ? {} : { servername }),
  rejectUnauthorized: verify ?? true
})

/** The text itself, or that of the file. */
const pem = (text: string): string => text.includes("-----BEGIN") ? text : readFileSync(text, "utf8")
