/**
 * Leadership by the broker alone: of all schedulers that consume from one queue,
 * RabbitMQ has one active consumer, and another when that is gone.
 *
 * The queue is a quorum queue, so it goes on while most of a cluster's nodes do. Each
 * scheduler sends itself a word through it, twice a second. Whom the queue delivers its
 * own words to is the active consumer, and leads for 1.5 seconds from when it sent the
 * last that came back: one that was cut off in either direction stops by itself, before
 * the broker has noticed. Who comes next waits for as long before it sends.
 *
 * A leader that stops is succeeded within three seconds; one that was cut off, or whose
 * machine was lost, when the broker misses its heartbeats: set `heartbeat` in the URL.
 * (A classic queue is no choice: RabbitMQ 3.10 crashes when its active consumer leaves.)
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import { TaskId } from "@celeriac/tasks/TaskId"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { BeatError, LeaseFailed } from "../BeatError.ts"
import { Bell } from "../internal/Bell.ts"
import { Leadership, type Term } from "../Leadership.ts"

export interface Options {
  /** The name of the queue; all schedulers that take over from each other have one. Default `celeriac.beat`. */
  readonly queue?: string | undefined
  /** How long a word that came back is good for. Default 1.5 seconds. */
  readonly validity?: Duration.Input | undefined
}

/** How often a word is sent, of the time for which it is good. */
const wordsPerValidity = 3

/** Words that nobody takes, while no consumer is active. */
const maxLength = 1000

/** Between attempts to reach the broker. */
const pause = "1 second"

export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const transport = yield* Transport
  const clock = yield* Clock.Clock
  const newId = yield* TaskId
  const name = options.queue ?? "celeriac.beat"
  const describe = `the queue ${name}`
  const validMillis = Duration.toMillis(options.validity ?? "1500 millis")
  const queue = Entity.queue(name, {
    type: "quorum",
    maxLength,
    arguments: { "x-single-active-consumer": true }
  })
  const failed = (detail: string) => new BeatError({ reason: new LeaseFailed({ lease: describe, detail }) })
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

  const attempt = Effect.gen(function*() {
    const connection = yield* transport.connect({ name: "celeriac beat" })
    const channel = yield* connection.openChannel()
    yield* channel.declareQueue(queue)
    const words = new Words(channel, name, newId())
    const heard = new Bell()
    let heldUntil = -Infinity
    yield* channel.consume(name, {
      prefetch: 0,
      noAck: true,
      onDelivery: ({ headers }) => {
        const sentAt = words.sentAt(headers)
        if (sentAt === undefined) return
        heldUntil = Math.max(heldUntil, sentAt + validMillis)
        heard.ring()
      }
    })
    const speak = Effect.suspend(() => {
      words.send(now(), validMillis)
      return Effect.sleep(validMillis / wordsPerValidity)
    })
    yield* Effect.forkScoped(Effect.forever(speak))
    const isHeld = () => now() < heldUntil
    const gone = Effect.raceFirst(connection.lost, channel.lost)
    /** Whoever led before may believe so for as long as this. */
    const waitForTurn = Effect.gen(function*() {
      do {
        yield* heard.wait
        yield* Effect.sleep(validMillis)
      } while (!isHeld())
    })
    yield* Effect.raceFirst(waitForTurn, gone)
    const unheard = Effect.suspend(() => Effect.sleep(Math.max(1, heldUntil - now()))).pipe(
      Effect.repeat({ while: isHeld }),
      Effect.as(`${describe} has not answered for ${validMillis} ms`)
    )
    const lost = Effect.raceFirst(Effect.map(Effect.flip(gone), (error) => error.message), unheard)
    return { isHeld, lost } satisfies Term
  })

  let told = ""
  const tell = (error: MessagingError) => {
    if (error.message === told) return Effect.void
    told = error.message
    return Effect.logError(`beat: Connection error: ${error.message}. Trying again...`)
  }

  const acquire = Effect.gen(function*() {
    // The embedded broker hands messages to all of its consumers in turn.
    if (transport.driver === "memory") {
      return yield* Effect.fail(failed("the broker is embedded, and has one process: use Leadership.layerSingle"))
    }
    const parent = yield* Effect.scope
    while (true) {
      const scope = yield* Scope.fork(parent)
      const exit = yield* Effect.exit(Scope.provide(attempt, scope)).pipe(
        Effect.onInterrupt(() => Scope.close(scope, Exit.void))
      )
      if (Exit.isSuccess(exit)) return exit.value
      yield* Scope.close(scope, exit)
      const error = yield* Effect.flip(exit)
      if (!error.isRecoverable) {
        return yield* Effect.fail(failed(
          `${error.message}. Give it another name that this user may declare, or delete the queue that is there`
        ))
      }
      yield* tell(error)
      yield* Effect.sleep(pause)
    }
  }) as Effect.Effect<Term, BeatError, Scope.Scope> // a loop without an end

  return Leadership.of({ describe, acquire })
})

/** Leadership by a queue of the broker at hand. */
export const layer = (options?: Options): Layer.Layer<Leadership, never, Transport> =>
  Layer.effect(Leadership, make(options))

/** What a scheduler sends itself: who, and which word. */
class Words {
  readonly #channel: Channel
  readonly #queue: string
  readonly #self: string
  #last = 0
  readonly #sent = new Map<number, number>()

  constructor(channel: Channel, queue: string, self: string) {
    this.#channel = channel
    this.#queue = queue
    this.#self = self
  }

  send(now: number, validMillis: number): void {
    for (const [word, at] of this.#sent) {
      if (at + validMillis < now) this.#sent.delete(word)
    }
    const word = ++this.#last
    this.#sent.set(word, now)
    const message = { body: new Uint8Array(), headers: { beat: this.#self, word }, properties: {} }
    // One that is lost does not come back: that says it all.
    this.#channel.publishUnsafe(message, { exchange: "", routingKey: this.#queue }, {}, () => {})
  }

  /** When one of ours was sent that is good still. */
  sentAt(headers: Readonly<Record<string, unknown>>): number | undefined {
    return headers.beat === this.#self && typeof headers.word === "number" ? this.#sent.get(headers.word) : undefined
  }
}
