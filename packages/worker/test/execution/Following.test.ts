/**
 * What follows a task: published and confirmed before anything is stored of the
 * task, and stored before its message is settled. Each way in which that fails
 * ends as the rule says.
 */
import * as Entity from "@celeriac/messaging/Entity"
import * as Producer from "@celeriac/messaging/Producer"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { Outgoing } from "@celeriac/worker/execution/Aftermath"
import type { Outcome } from "@celeriac/worker/trace/Outcome"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Publishing from "../../src/execution/internal/Publishing.ts"
import { quiet, settled, taskMessage } from "../support.ts"
import { beside, type Options, World } from "./World.ts"

const late: Options = { acksLate: true, acksOnFailureOrTimeout: true, ignoreResult: false, follows: 1 }
const early: Options = { ...late, acksLate: false }

const success: Outcome = { _tag: "Success", result: 1, isSealed: false }
const retry: Outcome = { _tag: "Retry", exception: Exceptions.make("ValueError", ["bad"]), traceback: undefined }
const failure: Outcome = {
  _tag: "Failure",
  exception: Exceptions.make("ValueError", ["bad"]),
  traceback: undefined,
  isDeclared: false
}
const revoked: Outcome = { _tag: "Revoked", why: "terminated" }

/** A task that has come to this. */
const ended = (world: World, outcome: Outcome): void => {
  world.deliver("a")
  world.end(0, outcome)
}

/** What the broker heard of its message. */
const heard = (world: World) => world.deliveries[0]!.heard

/** What is to be stored next, in a word or two. */
const storing = (world: World) =>
  world.storing.map(({ record }) => [record.status, record.exception?.excType].filter(Boolean).join(" "))

