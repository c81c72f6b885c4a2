import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { because, ConnectionLost } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Task from "@celeriac/tasks/Task"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { define, quiet, settled } from "../support.ts"

const five = Task.make("five", { success: Schema.Int })
/** Its events would go over the connection of its results, and open it. */
const worker = define({ tasks: [five.toLayer(() => Effect.succeed(5))], without: ["events"] })

const own = "celery@test"
const forResults = "celeriac producer"

/** A transport whose handshakes go through here, with the names of the connections. */
const through = (handshake: (name: string) => Effect.Effect<void, MessagingError>) =>
  Layer.effect(
    Transport,
    Effect.map(Transport, (transport) =>
      Transport.of({
        ...transport,
        connect: (options) => Effect.andThen(handshake(options?.name ?? ""), transport.connect(options))
      }))
  ).pipe(Layer.provideMerge(MemoryTransport.layer()))

const client = (
  results: typeof MemoryBackend.layer | ReturnType<typeof RpcBackend.layer>,
  transport: Layer.Layer<Transport | MemoryBroker>
) =>
  Client.layer.pipe(
    Layer.provideMerge(results),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(transport)
  )

const names = Effect.map(MemoryBroker, (broker) => broker.connections().map(({ name }) => name).toSorted())

describe("Connection", () => {
  it.effect("is made beside the one that results go through: both handshakes are under way at a time", () => {
    const begun: Array<string> = []
    const answers = Latch.makeUnsafe(false)
    const transport = through((name) => Effect.andThen(Effect.sync(() => begun.push(name)), answers.await))
    return Effect.gen(function*() {
      const booting = yield* Effect.forkChild(Layer.build(worker.layer))
      yield* settled
      assert.deepStrictEqual(begun, [own, forResults])
      assert.deepStrictEqual(yield* names, [])
      answers.openUnsafe()
      yield* Fiber.join(booting)
      assert.deepStrictEqual(yield* names, [forResults, own])
    }).pipe(Effect.provide(client(RpcBackend.layer(), transport)), Effect.provide(quiet))
  })

  it.effect("does not wait for the other one", () => {
    const transport = through((name) => name === forResults ? Effect.never : Effect.void)
    return Effect.gen(function*() {
      yield* Worker
      assert.deepStrictEqual(yield* names, [own])
    }).pipe(
      Effect.provide(Layer.provideMerge(worker.layer, client(RpcBackend.layer(), transport))),
      Effect.provide(quiet)
    )
  })

  it.effect("is made when the other one cannot be, which the first result makes", () => {
    let refused = 0
    const transport = through((name) =>
      name === forResults && refused++ === 0
        ? Effect.fail(because("connect", new ConnectionLost({ uri: "memory://", detail: "not yet" })))
        : Effect.void
    )
    return Effect.gen(function*() {
      yield* Worker
      yield* settled
      assert.strictEqual(refused, 1)
      assert.deepStrictEqual(yield* names, [own])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(refused, 1)
      assert.strictEqual(yield* (yield* Client.Client).execute(five), 5)
    }).pipe(
      Effect.provide(Layer.provideMerge(worker.layer, client(RpcBackend.layer(), transport))),
      Effect.provide(quiet)
    )
  })

  it.effect("is made together with the other one again when both were lost", () =>
    Effect.gen(function*() {
      yield* Worker
      yield* settled
      const broker = yield* MemoryBroker
      assert.deepStrictEqual(yield* names, [forResults, own])
      broker.faults.dropConnections("the plug was pulled")
      assert.deepStrictEqual(yield* names, [])
      yield* settled
      yield* TestClock.adjust("6 seconds")
      yield* settled
      assert.deepStrictEqual(yield* names, [forResults, own])
    }).pipe(
      Effect.provide(Layer.provideMerge(worker.layer, client(RpcBackend.layer(), MemoryTransport.layer()))),
      Effect.provide(quiet)
    ))

  it.effect("is the only one where results stay in the process", () =>
    Effect.gen(function*() {
      yield* Worker
      yield* settled
      assert.deepStrictEqual(yield* names, [own])
    }).pipe(
      Effect.provide(Layer.provideMerge(worker.layer, client(MemoryBackend.layer, MemoryTransport.layer()))),
      Effect.provide(quiet)
    ))

  it.effect("is nothing that a client has, which connects to nothing before it sends", () =>
    Effect.gen(function*() {
      yield* Client.Client
      yield* settled
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(client(RpcBackend.layer(), MemoryTransport.layer()))))
})
