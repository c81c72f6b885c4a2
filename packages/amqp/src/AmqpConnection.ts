/**
 * One connection to one broker: socket, TLS, handshake, heartbeat, and an end
 * that is always noticed and never waited for long.
 *
 * Timeouts here are the machine's: they bound what a peer does on the wire.
 *
 * @since 0.1.0
 */
import { because, ConnectionLost, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import type { Connection as MessagingConnection } from "@celeriac/messaging/Transport"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { connect as connectPlain, isIP, type Socket } from "node:net"
import { platform } from "node:process"
import { connect as connectTls, type ConnectionOptions } from "node:tls"
import * as AmqpChannel from "./AmqpChannel.ts"
import type { AmqpConfig, Endpoint, TlsOptions } from "./AmqpConfig.ts"
import { fromDriver, fromRefusal, fromSocket } from "./AmqpError.ts"
import {
  Channel,
  Connection,
  type DriverError,
  encodeMethod,
  type Frame,
  methods,
  type RawChannel,
  type RawConnection
} from "./Driver.ts"
import * as Heartbeat from "./Heartbeat.ts"
import { Output } from "./Output.ts"

/** An open connection, as its channels see it. */
export class AmqpConnection implements MessagingConnection {
  readonly endpoint: Endpoint
  readonly config: AmqpConfig
  readonly raw: RawConnection
  readonly output: Output
  readonly #lost = Deferred.makeUnsafe<never, MessagingError>()
  readonly #socket: Socket
  readonly #onUnblocked = new Set<() => void>()
  readonly #log: (effect: Effect.Effect<void>) => void
  #blocked: string | undefined
  #error: DriverError | undefined
  #ended: MessagingError | undefined
  #closing = false
  /** An orderly end was waited for in vain: there is no point in waiting again. */
  unresponsive = false

  constructor(opened: Opened, endpoint: Endpoint, config: AmqpConfig, context: Context.Context<never>) {
    const { raw, socket } = opened
    this.endpoint = endpoint
    this.config = config
    this.raw = raw
    this.#socket = socket
    this.output = new Output(raw.stream)
    this.#log = (effect) => {
      Effect.runForkWith(context)(effect)
    }
    raw.sendMethod = (channel, method, fields) => {
      raw.sentSinceLastCheck = true
      return this.output.write(encodeMethod(method, channel, fields))
    }
    raw.heartbeater?.clear()
    raw.heartbeater = Heartbeat.watch(this.#watched(), raw.heartbeat, (detail) => raw.onSocketError(new Error(detail)))
    raw.on("handler-error", (error: Error) => this.report("a listener failed", error))
    raw.on("error", (error: DriverError) => {
      this.#error ??= error
    })
    raw.on("close", (error?: DriverError) => this.#onClose(error))
    raw.on("blocked", (reason: string) => {
      this.#blocked = reason === "" ? "an alarm" : reason
      this.#log(Effect.logWarning(`${this.uri} blocks publishers: ${this.#blocked}`))
    })
    raw.on("unblocked", () => {
      this.#blocked = undefined
      this.#log(Effect.logInfo(`${this.uri} takes messages again`))
      for (const resume of [...this.#onUnblocked]) resume()
    })
  }

  get uri(): string {
    return this.endpoint.uri
  }

  get lost(): Effect.Effect<never, MessagingError> {
    return Deferred.await(this.#lost)
  }

  get openChannel(): Effect.Effect<AmqpChannel.AmqpChannel, MessagingError, Scope.Scope> {
    return AmqpChannel.open(this)
  }

  readonly blocked = (): string | undefined => this.#blocked

  /** Why it is over, if it is. */
  get ended(): MessagingError | undefined {
    return this.#ended
  }

  /** Whether we are ending it ourselves. */
  get closing(): boolean {
    return this.#closing
  }

  onUnblocked(resume: () => void): () => void {
    this.#onUnblocked.add(resume)
    return () => this.#onUnblocked.delete(resume)
  }

  /** Something that must not happen did: say so, and go on. */
  report(what: string, error: unknown): void {
    this.#log(Effect.logError(`${this.uri}: ${what}`, error))
  }

  /** An orderly end when the broker answers in time, and an end anyway. */
  readonly close: Effect.Effect<void> = Effect.callback<void>((resume) => {
    this.#closing = true
    const socket = this.#socket
    if (socket.destroyed) return resume(Effect.void)
    const patience = setTimeout(() => socket.destroy(), this.unresponsive ? 0 : this.config.closeTimeout)
    socket.once("close", () => {
      clearTimeout(patience)
      resume(Effect.void)
    })
    if (this.#ended !== undefined) return
    this.output.flush()
    this.raw.close(() => {})
    this.output.flush()
  })

  /** What the heartbeat asks for is asked on a channel of its own, which no slow method of ours holds up. */
  #watched(): Heartbeat.Watched {
    const { raw } = this
    let probe: RawChannel | undefined
    return {
      checkRecv: () => raw.checkRecv(),
      checkSend: () => raw.checkSend(),
      sendHeartbeat: () => raw.sendHeartbeat(),
      excused: () => this.#blocked !== undefined || raw.stream.writableLength > 0,
      probe: (answered) => {
        try {
          if (probe !== undefined) {
            probe._rpc(methods.BasicQos, { prefetchCount: 0, prefetchSize: 0, global: false }, methods.BasicQosOk, answered)
            return
          }
          probe = new Channel(raw)
          probe.on("error", () => {})
          probe.on("close", () => {
            probe = undefined
            answered()
          })
          probe.allocate()._rpc(methods.ChannelOpen, { outOfBand: "" }, methods.ChannelOpenOk, answered)
        } catch {
          answered() // the connection is over, or has no channel left: neither is silence
        }
      }
    }
  }

  #onClose(error: DriverError | undefined): void {
    const cause = this.#error ?? error
    const reason = this.#closing || cause === undefined
      ? new ConnectionLost({ uri: this.uri, detail: "it was closed by us" })
      : fromDriver(cause, { uri: this.uri })
    this.#ended = because("connection", reason)
    this.#socket.destroySoon()
    // a peer that takes nothing more must not keep the socket
    setTimeout(() => this.#socket.destroy(), this.config.closeTimeout)
    if (!this.#closing) Deferred.doneUnsafe(this.#lost, Effect.fail(this.#ended))
  }
}

/** Connects, and closes with the scope. */
export const open = Effect.fnUntraced(function*(endpoint: Endpoint, config: AmqpConfig, name: string | undefined) {
  const context = yield* Effect.context<never>()
  return yield* Effect.acquireRelease(
    Effect.map(handshake(endpoint, config, name), (opened) => new AmqpConnection(opened, endpoint, config, context)),
    (connection) => connection.close,
    { interruptible: true }
  )
})

interface Opened {
  readonly raw: RawConnection
  readonly socket: Socket
}

const handshake = (endpoint: Endpoint, config: AmqpConfig, name: string | undefined): Effect.Effect<Opened, MessagingError> =>
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
      () => fail(new Error(`no ${raw === undefined ? "connection" : "AMQP handshake"} within ${endpoint.connectTimeout} ms`)),
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
    ? connectPlain({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 })
    : connectTls({ host, port, ...tlsSettings(tls, host) })
  socket.setNoDelay(true)
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