describe("what follows a task", () => {
  const world = Effect.map(
    Clock.Clock,
    (clock) => (options: Partial<Options> = {}, following = {}) => new World(clock, { ...late, ...options }, following)
  )

  it.effect("is published one after the other, then the result is stored, and then the message is settled", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ follows: 2 })
      ended(one, success)
      for (const rest of [2, 1]) {
        assert.deepStrictEqual([one.publishing.length, one.owed.get("a")], [1, rest])
        assert.deepStrictEqual([storing(one), heard(one)], [[], []])
        one.answerPublish(0, "well")
      }
      assert.deepStrictEqual([storing(one), heard(one)], [["SUCCESS"], []])
      one.answer(0, "well")
      assert.deepStrictEqual(heard(one), ["ack"])
      assert.deepStrictEqual(one.done, ["Success", "published a", "published a", "stored a"])
    }))

  it.effect("is published side by side where it is a group: all are sent before the first is confirmed", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ follows: 3 }, { next: beside })
      ended(one, success)
      assert.strictEqual(one.publishing.length, 3)
      one.answerPublish(2, "well")
      one.answerPublish(0, "badly")
      assert.deepStrictEqual([one.publishing.length, storing(one)], [1, []])
      one.answerPublish(0, "well")
      assert.deepStrictEqual(one.done, ["Success", "published a", "published a", "Kept"])
      one.tick()
      assert.deepStrictEqual([one.publishing.length, storing(one)], [1, []])
      one.answerPublish(0, "well")
      assert.deepStrictEqual([storing(one), heard(one)], [["SUCCESS"], []])
    }))

  it.effect("fails the task when one of a group is refused for good: what follows the failure is sent instead", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ follows: 3 }, { next: beside })
      ended(one, success)
      for (const how of ["badly", "refused", "well"] as const) one.answerPublish(0, how)
      for (let left = 3; left > 0; left--) {
        assert.deepStrictEqual([one.publishing.length, storing(one)], [left, []])
        one.answerPublish(0, "well")
      }
      assert.deepStrictEqual(storing(one), ["FAILURE BackendStoreError"])
    }))

  it.effect("is published after FAILURE is stored: an errback asks why the task has failed", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ follows: 1 })
      ended(one, failure)
      assert.deepStrictEqual([one.publishing.length, storing(one), heard(one)], [0, ["FAILURE ValueError"], []])
      one.answer(0, "well")
      assert.deepStrictEqual([one.publishing.length, storing(one), heard(one)], [1, [], []])
      one.answerPublish(0, "well")
      assert.deepStrictEqual(heard(one), ["ack"])
    }))

  it.effect("settles alone where nothing is to be stored", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ ignoreResult: true })
      ended(one, success)
      assert.deepStrictEqual(heard(one), [])
      one.answerPublish(0, "well")
      assert.deepStrictEqual([storing(one), heard(one)], [[], ["ack"]])
    }))

  for (
    const [how, outcome, stored, settled] of [
      ["refused", success, "FAILURE BackendStoreError", "ack"],
      ["unencodable", success, "FAILURE EncodeError", "ack"],
      // It will not run again: that is a failure, and no retry.
      ["refused", retry, "FAILURE BackendStoreError", "ack"],
      ["unencodable", retry, "FAILURE EncodeError", "ack"],
      // No failure takes the place of these: a message less.
      ["refused", revoked, "REVOKED TaskRevokedError", "ack"],
      ["unencodable", revoked, "REVOKED TaskRevokedError", "ack"]
    ] as const
  ) {
    it.effect(`when it is ${how}, ${outcome._tag} is stored as ${stored}`, () =>
      Effect.gen(function*() {
        const one = (yield* world)()
        ended(one, outcome)
        // RETRY is stored first: the next attempt's result must come after it.
        if (outcome === retry) one.answer(0, "well")
        one.answerPublish(0, how)
        // What follows the failure.
        if (one.publishing.length > 0) one.answerPublish(0, "well")
        assert.deepStrictEqual([storing(one), heard(one)], [[stored], []])
        one.answer(0, "well")
        assert.deepStrictEqual(heard(one), [settled])
      }))
  }

  for (const how of ["well", "unencodable"] as const) {
    it.effect(`is published after RETRY is stored, or refused (${how}): what the next attempt comes to is stored last`, () =>
      Effect.gen(function*() {
        const one = (yield* world)()
        ended(one, retry)
        assert.deepStrictEqual([one.publishing.length, storing(one), heard(one)], [0, ["RETRY ValueError"], []])
        one.answer(0, how)
        assert.deepStrictEqual([one.publishing.length, storing(one), heard(one)], [1, [], []])
        one.answerPublish(0, "badly")
        one.tick()
        assert.deepStrictEqual([one.publishing.length, storing(one), heard(one)], [1, [], []])
        one.answerPublish(0, "well")
        assert.deepStrictEqual([storing(one), heard(one)], [[], ["ack"]])
      }))
  }

  it.effect("is left out when not even what follows the failure is taken: the failure is stored", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ follows: 2 })
      ended(one, success)
      for (const how of ["well", "refused", "refused", "unencodable"] as const) one.answerPublish(0, how)
      assert.deepStrictEqual([one.publishing.length, storing(one)], [0, ["FAILURE BackendStoreError"]])
      one.answer(0, "well")
      assert.deepStrictEqual(heard(one), ["ack"])
    }))

  it.effect("is published again from where it failed, and nothing twice", () =>
    Effect.gen(function*() {
      const one = (yield* world)({ follows: 2 })
      ended(one, success)
      one.answerPublish(0, "well")
      one.answerPublish(0, "badly")
      assert.deepStrictEqual([one.publishing.length, heard(one)], [0, []])
      one.tick()
      assert.strictEqual(one.publishing.length, 1)
      one.answerPublish(0, "well")
      one.answer(0, "well")
      assert.deepStrictEqual(one.done, ["Success", "published a", "Kept", "published a", "stored a"])
      assert.deepStrictEqual(heard(one), ["ack"])
    }))

  for (
    const [options, fate, settled] of [
      [late, "Requeued", "requeue"],
      // It is acknowledged already, and nobody runs it again.
      [early, "Lost", "ack"]
    ] as const
  ) {
    it.effect(`when a worker that stops cannot publish it, the message is ${fate.toLowerCase()} (acks late: ${options.acksLate})`, () =>
      Effect.gen(function*() {
        const one = (yield* world)(options)
        ended(one, success)
        one.answerPublish(0, "badly")
        one.completion.close()
        const stopping = Effect.runFork(one.completion.idle)
        assert.strictEqual(one.publishing.length, 1)
        assert.isUndefined(stopping.pollUnsafe())
        one.answerPublish(0, "badly")
        assert.isDefined(stopping.pollUnsafe())
        assert.deepStrictEqual(one.done, ["Success", "Kept", fate])
        assert.deepStrictEqual(heard(one), [settled])
      }))
  }

  it.effect("may be a great many messages, and a producer that answers at once or throws", () =>
    Effect.gen(function*() {
      let calls = 0
      const publish: Publishing.Publish = (_outgoing, then) => {
        if (++calls === 10_000) throw new Error("a producer of somebody's")
        then(undefined)
      }
      const one = (yield* world)({ follows: 20_000 }, { publish })
      ended(one, success)
      assert.deepStrictEqual([one.done, storing(one)], [["Success", "Kept"], []])
      one.tick()
      assert.deepStrictEqual([calls, storing(one)], [20_001, ["SUCCESS"]])
    }))
})

