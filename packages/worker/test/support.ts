/** What the tests of the worker share: tasks that wait to be told, messages of any shape, and what was logged. */
import * as Entity from "@celeriac/messaging/Entity"
import type { Message, Properties } from "@celeriac/messaging/Message"
import * as Producer from "@celeriac/messaging/Producer"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

export const queue = "celery"

/** Keeps results where tests can look them up, whoever sent the task. */
export const surroundings = (backend: Layer.Layer<ResultBackend> = MemoryBackend.layer) =>
  Client.layer.pipe(
    Layer.provideMerge(backend),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(MemoryTransport.layer())
  )

/** A worker in surroundings of its own. At the end of the test, what still runs is interrupted. */
export const running = <E, R>(worker: Worker.Definition<E, R>, backend?: Layer.Layer<ResultBackend>) =>
  Layer.effectDiscard(Effect.flatMap(Worker.Worker, (up) => Effect.addFinalizer(() => up.terminate))).pipe(
    Layer.provideMerge(worker.layer),
    Layer.provideMerge(surroundings(backend))
  )

/** A definition whose name and concurrency are the same on every machine, and that has no ear for other nodes. */
export const define: typeof Worker.make = (options) => {
  const worker = Worker.make(options)
  return worker.with({
    nodename: options.nodename ?? "celery@test",
    concurrency: options.concurrency ?? 2,
    without: [...worker.settings.without, "mingle", "gossip"]
  })
}

/** `gated(1)`, `gated(2)` and so on run until they are told what to come to. */
export const gated = Task.make("gated", { parameters: { n: Schema.Int }, success: Schema.Int })

/** The doors of `gated` tasks: each run waits at the door of its number. */
export class Doors {
  /** The numbers of the runs that began, in order. */
  readonly started: Array<number> = []
  readonly interrupted: Array<number> = []
  private readonly doors = new Map<number, Deferred.Deferred<number>>()

  readonly open = (...numbers: ReadonlyArray<number>): void => {
    for (const n of numbers) Deferred.doneUnsafe(this.door(n), Effect.succeed(n))
  }

  readonly handler = ({ n }: { readonly n: number }): Effect.Effect<number> =>
    Effect.suspend(() => {
      this.started.push(n)
      return Effect.onInterrupt(Deferred.await(this.door(n)), () => Effect.sync(() => void this.interrupted.push(n)))
    })

  readonly late = gated.toLayer(this.handler, { acksLate: true })
  readonly early = gated.toLayer(this.handler)

  private door(n: number): Deferred.Deferred<number> {
    const door = this.doors.get(n) ?? Deferred.makeUnsafe<number>()
    this.doors.set(n, door)
    return door
  }
}

/** Lets other fibers run until it holds. Fails when it does not, a little before vitest ends what hangs. */
export const until = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    const end = performance.now() + 100_000
    while (!holds()) {
      if (performance.now() > end) return yield* Effect.die(new Error(`it never came to this: ${what}`))
      yield* Effect.yieldNow
    }
  })

/**
 * Lets others run until nobody has anything to do: neither a fiber nor the
 * broker, both of which go on with a turn of Node's. So what has not happened by
 * then will not happen, however long the way to it is. Fails when they do not
 * come to rest.
 */
export const settled: Effect.Effect<void> = Effect.callback((resume) => {
  let turns = 0
  let quiet = 0
  const look = () => {
    quiet = process.getActiveResourcesInfo().includes("Immediate") ? 0 : quiet + 1
    if (quiet === 2) return resume(Effect.void)
    if (++turns === 100_000) return resume(Effect.die(new Error("there is always something to do")))
    setImmediate(look)
  }
  setImmediate(look)
})

/** How many fibers there have been, in the whole process: their numbers are given out one by one. */
export const fibers: Effect.Effect<number> = Effect.map(
  Effect.flatMap(Effect.forkChild(Effect.void), (fiber) => Effect.as(Fiber.await(fiber), fiber)),
  ({ id }) => id
)

/** Ready and unacked. */
export const counts = (name = queue) =>
  Effect.map(MemoryBroker, (broker) => {
    const found = broker.queue(name)
    return [found?.ready ?? 0, found?.unacked ?? 0] as const
  })

/** Where what the worker rejects can be found: declare it first. */
const graveyard = Entity.queue("graveyard", { exchange: Entity.exchange("dead", { type: "fanout" }) })

