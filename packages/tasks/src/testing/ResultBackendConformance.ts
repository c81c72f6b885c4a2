/**
 * What every result backend must do that keeps results, as tests.
 *
 * Call `suite` at the top of a test file with a layer that brings the backend
 * and all it needs. A backend of its own is made for each test.
 *
 * ```ts
 * suite("memory", MemoryBackend.layer)
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as ExceptionRecord from "../result/ExceptionRecord.ts"
import { ResultBackend, store } from "../result/ResultBackend.ts"
import * as ResultRecord from "../result/ResultRecord.ts"

/** Registers the tests under `<name> result backend`. */
export const suite = <E>(name: string, layer: Layer.Layer<ResultBackend, E>): void => {
  const test = (sentence: string, body: Effect.Effect<void, unknown, ResultBackend>) =>
    it.effect(sentence, () => Effect.provide(body, layer))

  describe(`${name} result backend`, () => {
    test(
      "knows nothing of a task that nobody stored",
      Effect.gen(function*() {
        const backend = yield* ResultBackend
        assert.strictEqual(yield* backend.state("unknown"), "PENDING")
        assert.isUndefined(yield* backend.lookup("unknown"))
      })
    )

    test(
      "gives a result to who waits for it",
      Effect.gen(function*() {
        const backend = yield* prepared
        const waiting = yield* Effect.forkChild(backend.wait(id), { startImmediately: true })
        yield* answer(success(5))
        const record = yield* Fiber.join(waiting)
        assert.deepStrictEqual([record.taskId, record.status, record.result], [id, "SUCCESS", 5])
      })
    )

    test(
      "gives a result to who asks late, and again",
      Effect.gen(function*() {
        const backend = yield* prepared
        yield* answer(success({ deep: [1, null, "ä"] }))
        yield* backend.wait(id)
        const record = yield* backend.wait(id)
        assert.deepStrictEqual(record.result, { deep: [1, null, "ä"] })
        assert.strictEqual(yield* backend.state(id), "SUCCESS")
        assert.deepStrictEqual(yield* backend.lookup(id), record)
      })
    )

    test(
      "gives a result to all who wait, and goes on when one gives up",
      Effect.gen(function*() {
        const backend = yield* prepared
        const [one, two, three] = yield* Effect.all([
          Effect.forkChild(backend.wait(id), { startImmediately: true }),
          Effect.forkChild(backend.wait(id), { startImmediately: true }),
          Effect.forkChild(backend.wait(id), { startImmediately: true })
        ])
        yield* Fiber.interrupt(two)
        yield* answer(success(5))
        assert.strictEqual((yield* Fiber.join(one)).result, 5)
        assert.strictEqual((yield* Fiber.join(three)).result, 5)
      })
    )

    test(
      "waits through the states that are not final",
      Effect.gen(function*() {
        const backend = yield* prepared
        const waiting = yield* Effect.forkChild(backend.wait(id), { startImmediately: true })
        yield* answer(ResultRecord.make(id, "STARTED", { result: { pid: 1, hostname: "celery@vm" } }))
        assert.strictEqual(yield* stateSoon("STARTED"), "STARTED")
        yield* answer(ResultRecord.make(id, "RETRY", { exception: ExceptionRecord.make("KeyError", ["k"]) }))
        assert.strictEqual(yield* stateSoon("RETRY"), "RETRY")
        assert.isUndefined(waiting.pollUnsafe())
        yield* answer(success(5))
        assert.strictEqual((yield* Fiber.join(waiting)).status, "SUCCESS")
      })
    )

    test(
      "keeps a failure with its exception and its traceback",
      Effect.gen(function*() {
        const backend = yield* prepared
        yield* answer(ResultRecord.make(id, "FAILURE", {
          exception: ExceptionRecord.make("ValueError", ["bad", 3]),
          traceback: "Traceback (most recent call last): ..."
        }))
        const record = yield* backend.wait(id)
        assert.deepStrictEqual(record.exception, { excType: "ValueError", excModule: "builtins", args: ["bad", 3] })
        assert.strictEqual(record.traceback, "Traceback (most recent call last): ...")
      })
    )

    test(
      "keeps a success against whatever comes after it",
      Effect.gen(function*() {
        const backend = yield* prepared
        yield* answer(success(5))
        yield* backend.wait(id)
        yield* answer(ResultRecord.make(id, "FAILURE", { exception: ExceptionRecord.make("KeyError") }))
        yield* Effect.yieldNow
        assert.strictEqual((yield* backend.wait(id)).result, 5)
      })
    )

    test(
      "forgets",
      Effect.gen(function*() {
        const backend = yield* prepared
        yield* answer(success(5))
        yield* backend.wait(id)
        yield* backend.forget(id)
        assert.isUndefined(yield* backend.lookup(id))
        assert.strictEqual(yield* backend.state(id), "PENDING")
      })
    )
  })
}

const id = "f58a438b-3ac3-4588-84b4-2052641e27fc"

const success = (result: unknown) => ResultRecord.make(id, "SUCCESS", { result, dateDone: 0 })

const prepared = Effect.gen(function*() {
  const backend = yield* ResultBackend
  yield* backend.prepare(id, "10 seconds")
  return backend
})

/** Stores it as a worker does that got the request of this client. */
const answer = (record: ResultRecord.ResultRecord) =>
  Effect.flatMap(ResultBackend, (backend) => store(record, { replyTo: backend.replyTo, correlationId: record.taskId }))

/** A state that is sent may arrive some turns after it was stored. */
const stateSoon = (state: string) =>
  Effect.flatMap(ResultBackend, (backend) =>
    Effect.gen(function*() {
      for (let turn = 0; turn < 1000; turn++) {
        if ((yield* backend.state(id)) === state) break
        yield* Effect.yieldNow
      }
      return yield* backend.state(id)
    }))