describe("what follows a task, over a broker", () => {
  /** A world over a broker with the queue `next`, and what is in that queue. */
  const setup = Effect.fnUntraced(function*(next: Partial<Outgoing> = {}, options = late) {
    const broker = yield* MemoryTransport.makeBroker()
    const channel = yield* (yield* broker.connect({ name: "test" })).openChannel()
    yield* channel.declareQueue(Entity.queue("next"))
    const producer = yield* Producer.make({ deadline: "10 seconds" }).pipe(
      Effect.provide(MemoryTransport.layer({ broker }))
    )
    yield* producer.connect
    const publish = yield* Effect.provideService(Publishing.make, Producer.Producer, producer)
    const world = new World(yield* Clock.Clock, options, {
      publish,
      next: (id) => ({
        message: taskMessage({ task: "next", id: `after ${id}` }),
        to: { exchange: "", routingKey: "next" },
        ...next
      })
    })
    return { broker, world, arrived: () => broker.queue("next")?.ready }
  })

  it.effect("is confirmed before anything else happens", () =>
    Effect.gen(function*() {
      const { arrived, broker, world } = yield* setup()
      broker.faults.delayConfirms("5 seconds")
      ended(world, success)
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual([arrived(), storing(world), heard(world)], [1, [], []])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([storing(world), heard(world)], [["SUCCESS"], []])
      world.answer(0, "well")
      assert.deepStrictEqual(heard(world), ["ack"])
    }))

  it.effect("fails the task when the broker refuses it for good", () =>
    Effect.gen(function*() {
      const { broker, world } = yield* setup()
      let isRefused = true
      broker.faults.refusePublishes(() => isRefused)
      ended(world, success)
      yield* settled
      yield* TestClock.adjust("1 second")
      isRefused = false
      assert.deepStrictEqual([storing(world), heard(world)], [["FAILURE BackendStoreError"], []])
    }))

  it.effect("fails the task when its headers have no form", () =>
    Effect.gen(function*() {
      const message = { ...taskMessage({ task: "next", id: "b" }), headers: { fit: () => "nothing" } }
      const { world } = yield* setup({ message })
      ended(world, success)
      yield* settled
      assert.deepStrictEqual([storing(world), heard(world)], [["FAILURE EncodeError"], []])
    }))

  it.effect("is kept while there is no connection, and its task's message with it", () =>
    Effect.gen(function*() {
      const { arrived, broker, world } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost")
      broker.faults.dropConnections("the plug was pulled", ({ name }) => name !== "test")
      ended(world, success)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([world.done, heard(world)], [["Success", "Kept"], []])
      broker.faults.heal()
      world.completion.retry()
      yield* settled
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([arrived(), storing(world), heard(world)], [1, ["SUCCESS"], []])
      world.answer(0, "well")
      assert.deepStrictEqual(heard(world), ["ack"])
    }).pipe(Effect.provide(quiet)))

  it.effect("is published again when the connection goes before the confirm: it is the same task", () =>
    Effect.gen(function*() {
      const { arrived, broker, world } = yield* setup()
      broker.faults.dropOnPublish()
      ended(world, success)
      yield* settled
      assert.deepStrictEqual([arrived(), world.done, heard(world)], [1, ["Success", "Kept"], []])
      world.tick()
      yield* settled
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([arrived(), storing(world)], [2, ["SUCCESS"]])
    }).pipe(Effect.provide(quiet)))

  it.effect("is a failure where there is no producer", () =>
    Effect.gen(function*() {
      const world = new World(yield* Clock.Clock, { ...late, follows: 1 }, { publish: yield* Publishing.make })
      ended(world, success)
      assert.deepStrictEqual(storing(world), ["FAILURE BackendStoreError"])
      assert.include(Exceptions.repr(world.storing[0]!.record.exception!), "there is no Producer")
    }))
})
