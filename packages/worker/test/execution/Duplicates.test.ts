/** Tasks that came again, and had succeeded where they were before, or were revoked meanwhile. */
import * as Entity from "@celeriac/messaging/Entity"
import { Transport } from "@celeriac/messaging/Transport"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultWriter from "@celeriac/tasks/result/ResultWriter"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { counts, define, Lines, lookup, publish, queue, quiet, settled, surroundings, taskMessage } from "../support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int }, success: Schema.Int })

interface Case {
  readonly deduplicates?: boolean
  /** What is stored of it when it comes. */
  readonly status: "SUCCESS" | "FAILURE" | "STARTED" | "REVOKED" | undefined
  readonly acksLate?: boolean
  readonly isRedelivered?: boolean
}

/** How often it runs, what is stored then, and whether it was said that it had succeeded. */
const life = ({ acksLate = true, deduplicates = true, isRedelivered = true, status }: Case) =>
  Effect.gen(function*() {
    let runs = 0
    const lines = new Lines()
    const worker = define({
      tasks: [add.toLayer(({ x }) => Effect.sync(() => x + runs++), { acksLate })],
      settings: { deduplicateSuccessfulTasks: deduplicates }
    })
    const before = Effect.scoped(Effect.gen(function*() {
      // Somebody else had it, and went without a word.
      const channel = yield* (yield* (yield* Transport).connect()).openChannel()
      yield* channel.declareQueue(Entity.queue(queue))
      yield* publish(taskMessage({ task: "add", id: "a", args: [1] }))
      if (isRedelivered) yield* channel.get(queue)
      if (status === undefined) return
      const record = ResultRecord.make("a", status, { result: 41, dateDone: 0 })
      yield* ResultWriter.store(record, { replyTo: undefined, correlationId: "a" })
    }))
    return yield* Effect.gen(function*() {
      yield* before
      yield* Effect.scoped(Effect.andThen(Layer.build(worker.layer), settled))
      assert.deepStrictEqual(yield* counts(), [0, 0])
      const said = lines.of("Info").includes("Task add[a] Task already completed successfully.")
      return [runs, (yield* lookup("a"))?.result, said]
    }).pipe(Effect.provide(surroundings()), Effect.provide(lines.layer))
  })

describe("a late task whose message came again", () => {
  it.effect("does not run when its success is stored, and is acknowledged", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* life({ status: "SUCCESS" }), [0, 41, true])
    }))

  it.effect("runs when anything else is stored, or nothing", () =>
    Effect.gen(function*() {
      for (const status of ["FAILURE", "STARTED", undefined] as const) {
        assert.deepStrictEqual(yield* life({ status }), [1, 1, false])
      }
    }))

  it.effect("runs where nobody asks: unless the setting is on, for early tasks, and the first time", () =>
    Effect.gen(function*() {
      const cases = [{ deduplicates: false }, { acksLate: false }, { isRedelivered: false }]
      for (const one of cases) {
        const [runs, , said] = yield* life({ status: "SUCCESS", ...one })
        assert.deepStrictEqual([runs, said], [1, false])
      }
    }))
})

describe("a task that was revoked while another worker had it", () => {
  it.effect("does not run when its message comes again, whichever way it is acknowledged", () =>
    Effect.gen(function*() {
      for (const acksLate of [true, false]) {
        for (const deduplicates of [true, false]) {
          const [runs] = yield* life({ status: "REVOKED", acksLate, deduplicates })
          assert.strictEqual(runs, 0)
        }
      }
    }))

  it.effect("runs when it comes the first time to those who did not hear of it: nobody asks for each message", () =>
    Effect.gen(function*() {
      const [runs] = yield* life({ status: "REVOKED", isRedelivered: false })
      assert.strictEqual(runs, 1)
    }))

  it.effect("runs when the store does not tell within a second", () => {
    let runs = 0
    const away = Layer.effect(
      ResultReader,
      Effect.map(ResultReader, (reader) => ({ ...reader, lookup: () => Effect.never }))
    ).pipe(Layer.provideMerge(MemoryBackend.layer))
    const worker = define({ tasks: [add.toLayer(({ x }) => Effect.sync(() => x + runs++))] })
    return Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const channel = yield* (yield* (yield* Transport).connect()).openChannel()
        yield* channel.declareQueue(Entity.queue(queue))
        yield* publish(taskMessage({ task: "add", id: "a", args: [1] }))
        yield* channel.get(queue)
      }))
      yield* Layer.build(worker.layer)
      yield* settled
      assert.strictEqual(runs, 0)
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.strictEqual(runs, 1)
    }).pipe(Effect.scoped, Effect.provide(surroundings(away)), Effect.provide(quiet))
  })
})
