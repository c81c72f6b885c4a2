import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as Client from "@celeriac/tasks/Client"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { store } from "@celeriac/tasks/result/ResultWriter"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { clientWith } from "./fixtures/broker.ts"

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { left: Schema.Int }) {}

const order = Task.make("shop.order", {
  success: Schema.Struct({ at: Schema.DateTimeUtcFromString }),
  error: OutOfStock
})

const id = "f58a438b-3ac3-4588-84b4-2052641e27fc"

const stored = (status: string, options: ResultRecord.Options = {}) =>
  store(ResultRecord.make(id, status, options), { replyTo: undefined, correlationId: id })

const succeeded = stored("SUCCESS", { result: { at: "2026-11-20T00:00:00.000Z" } })
const declared = stored("FAILURE", { exception: order.outcome.encodeError(new OutOfStock({ left: 3 })) })
const python = stored("FAILURE", {
  exception: ExceptionRecord.make("ValueError", ["bad", 3]),
  traceback: "Traceback (most recent call last): ..."
})
const revoked = stored("REVOKED", { exception: ExceptionRecord.taskRevoked("terminated") })

const memory = Effect.provide(MemoryBackend.layer)

describe("AsyncResult", () => {
  it.effect("decodes the value by the definition", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      yield* succeeded
      assert.strictEqual((yield* result.get()).at.epochMilliseconds, Date.UTC(2026, 10, 20))
    }).pipe(memory))

  it.effect("fails with the declared error as itself", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      yield* declared
      assert.deepStrictEqual(yield* Effect.flip(result.get()), new OutOfStock({ left: 3 }))
    }).pipe(memory))

  it.effect("fails with any other exception as a TaskException", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      yield* python
      const error = yield* Effect.flip(result.get())
      assert.isTrue(error._tag === "TaskException" && error.is("ValueError", "builtins"))
      assert.strictEqual(error.message, "ValueError('bad', 3)")
      assert.strictEqual(yield* result.traceback, "Traceback (most recent call last): ...")
    }).pipe(memory))

  it.effect("fails with TaskRevokedError when the task was revoked", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      yield* revoked
      const error = yield* Effect.flip(result.get())
      assert.strictEqual(error.message, "TaskRevokedError('terminated')")
      assert.deepStrictEqual([yield* result.ready, yield* result.failed], [true, false])
    }).pipe(memory))

  it.effect("gives the failure as a value when it is not to propagate", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      yield* declared
      assert.deepStrictEqual(yield* result.get({ propagate: false }), Result.fail(new OutOfStock({ left: 3 })))
    }).pipe(memory))

  it.effect("says what became of the task, without waiting", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      const look = Effect.all([result.state, result.ready, result.successful, result.failed])
      assert.deepStrictEqual(yield* look, ["PENDING", false, false, false])
      assert.deepStrictEqual(yield* result.result, Option.none())
      yield* stored("STARTED", { result: { pid: 1, hostname: "celery@vm" } })
      assert.deepStrictEqual(yield* look, ["STARTED", false, false, false])
      assert.deepStrictEqual(yield* result.result, Option.none())
      yield* declared
      assert.deepStrictEqual(yield* look, ["FAILURE", true, false, true])
      assert.deepStrictEqual(yield* result.result, Option.some(Result.fail(new OutOfStock({ left: 3 }))))
      yield* result.forget
      assert.deepStrictEqual(yield* look, ["PENDING", false, false, false])
    }).pipe(memory))

  it.effect("gives up in time, and can be asked again", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      const waiting = yield* Effect.forkChild(Effect.flip(result.get({ timeout: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(waiting)
      assert.isTrue(error._tag === "ResultError" && error.reason._tag === "ResultTimeout")
      assert.include(error.message, `no result of task ${id} within 2000 ms`)
      yield* succeeded
      assert.isDefined(yield* result.get({ timeout: "2 seconds" }))
    }).pipe(memory))

  it.effect("says when the result is not what the definition says", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      yield* stored("SUCCESS", { result: { at: 5 } })
      const error = yield* Effect.flip(result.get())
      assert.isTrue(error._tag === "ResultError" && error.reason._tag === "ResultUnreadable")
      assert.include(error.message, `Expected string, got 5 at ["at"]`)
    }).pipe(memory))

  it.effect("says what is stored with a state, whichever it is", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      assert.isUndefined(yield* result.info)
      yield* stored("PROGRESS", { result: { done: 3 } })
      assert.deepStrictEqual({ ...(yield* result.info) as object }, { done: 3 })
      yield* stored("RETRY", { exception: ExceptionRecord.make("KeyError", ["k"]) })
      assert.strictEqual(((yield* result.info) as Error).message, "KeyError('k')")
      yield* declared
      assert.deepStrictEqual(yield* result.info, new OutOfStock({ left: 3 }))
      yield* succeeded
      assert.deepStrictEqual(Object.keys((yield* result.info) as object), ["at"])
    }).pipe(memory))

  it.effect("says who ran what, of records that are extended", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id)
      const { args, dateDone, kwargs, name, queue, retries, worker } = result
      const look = Effect.all([name, args, kwargs, worker, retries, queue])
      assert.isTrue((yield* look).every((field) => field === undefined))
      const extended = { name: "shop.order", args: [1], kwargs: {}, worker: "celery@vm", retries: 2, queue: "celery" }
      yield* stored("SUCCESS", { extended, dateDone: 1000 })
      assert.deepStrictEqual(yield* look, ["shop.order", [1], {}, "celery@vm", 2, "celery"])
      assert.strictEqual((yield* dateDone)?.epochMilliseconds, 1000)
    }).pipe(memory))

  it.effect("tells of each state, with what is stored with it, to the end", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      const watching = yield* Effect.forkChild(Stream.runCollect(result.progress), { startImmediately: true })
      yield* Effect.yieldNow
      yield* stored("STARTED", { result: { pid: 1, hostname: "celery@vm" } })
      yield* stored("PROGRESS", { result: { done: 1, of: 2 } })
      yield* succeeded
      const seen = yield* Fiber.join(watching)
      assert.deepStrictEqual(seen.map(({ meta, state }) => [state, JSON.stringify(meta)]), [
        ["STARTED", `{"pid":1,"hostname":"celery@vm"}`],
        ["PROGRESS", `{"done":1,"of":2}`],
        ["SUCCESS", undefined]
      ])
      const final = seen[2]?.final
      assert.isTrue(final !== undefined && Result.isSuccess(final) && final.success.at.epochMilliseconds > 0)
    }).pipe(memory))

  it.effect("gives a value as it is stored when the definition is not at hand", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.make(id)
      yield* succeeded
      assert.deepStrictEqual(yield* result.get(), { at: "2026-11-20T00:00:00.000Z" })
    }).pipe(memory))

  it.effect("does not wait for a result that was to be ignored", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(order, {}, { ignoreResult: true })
      const error = yield* Effect.flip(sent.get())
      assert.isTrue(error._tag === "ResultError" && error.reason._tag === "ResultUnavailable")
      assert.include(error.message, "it was sent with ignoreResult")
    }).pipe(Effect.provide(clientWith(MemoryBackend.layer))))

  it("types what it comes to", () => {
    const program = Effect.gen(function*() {
      const result = yield* AsyncResult.make(id, order)
      expectTypeOf(result.get({ propagate: false })).toEqualTypeOf<
        Effect.Effect<
          AsyncResult.Final<typeof order.success.Type, OutOfStock>,
          ResultError
        >
      >()
      const untyped = yield* AsyncResult.make(id)
      expectTypeOf(untyped).toEqualTypeOf<AsyncResult.AsyncResult<unknown>>()
      // @ts-expect-error the value is unknown without the definition
      return (yield* untyped.get()).at
    })
    expectTypeOf(program).not.toBeAny()
  })
})
