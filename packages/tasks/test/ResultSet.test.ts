import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import type { TaskException } from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { store } from "@celeriac/tasks/result/ResultWriter"
import * as ResultSet from "@celeriac/tasks/ResultSet"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { left: Schema.Int }) {}

const add = Task.make("math.add", { success: Schema.Number })
const order = Task.make("shop.order", { success: Schema.String, error: OutOfStock })

const stored = (id: string, status: string, options: ResultRecord.Options = {}) =>
  store(ResultRecord.make(id, status, { dateDone: 0, ...options }), { replyTo: undefined, correlationId: id })
const succeeded = (id: string, result: unknown) => stored(id, "SUCCESS", { result })
const failed = (id: string) => stored(id, "FAILURE", { exception: ExceptionRecord.make("ValueError", [id]) })
const declared = (id: string) =>
  stored(id, "FAILURE", { exception: order.outcome.encodeError(new OutOfStock({ left: 3 })) })

const memory = Effect.provide(MemoryBackend.layer)

const both = Effect.gen(function*() {
  return ResultSet.make([yield* AsyncResult.make("a", add), yield* AsyncResult.make("b", order)])
})

describe("ResultSet", () => {
  it.effect("gives what its members came to, in their order, typed by them", () =>
    Effect.gen(function*() {
      const set = yield* both
      expectTypeOf(set.get()).toEqualTypeOf<
        Effect.Effect<readonly [number, string], OutOfStock | TaskException | ResultError>
      >()
      expectTypeOf(set.results[1].get()).toEqualTypeOf<
        Effect.Effect<string, OutOfStock | TaskException | ResultError>
      >()
      // @ts-expect-error: there are two
      void set.results[2]
      const waiting = yield* Effect.forkChild(set.get())
      yield* succeeded("b", "sent")
      yield* succeeded("a", 5)
      assert.deepStrictEqual(yield* Fiber.join(waiting), [5, "sent"])
      assert.deepStrictEqual(yield* set.join(), [5, "sent"])
      assert.deepStrictEqual(yield* ResultSet.make([]).get(), [])
    }).pipe(memory))

  it.effect("fails as soon as a member has failed, whoever else is waited for", () =>
    Effect.gen(function*() {
      const set = yield* both
      yield* declared("b")
      assert.deepStrictEqual(yield* Effect.flip(set.get()), new OutOfStock({ left: 3 }))
      const joining = yield* Effect.forkChild(Effect.flip(set.join()), { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(joining.pollUnsafe())
      yield* failed("a")
      assert.strictEqual((yield* Fiber.join(joining)).message, "ValueError('a')")
    }).pipe(memory))

  it.effect("gives failures as values when they are not to propagate", () =>
    Effect.gen(function*() {
      const set = yield* both
      yield* succeeded("a", 5)
      yield* declared("b")
      const finals = yield* set.get({ propagate: false })
      expectTypeOf(finals).toEqualTypeOf<
        readonly [Result.Result<number, TaskException>, Result.Result<string, OutOfStock | TaskException>]
      >()
      assert.deepStrictEqual(finals, [Result.succeed(5), Result.fail(new OutOfStock({ left: 3 }))])
      const final = yield* set.final()
      assert.deepStrictEqual(final, Result.fail(new OutOfStock({ left: 3 })))
    }).pipe(memory))

  it.effect("gives up in time", () =>
    Effect.gen(function*() {
      const set = yield* both
      yield* succeeded("a", 5)
      const waiting = yield* Effect.forkChild(
        Effect.all([Effect.flip(set.get({ timeout: "2 seconds" })), Effect.flip(set.join({ timeout: "2 seconds" }))], {
          concurrency: 2
        })
      )
      yield* TestClock.adjust("2 seconds")
      for (const error of yield* Fiber.join(waiting)) {
        assert.isTrue(error._tag === "ResultError" && error.reason._tag === "ResultTimeout" && error.reason.id === "b")
      }
    }).pipe(memory))

  it.effect("says what became of its members, without waiting", () =>
    Effect.gen(function*() {
      const set = yield* both
      const look = Effect.all([set.completedCount, set.waiting, set.ready, set.successful, set.failed])
      assert.deepStrictEqual(yield* look, [0, true, false, false, false])
      yield* succeeded("a", 5)
      assert.deepStrictEqual(yield* look, [1, true, false, false, false])
      yield* declared("b")
      assert.deepStrictEqual(yield* look, [1, false, true, false, true])
      yield* set.forget
      assert.deepStrictEqual(yield* look, [0, true, false, false, false])
    }).pipe(memory))

  it.effect("gives each member as it ends, and each state as it comes", () =>
    Effect.gen(function*() {
      const set = yield* both
      const completed = yield* Effect.forkChild(Stream.runCollect(set.completed), { startImmediately: true })
      const states = yield* Effect.forkChild(
        Stream.runCollect(Stream.map(set.progress, ({ meta, state, taskId }) => [taskId, state, meta])),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      yield* stored("a", "PROGRESS", { result: { done: 1 } })
      yield* declared("b")
      yield* Effect.yieldNow
      yield* succeeded("a", 5)
      const all = yield* Fiber.join(completed)
      expectTypeOf(all[0]!.final).toEqualTypeOf<
        Result.Result<number, TaskException> | Result.Result<string, OutOfStock | TaskException>
      >()
      assert.deepStrictEqual(all.map(({ final, index, result }) => [index, result.id, final._tag === "Success"]), [
        [1, "b", false],
        [0, "a", true]
      ])
      const seen = (yield* Fiber.join(states)).map((each) => JSON.stringify(each)).toSorted()
      assert.deepStrictEqual(seen, [`["a","PROGRESS",{"done":1}]`, `["a","SUCCESS",null]`, `["b","FAILURE",null]`])
    }).pipe(memory))

  it.effect("may be a member itself", () =>
    Effect.gen(function*() {
      const set = ResultSet.make([yield* both, yield* AsyncResult.make("c")])
      expectTypeOf(set.get()).toEqualTypeOf<
        Effect.Effect<readonly [readonly [number, string], unknown], OutOfStock | TaskException | ResultError>
      >()
      yield* Effect.all([succeeded("a", 5), succeeded("b", "sent"), succeeded("c", null)])
      assert.deepStrictEqual(yield* set.get(), [[5, "sent"], null])
      assert.deepStrictEqual(set.ids, ["a", "b", "c"])
    }).pipe(memory))
})

describe("what hangs on a result", () => {
  const tree = Effect.gen(function*() {
    const children = [ResultTuple.task("b"), ResultTuple.group("g", [ResultTuple.task("c"), ResultTuple.task("d")])]
    yield* stored("a", "SUCCESS", { result: 1, children })
    // It names who sent it, too: that is gone through once.
    yield* stored("b", "SUCCESS", { result: 2, children: [ResultTuple.task("a")] })
    yield* succeeded("c", 3)
    return yield* AsyncResult.make("a")
  })

  it.effect("are its children: tasks, and groups", () =>
    Effect.gen(function*() {
      const children = yield* (yield* tree).children
      assert.deepStrictEqual(children?.map(({ id, ids }) => [id, ids]), [["b", ["b"]], ["g", ["c", "d"]]])
      assert.isUndefined(yield* (yield* AsyncResult.make("unknown")).children)
    }).pipe(memory))

  it.effect("is gone through breadth first, and collected as it ends", () =>
    Effect.gen(function*() {
      const result = yield* tree
      const collecting = yield* Effect.forkChild(Stream.runCollect(result.collect()), { startImmediately: true })
      yield* succeeded("d", 4)
      const edges = yield* Stream.runCollect(result.iterdeps())
      assert.deepStrictEqual(edges.map(([parent, { id }]) => [parent?.id, id]), [
        [undefined, "a"],
        ["a", "b"],
        ["a", "g"],
        ["g", "c"],
        ["g", "d"]
      ])
      const collected = yield* Fiber.join(collecting)
      assert.deepStrictEqual(collected.map(([{ id }, value]) => [id, value]), [
        ["a", 1],
        ["b", 2],
        ["g", [3, 4]],
        ["c", 3],
        ["d", 4]
      ])
    }).pipe(memory))

  it.effect("is not known before it has ended, which can be asked for", () =>
    Effect.gen(function*() {
      const result = yield* tree
      const error = yield* Effect.flip(Stream.runCollect(result.iterdeps()))
      assert.strictEqual(error.reason._tag, "IncompleteStream")
      const there = yield* Stream.runCollect(result.iterdeps({ intermediate: true }))
      assert.deepStrictEqual(there.map(([, { id }]) => id), ["a", "b", "g"])
    }).pipe(memory))

  it.effect("fails with what it followed, unless that is not to be followed", () =>
    Effect.gen(function*() {
      const result = yield* AsyncResult.fromTuple(
        ResultTuple.task("c", ResultTuple.task("b", ResultTuple.task("a")))
      )
      const waiting = yield* Effect.forkChild(Effect.flip(result.get()), { startImmediately: true })
      const own = yield* Effect.forkChild(result.get({ followParents: false }), { startImmediately: true })
      yield* succeeded("b", 1)
      yield* failed("a")
      assert.strictEqual((yield* Fiber.join(waiting)).message, "ValueError('a')")
      yield* succeeded("c", 3)
      assert.strictEqual(yield* Fiber.join(own), 3)
      yield* result.forget
      assert.strictEqual(yield* (yield* AsyncResult.make("a")).state, "PENDING")
    }).pipe(memory))
})
