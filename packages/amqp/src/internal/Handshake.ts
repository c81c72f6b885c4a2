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
import { readFileSync } from "node:fs"
import { connect as connectPlain, isIP, type Socket } from "node:net"
import { platform } from "node:process"
import { connect as connectTls, type ConnectionOptions } from "node:tls"
import type { AmqpConfig, Endpoint, TlsOptions } from "../AmqpConfig.ts"
import { fromRefusal, fromSocket } from "../AmqpError.ts"
import { Connection, type DriverError, type Frame, methods, type RawConnection } from "./Driver.ts"

/** A connection whose handshake is done. */
export interface Opened {
  readonly raw: RawConnection
  readonly socket: Socket
}

/** Connects, and speaks until the broker has opened the virtual host; all of it within the connect timeout. */
export const handshake = (
  endpoint: Endpoint,
  config: AmqpConfig,
  name: string | undefined
): Effect.Effect<Opened, MessagingError> =>
  Effect.callback<Opened, MessagingError>((resume) => {
    let socket: Socket
    try {
      socket = connectSocket(endpoint)
    } catch (error) {
      const detail = `${endpoint.uri}: TLS cannot be set up: ${error instanceof Error ? error.message : String(error)}`
      return resume(Effect.fail(because("connect", new InvalidConfiguration({ detail }))))
    }
    let raw: RawConnection | undefined
    let refusal: Frame | undefined
    let over = false
    const end = (result: Effect.Effect<Opened, MessagingError>) => {
      if (over) return
      over = true
      clearTimeout(timer)
      resume(result)
    }
    const fail = (error: DriverError) => {
      socket.destroy()
      const reason = refusal === undefined
        ? fromSocket(error, endpoint.uri)
        : fromRefusal(Number(refusal.fields["replyCode"]), String(refusal.fields["replyText"]), endpoint.uri)
      end(Effect.fail(because("connect", reason)))
    }
    const timer = setTimeout(
      () =>
        fail(
          new Error(`no ${raw === undefined ? "connection" : "AMQP handshake"} within ${endpoint.connectTimeout} ms`)
        ),
      endpoint.connectTimeout
    )
    socket.on("error", fail)
    socket.once(endpoint.tls === undefined ? "connect" : "secureConnect", () => {
      const connection = new Connection(socket)
      raw = connection
      connection.on("error", () => {}) // the listeners of `AmqpConnection` come with the handshake's success
      const step = connection.step.bind(connection)
      connection.step = (next) =>
        step((error, frame) => {
          if (frame?.id === methods.ConnectionClose) refusal = frame
          next(error, frame)
        })
      connection.open(openFields(endpoint, config, name), (error) => {
        if (error !== null) return fail(handshakeError(error))
        socket.off("error", fail)
        socket.on("error", () => {}) // the driver listens too, until it ends; a socket may fail after that
        end(Effect.succeed({ raw: connection, socket }))
      })
    })
    return Effect.sync(() => {
      over = true
      clearTimeout(timer)
      socket.destroy()
    })
  })

/** Old brokers hang up on wrong credentials, and other servers do not answer in AMQP. */
const handshakeError = (error: DriverError): DriverError =>
  typeof error.code === "string"
    ? error
    : /closed abruptly/.test(error.message)
    ? new Error("the other side hung up during the AMQP handshake: wrong credentials, or TLS expected there (amqps://)")
    : /Invalid frame|Unknown frame|exceeds maxFrameSize|on channel != 0/.test(error.message)
    ? new Error(`what answers there does not speak AMQP 0-9-1 (${error.message})`)
    : error

const connectSocket = (endpoint: Endpoint): Socket => {
  const { host, port, tls } = endpoint
  const socket = tls === undefined
    ? connectPlain({ host, port })
    : connectTls({ host, port, ...tlsSettings(tls, host) })
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
    platform: `Node.js ${process.version} ${platform}`,
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
