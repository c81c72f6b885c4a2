import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Events from "@celeriac/worker/consumer/Events"
import * as Heart from "@celeriac/worker/consumer/Heart"
import * as Machine from "@celeriac/worker/state/Machine"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { loadavg } from "node:os"
import { Ear, listening } from "../events.ts"
import { define, Doors, publish, quiet, settled, surroundings, taskMessage } from "../support.ts"

const doors = new Doors()

/** A worker, and one who hears it, over a broker of their own. */
const heard = <E, R>(worker: Worker.Definition<E, R>) =>
  worker.layer.pipe(Layer.provideMerge(listening), Layer.provideMerge(surroundings()))

const worker = define({ tasks: [doors.late] })

describe("Heart", () => {
  it.effect("says that the node is there, and says it again every two seconds", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* settled
      assert.deepStrictEqual(ear.types(), ["worker-online"])
      yield* TestClock.adjust("4 seconds")
      yield* settled
      assert.deepStrictEqual(ear.types(), ["worker-online", "worker-heartbeat", "worker-heartbeat"])
      assert.deepStrictEqual(ear.events().map(({ timestamp }) => timestamp), [0, 2, 4])
      assert.deepStrictEqual(ear.messages.map(({ routingKey }) => routingKey), [
        "worker.online",
        "worker.heartbeat",
        "worker.heartbeat"
      ])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("tells what the node is doing, and what it is", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* publish(taskMessage({ task: "gated", id: "2", kwargs: { n: 2 } }))
      yield* settled
      doors.open(1)
      yield* settled
      yield* TestClock.adjust("2 seconds")
      yield* settled
      const [{ clock, loadavg: load, utcoffset, ...beat } = assert.fail()] = ear.of("worker-heartbeat")
      assert.deepStrictEqual(beat, {
        hostname: "celery@test",
        pid: process.pid,
        freq: 2,
        active: 1,
        processed: 2,
        sw_ident: "celeriac",
        sw_ver: "0.1.0",
        sw_sys: Machine.software.swSys,
        timestamp: 2,
        type: "worker-heartbeat"
      })
      assert.deepStrictEqual([clock, utcoffset, Array.isArray(load) && load.length], [
        2,
        new Date(0).getTimezoneOffset() / 60,
        loadavg().length
      ])
      doors.open(2)
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("beats as often as it is told to", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.deepStrictEqual(ear.of("worker-heartbeat").map(({ freq, timestamp }) => [freq, timestamp]), [
        [30, 30],
        [30, 60]
      ])
    }).pipe(
      Effect.provide(heard(define({ tasks: [doors.late], settings: { heartbeatInterval: "30 seconds" } }))),
      Effect.provide(quiet)
    ))

  it.effect("beats on while the worker finishes what runs, and says goodbye then", () =>
    Effect.gen(function*() {
      const door = new Doors()
      const ear = yield* Ear
      yield* Effect.gen(function*() {
        yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 3 } }))
        yield* settled
        yield* (yield* Worker.Worker).shutdown
        yield* settled
        yield* TestClock.adjust("4 seconds")
        yield* settled
        assert.deepStrictEqual(ear.types(), ["worker-online", "worker-heartbeat", "worker-heartbeat"])
        assert.include(ear.of("worker-heartbeat")[1], { active: 1, freq: 2 })
        door.open(3)
      }).pipe(Effect.provide(define({ tasks: [door.late] }).layer))
      assert.deepStrictEqual(ear.types().slice(-2), ["worker-heartbeat", "worker-offline"])
      assert.include(ear.of("worker-offline")[0], { active: 0, processed: 1 })
    }).pipe(
      Effect.provide(Layer.provideMerge(listening, surroundings())),
      Effect.provide(quiet)
    ))

  it.effect("says goodbye when the worker stops cold, too", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* Effect.gen(function*() {
        yield* settled
        yield* (yield* Worker.Worker).terminate
      }).pipe(Effect.provide(worker.layer))
      assert.deepStrictEqual(ear.types(), ["worker-online", "worker-offline"])
    }).pipe(
      Effect.provide(Layer.provideMerge(listening, surroundings())),
      Effect.provide(quiet)
    ))

  it.effect("says that it is there at every connection, and nothing when one was lost: it has not left", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      const broker = yield* MemoryBroker
      yield* settled
      broker.faults.dropConnections("gone", ({ name }) => name === "celery@test")
      yield* settled
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.deepStrictEqual(ear.types(), ["worker-online", "worker-online"])
      yield* TestClock.adjust("2 seconds")
      yield* settled
      assert.deepStrictEqual(ear.types(), ["worker-online", "worker-online", "worker-heartbeat"])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("can be left out", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.deepStrictEqual(ear.types(), [])
    }).pipe(
      Effect.provide(heard(define({ tasks: [doors.late], without: ["heart"] }))),
      Effect.provide(quiet)
    ))

  it.effect("can be replaced by one that does nothing, and so can what events are sent by", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.deepStrictEqual(ear.types(), [])
    }).pipe(
      Effect.provide(heard(
        define({ tasks: [doors.late], settings: { sendTaskEvents: true } })
          .replace(Bootstep.implement(Heart.Heart)("Heart", { start: Effect.succeed(Heart.disabled) }))
          .replace(Bootstep.implement(Events.Events)("Events", { start: Effect.succeed(Events.disabled) }))
      )),
      Effect.provide(quiet)
    ))

  it("says the version that the package has", () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    assert.propertyVal(manifest, "version", Machine.software.swVer)
  })
})
