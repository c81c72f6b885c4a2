/** Two workers that share nothing but a broker and a result backend, and copies of what one of them has. */
import * as Entity from "@celeriac/messaging/Entity"
import type { Message } from "@celeriac/messaging/Message"
import { header } from "@celeriac/messaging/security/Seal"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import type { CallOptions } from "@celeriac/tasks/CallOptions"
import * as Client from "@celeriac/tasks/Client"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import { BackendUnreachable, because } from "@celeriac/tasks/result/ResultError"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { signed } from "../signed.ts"
import {
  define,
  digGraveyard,
  Doors,
  drain,
  gated,
  inject,
  Lines,
  lookup,
  quiet,
  settled,
  surroundings
} from "../support.ts"

const dead = { deadLetterExchange: "dead" }
const queues = Layer.succeed(TaskQueues.Configured, [Entity.queue("one", dead), Entity.queue("two", dead)])

const world = surroundings().pipe(Layer.provideMerge(queues), Layer.provideMerge(signed), Layer.provideMerge(quiet))

/** Consumes a queue of its own, with a memory of its own, as another process has it. Early or late. */
const worker = (doors: Doors, name: "one" | "two", how: "early" | "late" = "late", concurrency = 2) =>
  define({ nodename: `${name}@test`, queues: [name], concurrency, tasks: [doors[how]] }).layer.pipe(
    Layer.provide(queues),
    Layer.provide(Layer.fresh(signed))
  )

/** Sent, and taken out of its queue again. */
const recorded = (n: number, options: Pick<CallOptions, "countdown" | "ignoreResult"> = {}) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    yield* client.applyAsync(gated, { n }, { ...options, taskId: `task ${n}`, queue: "aside" })
    const [message] = yield* drain("aside")
    return message!
  })

const pass = (seconds: number) =>
  Effect.gen(function*() {
    for (let second = 0; second < seconds; second++) {
      yield* TestClock.adjust("1 second")
      yield* settled
    }
  })

/** Long enough to see twice that another lives, or that none does. */
const looked = pass(8)

const stateOf = (n: number) => Effect.map(lookup(`task ${n}`), (record) => record?.status)

/** As the broker hands out again what was not acknowledged. */
const takenOnce = (name: string) =>
  Effect.scoped(Effect.gen(function*() {
    const channel = yield* (yield* (yield* Transport).connect({ name: "taker" })).openChannel()
    yield* channel.get(name)
  }))

const numberOf = (message: Message): string => String(message.headers[header]).split(";")[2]!

describe("a copy of a sealed task, at another worker", () => {
  for (const how of ["early", "late"] as const) {
    it.effect(`is not run while the first runs it, nor afterwards (${how})`, () => {
      const doors = new Doors()
      return Effect.gen(function*() {
        yield* digGraveyard
        yield* Layer.build(worker(doors, "one", how))
        yield* Layer.build(worker(doors, "two", how))
        const message = yield* recorded(1)
        yield* inject(message, "one")
        yield* settled
        yield* inject(message, "two")
        yield* settled
        yield* looked
        assert.deepStrictEqual(doors.started, [1])
        assert.lengthOf(yield* drain("graveyard"), 1)
        assert.isUndefined(yield* stateOf(1))
        doors.open(1)
        yield* pass(2)
        yield* inject(message, "two")
        yield* looked
        assert.deepStrictEqual(doors.started, [1])
        assert.strictEqual(yield* stateOf(1), "SUCCESS")
        assert.lengthOf(yield* drain("graveyard"), 1)
      }).pipe(Effect.provide(world))
    })
  }

  it.effect("is not run where its result is ignored, when the first has ended and its worker has left", () => {
    const doors = new Doors()
    doors.open(1)
    return Effect.gen(function*() {
      yield* digGraveyard
      const message = yield* recorded(1, { ignoreResult: true })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(worker(doors, "one"))
        yield* inject(message, "one")
        yield* settled
      }))
      yield* Layer.build(worker(doors, "two"))
      yield* inject(message, "two")
      yield* settled
      assert.deepStrictEqual(doors.started, [1])
      assert.lengthOf(yield* drain("graveyard"), 1)
    }).pipe(Effect.provide(world))
  })

  it.effect("is refused long before its time comes, and not given back as if it were the first", () => {
    const doors = new Doors()
    doors.open(1)
    return Effect.gen(function*() {
      yield* digGraveyard
      yield* Layer.build(worker(doors, "one"))
      const message = yield* recorded(1, { countdown: "2 minutes" })
      yield* inject(message, "one")
      yield* settled
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(worker(doors, "two"))
        yield* inject(message, "two")
        yield* looked
      }))
      assert.lengthOf(yield* drain("graveyard"), 1)
      assert.lengthOf(yield* drain("two"), 0)
      yield* TestClock.adjust("2 minutes")
      yield* settled
      assert.deepStrictEqual(doors.started, [1])
    }).pipe(Effect.provide(world))
  })

  it.effect("is told of in the log, and leaves no failure of a task that its queue's worker does not know", () => {
    const doors = new Doors()
    const lines = new Lines()
    return Effect.gen(function*() {
      yield* Layer.build(worker(doors, "one"))
      const message = yield* recorded(1)
      yield* inject(message, "one")
      yield* settled
      yield* Layer.build(
        define({ nodename: "two@test", queues: ["two"], tasks: [] }).layer.pipe(Layer.provide(Layer.fresh(signed)))
      )
      yield* inject(message, "two")
      yield* looked
      assert.isTrue(lines.has("it came before, to another worker"))
      assert.isUndefined(yield* stateOf(1))
      doors.open(1)
    }).pipe(Effect.provide(Layer.provideMerge(lines.layer, world)), Effect.provide(lines.layer))
  })
})