export const digGraveyard = Effect.scoped(Effect.gen(function*() {
  const channel = yield* (yield* (yield* Transport).connect()).openChannel()
  yield* Topology.declareQueue(channel, graveyard)
}))

/** A worker whose rejected messages go to the graveyard. */
export const withGraveyard = <A, E, R>(layer: Layer.Layer<A, E, R>) =>
  Layer.provide(layer, Layer.succeed(TaskQueues.Configured, [Entity.queue(queue, { deadLetterExchange: "dead" })]))

/** A message as Python's client writes it. */
export const taskMessage = (task: TaskMessage.OutgoingTask): Message =>
  Result.getOrThrow(TaskMessage.write(task, { serializer: "json" }))

export const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8")

export const json: Properties = { contentType: "application/json", contentEncoding: "utf-8" }

/** Sends anything at all to a queue. */
export const publish = (message: Message, name = queue) =>
  Effect.flatMap(Producer.Producer, (producer) => producer.publish(message, { exchange: "", routingKey: name }))

/** Puts a message there that no client of ours could have written. */
export const inject = (message: Message, name = queue) =>
  Effect.map(MemoryBroker, (broker) => assert.isTrue(broker.faults.inject(name, message)))

/** What is stored about a task. */
export const lookup = (id: string): Effect.Effect<ResultRecord | undefined, never, ResultReader> =>
  Effect.flatMap(ResultReader, (reader) => Effect.orDie(reader.lookup(id)))

/** Takes every message that is ready in a queue. */
export const drain = Effect.fnUntraced(function*(name: string) {
  const channel = yield* (yield* (yield* Transport).connect({ name: "drain" })).openChannel()
  const taken: Array<Message> = []
  while (true) {
    const next = yield* channel.get(name, { noAck: true })
    if (Option.isNone(next)) return taken
    taken.push(next.value)
  }
}, Effect.scoped)

export const idOf = (message: Message): unknown => message.headers["id"]

export interface Line {
  readonly level: LogLevel.LogLevel
  readonly text: string
  /** The cause that came with it, as text. */
  readonly why: string
}

/** Log lines, as they come. */
export class Lines {
  readonly all: Array<Line> = []
  /** The id of the task that a line is about, by its text. */
  readonly about = new Map<string, unknown>()
  readonly layer = Layer.mergeAll(
    Logger.layer([
      Logger.make(({ cause, fiber, logLevel, message }) => {
        const text = (Array.isArray(message) ? message : [message]).map(String).join(" ")
        this.about.set(text, fiber.getRef(References.CurrentLogAnnotations)["task_id"])
        this.all.push({ level: logLevel, text, why: cause.reasons.length === 0 ? "" : Cause.pretty(cause) })
      })
    ]),
    Layer.succeed(References.MinimumLogLevel, "Debug")
  )

  /** Of this level, in order. */
  readonly of = (level: LogLevel.LogLevel): ReadonlyArray<string> =>
    this.all.filter((line) => line.level === level).map((line) => line.text)

  readonly has = (text: string): boolean => this.all.some((line) => line.text.includes(text))
}

/** Nothing is written to the terminal. */
export const quiet = Logger.layer([])

/** A store that answers when it is told to, and with what; or that refuses everything at once. */
export class SlowStore {
  readonly waiting: Array<{ readonly record: ResultRecord; readonly answer: (error?: ResultError) => void }> = []
  readonly stored: Array<string> = []

  private atOnce: { readonly error: ResultError | undefined } | undefined

  readonly layer = Layer.effect(
    ResultWriter,
    Effect.map(ResultWriter, (writer) => ({
      ...writer,
      storeUnsafe: (record: ResultRecord, _to: unknown, onStored: (error?: ResultError) => void) => {
        this.waiting.push({ record, answer: onStored })
        if (this.atOnce !== undefined) this.answer(this.atOnce.error)
      }
    }))
  ).pipe(Layer.provideMerge(MemoryBackend.layer))

  /** From now on, answers at once: with the error, or well. */
  refuse(error: ResultError | undefined): void {
    this.atOnce = { error }
  }

  answer(error?: ResultError): void {
    const next = this.waiting.shift()
    if (next === undefined) throw new Error("nothing waits to be stored")
    this.stored.push(`${next.record.status} ${next.record.taskId}`)
    next.answer(error)
  }
}
