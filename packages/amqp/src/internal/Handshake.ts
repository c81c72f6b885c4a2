/**
 * From nothing to an open connection: socket, TLS, credentials, virtual host.
 *
 * Timeouts here are the machine's: they bound what a peer does on the wire.
 *
 * @since 0.1.0
 */
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { connect as connectPlain, isIP, type Socket } from "node:net"
import type { ConnectionOptions } from "node:tls"
import type { AmqpConfig, Endpoint, TlsOptions } from "../AmqpConfig.ts"
import { fromRefusal, fromSocket } from "../AmqpError.ts"
import * as Driver from "./Driver.ts"
import type { DriverError } from "./DriverFrame.ts"

/** A connection whose handshake is done. */
export interface Opened {
  readonly driver: Driver.DriverConnection
  readonly socket: Socket
}

/** Connects, and speaks until the broker has opened the virtual host; all of it within the connect timeout. */
export const handshake = (
  endpoint: Endpoint,
  config: AmqpConfig,
  name: string | undefined
): Effect.Effect<Opened, MessagingError> =>
  Effect.callback<Opened, MessagingError>((resume) => {
    const connecting = Driver.load()
    if (Result.isFailure(connecting)) {
      return resume(Effect.fail(because("connect", new InvalidConfiguration({ detail: connecting.failure }))))
    }
    let socket: Socket
    try {
      socket = connectSocket(endpoint)
    } catch (error) {
      const detail = `${endpoint.uri}: TLS cannot be set up: ${error instanceof Error ? error.message : String(error)}`
      return resume(Effect.fail(because("connect", new InvalidConfiguration({ detail }))))
    }
    let isConnected = false
    let over = false
    const end = (result: Effect.Effect<Opened, MessagingError>) => {
      if (over) return
      over = true
      clearTimeout(timer)
      resume(result)
    }
    const fail = (error: DriverError, refusal?: DriverError) => {
      socket.destroy()
      const reason = refusal === undefined
        ? fromSocket(error, endpoint.uri)
        : fromRefusal(Number(refusal.code), refusal.message, endpoint.uri)
      end(Effect.fail(because("connect", reason)))
    }
    const timer = setTimeout(
      () =>
        fail(
          new Error(`no ${isConnected ? "AMQP handshake" : "connection"} within ${endpoint.connectTimeout} ms`)
        ),
      endpoint.connectTimeout
    )
    socket.on("error", fail)
    socket.once(endpoint.tls === undefined ? "connect" : "secureConnect", () => {
      isConnected = true
      const driver = connecting.success(socket)
      driver.open(openFields(endpoint, config, name), (error, refusal) => {
        if (error !== null) return fail(error, refusal)
        socket.off("error", fail)
        socket.on("error", () => {}) // the driver listens too, until it ends; a socket may fail after that
        end(Effect.succeed({ driver, socket }))
      })
    })
    return Effect.sync(() => {
      over = true
      clearTimeout(timer)
      socket.destroy()
    })
  })

const connectSocket = (endpoint: Endpoint): Socket => {
  const { host, port, tls } = endpoint
  const socket = tls === undefined
    ? connectPlain({ host, port })
    // Loaded when it is needed: 4 MB that a connection in the clear has no use for.
    : process.getBuiltinModule("node:tls").connect({ host, port, ...tlsSettings(tls, host) })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 30_000)
  return socket
}

const tlsSettings = (tls: TlsOptions, host: string): ConnectionOptions => {
  const key = tls.key === undefined || typeof tls.key === "string" ? tls.key : Redacted.value(tls.key)
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined)
  return {
    rejectUnauthorized: tls.verify ?? true,
    ...(servername === undefined ? {} : { servername }),
    ...(tls.ca === undefined ? {} : { ca: pem(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: pem(tls.cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
    ...(tls.passphrase === undefined ? {} : { passphrase: Redacted.value(tls.passphrase) })
  }
}

const pem = (pathOrText: string): string =>
  pathOrText.includes("-----BEGIN") ? pathOrText : readFileSync(pathOrText, "utf8")

/** The fields of start-ok, tune-ok and open. */
const openFields = (endpoint: Endpoint, config: AmqpConfig, name: string | undefined): object => ({
  clientProperties: {
    product: "celeriac",
    platform: `Node.js ${process.version} ${process.platform}`,
    ...config.clientProperties,
    ...(name === undefined ? {} : { connection_name: name }),
    capabilities: {
      publisher_confirms: true,
      exchange_exchange_bindings: true,
      "basic.nack": true,
      consumer_cancel_notify: true,
      "connection.blocked": true,
      authentication_failure_close: true
    }
  },
  mechanism: endpoint.external ? "EXTERNAL" : "PLAIN",
  response: Buffer.from(endpoint.external ? "" : `\0${endpoint.username}\0${Redacted.value(endpoint.password)}`),
  locale: "en_US",
  channelMax: 0,
  frameMax: 131_072,
  heartbeat: endpoint.heartbeat,
  maxFrameSize: undefined,
  virtualHost: endpoint.virtualHost,
  capabilities: "",
  insist: 0
})