describe("a sealed task that another worker had", () => {
  it.effect("runs at once when the broker hands it out again, whatever that one says", () => {
    const doors = new Doors()
    doors.open(1)
    return Effect.gen(function*() {
      const { marks } = yield* ResultWriter
      const message = yield* recorded(1)
      yield* marks!.exchange(numberOf(message), "", "killed", 3_600_000)
      yield* marks!.exchange("alive-killed", "", "1", 60_000)
      yield* declared
      yield* inject(message, "two")
      yield* takenOnce("two")
      yield* Layer.build(worker(doors, "two"))
      yield* settled
      assert.deepStrictEqual(doors.started, [1])
      yield* pass(2)
      assert.strictEqual(yield* marks!.read(numberOf(message)), "done")
    }).pipe(Effect.provide(world))
  })

  it.effect("runs when that one is dead and the broker has forgotten that it was handed out", () => {
    const doors = new Doors()
    doors.open(1, 2)
    return Effect.gen(function*() {
      const { marks } = yield* ResultWriter
      const [message, ended] = [yield* recorded(1), yield* recorded(2)]
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(worker(doors, "one"))
        yield* inject(ended, "one")
        yield* settled
      }))
      for (const one of [message, ended]) {
        const there = yield* marks!.read(numberOf(one))
        yield* marks!.exchange(numberOf(one), there, "killed", 3_600_000)
      }
      yield* marks!.exchange("alive-killed", "", "1", 60_000)
      yield* Layer.build(worker(doors, "two"))
      yield* inject(message, "two")
      yield* inject(ended, "two")
      yield* pass(50)
      assert.deepStrictEqual(doors.started, [2])
      yield* pass(30)
      // What had ended before its worker could say so is known by its result.
      assert.deepStrictEqual(doors.started, [2, 1])
    }).pipe(Effect.provide(world))
  })

  it.effect("runs when that one gave it back unstarted, or lost it with its connection", () => {
    const doors = new Doors()
    doors.open(2, 3)
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(worker(doors, "one", "late", 1), scope)
      yield* inject(yield* recorded(1), "one")
      yield* inject(yield* recorded(2), "one")
      yield* inject(yield* recorded(3, { countdown: "1 minute" }), "one")
      yield* settled
      doors.open(1)
      yield* Scope.close(scope, Exit.void)
      const [...back] = yield* drain("one")
      // Of what was lost the broker may have forgotten that it was handed out; that it was given back, not.
      yield* Layer.build(worker(doors, "two"))
      for (const message of back) yield* inject(message, "two")
      yield* looked
      yield* pass(60)
      assert.deepStrictEqual(doors.started, [1, 2, 3])
    }).pipe(Effect.provide(world))
  })

  it.effect("runs elsewhere after its connection was lost, although that one lives", () => {
    const doors = new Doors()
    doors.open(1)
    return Effect.gen(function*() {
      yield* Layer.build(worker(doors, "one"))
      yield* inject(yield* recorded(1, { countdown: "2 minutes" }), "one")
      yield* settled
      const { faults } = yield* MemoryBroker
      faults.dropConnections("the plug was pulled", ({ name }) => name === "one@test")
      yield* settled
      const [message] = yield* drain("one")
      yield* pass(10)
      yield* Layer.build(worker(doors, "two"))
      yield* inject(message!, "two")
      yield* settled
      yield* TestClock.adjust("2 minutes")
      yield* settled
      assert.deepStrictEqual(doors.started, [1])
    }).pipe(Effect.provide(world))
  })
})

describe("a sealed task whose worker cannot ask whether it is a copy", () => {
  const lines = new Lines()
  const away = { is: true }
  const down = Effect.fail(
    because("exchange mark", new BackendUnreachable({ backend: "test://", detail: "it is down" }))
  )
  const backend = Layer.effect(
    ResultWriter,
    Effect.map(ResultWriter, (writer) => ({
      ...writer,
      marks: {
        exchange: (...args: Parameters<NonNullable<typeof writer.marks>["exchange"]>) =>
          Effect.suspend(() => away.is ? down : writer.marks!.exchange(...args)),
        read: (name: string) => Effect.suspend(() => away.is ? down : writer.marks!.read(name))
      }
    }))
  ).pipe(Layer.provideMerge(MemoryBackend.layer))
  const without = surroundings(backend).pipe(
    Layer.provideMerge(queues),
    Layer.provideMerge(signed),
    Layer.provideMerge(lines.layer)
  )

  it.effect("waits until it can, says so once, and goes back when the worker leaves", () => {
    const doors = new Doors()
    doors.open(1, 2)
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(worker(doors, "one"), scope)
      yield* inject(yield* recorded(1), "one")
      yield* inject(yield* recorded(2), "one")
      yield* pass(30)
      assert.deepStrictEqual(doors.started, [])
      assert.lengthOf(lines.of("Warn").filter((line) => line.startsWith("Sealed tasks wait")), 1)
      away.is = false
      yield* pass(7)
      assert.sameMembers(doors.started, [1, 2])
      away.is = true
      yield* inject(yield* recorded(3), "one")
      yield* settled
      const leaving = Deferred.makeUnsafe<void>()
      yield* Effect.forkScoped(Effect.andThen(Scope.close(scope, Exit.void), Deferred.succeed(leaving, undefined)))
      yield* pass(2)
      yield* Deferred.await(leaving)
      assert.lengthOf(yield* drain("one"), 1)
    }).pipe(Effect.scoped, Effect.provide(without))
  })
})

/** Before there is a worker. */
const declared = Effect.scoped(Effect.gen(function*() {
  const channel = yield* (yield* (yield* Transport).connect()).openChannel()
  yield* Topology.declareQueue(channel, Entity.queue("two", dead))
}))
