/**
 * One open connection to one broker: its heartbeat, its channels, and an end
 * that is always noticed and never waited for long.
 *
 * Timeouts here are the machine's: they bound what a peer does on the wire.
 *
 * @since 0.1.0
 */
import { because, ConnectionLost, type MessagingError } from "@celeriac/messaging/MessagingError"
import type { Connection as MessagingConnection, ConnectionTerms } from "@celeriac/messaging/Transport"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Socket } from "node:net"
import type { AmqpConfig, Endpoint } from "../AmqpConfig.ts"
import { fromDriver } from "../AmqpError.ts"
import * as AmqpChannel from "./AmqpChannel.ts"
import type { ChannelListener, DriverChannel, DriverConnection } from "./Driver.ts"
import type { DriverError } from "./DriverFrame.ts"
import { handshake, type Opened } from "./Handshake.ts"
import * as Heartbeat from "./Heartbeat.ts"
import { methods } from "./Methods.ts"
import type { OpenConnection } from "./OpenConnection.ts"
import { Output } from "./Output.ts"
import { type SizeLimit, Taken } from "./Taken.ts"

export class AmqpConnection implements MessagingConnection, OpenConnection {
  readonly endpoint: Endpoint
  readonly config: AmqpConfig
  readonly driver: DriverConnection
  readonly output: Output
  readonly taken: Taken
  readonly #lost = Deferred.makeUnsafe<never, MessagingError>()
  readonly #socket: Socket
  readonly #onUnblocked = new Set<() => void>()
  readonly #log: (effect: Effect.Effect<void>) => void
  #blocked: string | undefined
  #ended: MessagingError | undefined
  #closing = false
  /** An orderly end was waited for in vain: there is no point in waiting again, unless it was an alarm that has ended since. */
  unresponsive = false

  constructor(
    opened: Opened,
    endpoint: Endpoint,
    config: AmqpConfig,
    limit: SizeLimit,
    context: Context.Context<never>
  ) {
    const { driver, socket } = opened
    this.endpoint = endpoint
    this.config = config
    this.driver = driver
    this.#socket = socket
    this.output = new Output(driver.stream)
    this.taken = new Taken(limit)
    this.#log = (effect) => {
      Effect.runForkWith(context)(effect)
    }
    driver.listen(
      {
        write: this.output.write,
        onFault: (error) => this.report("a listener failed", error),
        onClose: (error) => this.#onClose(error),
        onBlocked: (reason) => {
          this.#blocked = reason === "" ? "an alarm" : reason
          this.#log(Effect.logWarning(`${this.uri} blocks publishers: ${this.#blocked}`))
        },
        onUnblocked: () => {
          this.#blocked = undefined
          this.unresponsive = false
          this.#log(Effect.logInfo(`${this.uri} takes messages again`))
          for (const resume of [...this.#onUnblocked]) resume()
        }
      },
      Heartbeat.watch(this.#watched(), driver.heartbeat, (detail) => driver.fail(new Error(detail)))
    )
  }

  get uri(): string {
    return this.endpoint.uri
  }

  get terms(): ConnectionTerms {
    const { connectTimeout, external, tls, uri } = this.endpoint
    return {
      heartbeat: this.driver.heartbeat,
      connectTimeout: connectTimeout / 1000,
      isEncrypted: tls !== undefined,
      loginMethod: external ? "EXTERNAL" : "PLAIN",
      failover: this.config.failover,
      alternates: this.config.endpoints.map((endpoint) => endpoint.uri).filter((other) => other !== uri),
      server: this.driver.server
    }
  }

  get lost(): Effect.Effect<never, MessagingError> {
    return Deferred.await(this.#lost)
  }

  readonly openChannel = (): Effect.Effect<AmqpChannel.AmqpChannel, MessagingError, Scope.Scope> =>
    AmqpChannel.open(this)

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

  /** How long to wait for the answer to a close, in milliseconds. A broker that blocks us reads nothing, unless its alarm ends just now. */
  get closePatience(): number {
    if (this.unresponsive) return 0
    return this.blocked() === undefined ? this.config.closeTimeout : Math.min(this.config.closeTimeout, 400)
  }

  /** An orderly end when the broker answers in time, and an end anyway. */
  readonly close: Effect.Effect<void> = Effect.callback<void>((resume) => {
    this.#closing = true
    const socket = this.#socket
    if (socket.destroyed) return resume(Effect.void)
    const patience = setTimeout(() => socket.destroy(), this.closePatience)
    socket.once("close", () => {
      clearTimeout(patience)
      resume(Effect.void)
    })
    if (this.#ended !== undefined) return
    this.output.flush()
    this.driver.close()
    this.output.flush()
  })

  /** What the heartbeat asks for is asked on a channel of its own, which no slow method of ours holds up. */
  #watched(): Heartbeat.Watched {
    const { driver } = this
    let probe: DriverChannel | undefined
    return {
      checkRecv: () => driver.checkRecv(),
      checkSend: () => driver.checkSend(),
      sendHeartbeat: () => driver.sendHeartbeat(),
      excused: () => this.#blocked !== undefined || driver.stream.writableLength > 0,
      probe: (answered) => {
        try {
          if (probe !== undefined) {
            const nothing = { prefetchCount: 0, prefetchSize: 0, global: false }
            probe.call(methods.BasicQos, nothing, methods.BasicQosOk, answered)
            return
          }
          probe = driver.channel(0, {
            ...hearsNothing,
            onClose: () => {
              probe = undefined
              answered()
            }
          })
          probe.call(methods.ChannelOpen, { outOfBand: "" }, methods.ChannelOpenOk, answered)
        } catch {
          answered() // the connection is over, or has no channel left: neither is silence
        }
      }
    }
  }

  #onClose(error: DriverError | undefined): void {
    const reason = this.#closing || error === undefined
      ? new ConnectionLost({ uri: this.uri, detail: "it was closed by us" })
      : fromDriver(error, { uri: this.uri })
    this.#ended = because("connection", reason)
    this.#socket.destroySoon()
    // a peer that takes nothing more must not keep the socket
    const patience = setTimeout(() => this.#socket.destroy(), this.config.closeTimeout)
    this.#socket.once("close", () => clearTimeout(patience))
    if (!this.#closing) Deferred.doneUnsafe(this.#lost, Effect.fail(this.#ended))
  }
}

/** A channel that only asks. */
const hearsNothing: Omit<ChannelListener, "onClose"> = {
  onConfirm: () => {},
  onReturn: () => {},
  onDelivery: () => {},
  onCancel: () => {}
}

/** Connects, and closes with the scope. */
export const open = Effect.fnUntraced(function*(
  endpoint: Endpoint,
  config: AmqpConfig,
  name: string | undefined,
  limit: SizeLimit
) {
  const context = yield* Effect.context<never>()
  return yield* Effect.acquireRelease(
    Effect.map(
      handshake(endpoint, config, name),
      (opened) => new AmqpConnection(opened, endpoint, config, limit, context)
    ),
    (connection) => connection.close,
    { interruptible: true }
  )
})
