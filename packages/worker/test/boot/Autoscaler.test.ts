import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Client from "@celeriac/tasks/Client"
import {
  AutoscaleError,
  Autoscaler,
  type Autoscaling,
  layer as autoscalerLayer
} from "@celeriac/worker/boot/Autoscaler"
import { Pool } from "@celeriac/worker/boot/Pool"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as Autoscale from "@celeriac/worker/state/Autoscale"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { Doors, gated, Lines, running, settled, until } from "../support.ts"

const keepalive = 30_000

describe("Celery's rule", () => {
  it.for(
    [
      ["grows to what there is to do", { qty: 5, current: 3, quietFor: undefined }, 5],
      ["but not beyond the upper bound", { qty: 50, current: 3, quietFor: undefined }, 10],
      ["stays while it is not quiet", { qty: 4, current: 8, quietFor: 30_000 }, 8],
      ["stays before anything has happened", { qty: 0, current: 8, quietFor: undefined }, 8],
      ["shrinks to what there is to do when it has been quiet", { qty: 4, current: 8, quietFor: 30_001 }, 4],
      ["but not below the lower bound", { qty: 0, current: 8, quietFor: 30_001 }, 3],
      ["stays when there is as much to do as there are slots", { qty: 8, current: 8, quietFor: 60_000 }, 8]
    ] as const
  )("%s", ([, load, slots]) => {
    assert.strictEqual(Autoscale.celery({ max: 10, min: 3, keepalive, ...load }), slots)
  })

  it.for(
    [
      [3.9, 3],
      [NaN, 2],
      [-1, 1],
      [Infinity, 4]
    ] as const
  )("is made to fit, as any that says %s", ([says, slots]) => {
    const load = { qty: 0, current: 2, quietFor: undefined, keepalive, max: 4, min: 0 }
    assert.strictEqual(Autoscale.wanted(() => says, load), slots)
  })
})

interface Seen {
  autoscaler: Autoscaling | undefined
  slots: () => number
  prefetch: () => number
}

/** A worker with doors, its pool and its autoscaler. */
const make = (options: { readonly max: number; readonly min: number } | undefined) => {
  const doors = new Doors()
  const seen: Seen = { autoscaler: undefined, slots: () => 0, prefetch: () => 0 }
  const Looking = Bootstep.make("Looking", {
    requires: [Autoscaler, Pool],
    start: Effect.gen(function*() {
      seen.autoscaler = yield* Autoscaler
      seen.slots = (yield* Pool).slots.concurrency
    })
  })
  const LookingInside = Bootstep.make("LookingInside", {
    requires: [Tasks],
    start: Effect.map(Tasks, ({ prefetch }) => {
      seen.prefetch = () => prefetch()["celery"] ?? 0
    })
  })
  const worker = Worker.make({
    tasks: [doors.late],
    concurrency: 2,
    steps: { worker: [Looking], consumer: [LookingInside] },
    settings: { autoscale: options, prefetch: { multiplier: 1 } }
  })
  return { doors, seen, worker }
}

const send = (...numbers: ReadonlyArray<number>) =>
  Effect.flatMap(Client.Client, (client) => Effect.forEach(numbers, (n) => client.delay(gated, { n })))

describe("an autoscaled pool", () => {
  it.effect("has as many slots as there are tasks, and shrinks when none has come for half a minute", () => {
    const { doors, seen, worker } = make({ max: 5, min: 2 })
    const lines = new Lines()
    return Effect.gen(function*() {
      assert.strictEqual(seen.slots(), 2)
      yield* send(1, 2, 3, 4, 5, 6)
      yield* until("as many run as may", () => doors.started.length === 5)
      yield* settled
      assert.deepStrictEqual([doors.started, seen.slots()], [[1, 2, 3, 4, 5], 5])
      doors.open(1, 2, 3, 4, 5)
      yield* until("the last runs", () => doors.started.length === 6)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(seen.slots(), 5)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(seen.slots(), 2)
      doors.open(6)
      assert.deepStrictEqual(
        lines.of("Info").filter((line) => line.startsWith("Scaling")),
        ["Scaling up 1 processes.", "Scaling up 1 processes.", "Scaling up 1 processes.", "Scaling down 3 processes."]
      )
    }).pipe(Effect.provide(running(worker)), Effect.provide(lines.layer))
  })

  it.effect("is prefetched for by its upper bound, which can be changed", () => {
    const { doors, seen, worker } = make({ max: 5, min: 1 })
    return Effect.gen(function*() {
      assert.strictEqual(seen.prefetch(), 5)
      yield* send(1, 2, 3, 4, 5, 6, 7)
      yield* until("as many run as may", () => doors.started.length === 5)
      assert.deepStrictEqual(yield* seen.autoscaler!.update(3), { max: 3, min: 1 })
      yield* settled
      assert.deepStrictEqual([seen.slots(), seen.prefetch()], [3, 3])
      assert.deepStrictEqual(yield* seen.autoscaler!.update(7, 6), { max: 7, min: 6 })
      yield* until("more run", () => doors.started.length === 7)
      yield* settled
      assert.deepStrictEqual([seen.slots(), seen.prefetch()], [7, 7])
      const { info } = yield* Worker.Worker
      assert.deepInclude(yield* info, { autoscaler: { max: 7, min: 6, current: 7, qty: 7 } })
      const error = yield* Effect.flip(seen.autoscaler!.update(2))
      assert.instanceOf(error, AutoscaleError)
      assert.strictEqual(error.message, "autoscale cannot be max=2 min=6: whole numbers, max not below min")
    }).pipe(Effect.provide(running(worker)))
  })

  it.effect("scales by a rule of one's own, and stays as it is when that throws", () => {
    const { seen, worker } = make({ max: 5, min: 1 })
    const lines = new Lines()
    const rule: Autoscale.Rule = ({ current, quietFor }) => {
      if (quietFor === undefined) return current + 1
      throw new Error("no idea")
    }
    return Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      assert.strictEqual(seen.slots(), 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(seen.slots(), 2)
      assert.isTrue(lines.has("Autoscaler: The rule threw: the pool stays as it is."))
    }).pipe(
      Effect.provide(running(worker).pipe(Layer.provide(autoscalerLayer(rule)))),
      Effect.provide(lines.layer)
    )
  })

  it.effect("keeps its size when it is not to be, and whoever requires the autoscaler is told", () => {
    const { doors, seen, worker } = make(undefined)
    return Effect.gen(function*() {
      yield* send(1, 2, 3, 4)
      yield* until("two run", () => doors.started.length === 2)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([seen.slots(), doors.started.length], [2, 2])
      assert.isFalse(seen.autoscaler?.isEnabled)
      assert.strictEqual((yield* Effect.flip(seen.autoscaler!.update(4))).message, "Autoscale not enabled")
      assert.notProperty(yield* (yield* Worker.Worker).info, "autoscaler")
    }).pipe(Effect.provide(running(worker)))
  })

  it("is not made of bounds that cannot be", () => {
    const refused = (autoscale: Autoscale.Bounds) =>
      assert.throws(() => Worker.make({ tasks: [], settings: { autoscale } }), "autoscale is")
    refused({ max: 2, min: 3 })
    refused({ max: 0, min: 0 })
    refused({ max: 2.5, min: 1 })
  })
})
