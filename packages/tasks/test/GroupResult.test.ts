import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import { RemoteControl } from "@celeriac/tasks/control/RemoteControl"
import * as GroupResult from "@celeriac/tasks/GroupResult"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import type { TaskException } from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { store } from "@celeriac/tasks/result/ResultWriter"
import * as ResultSet from "@celeriac/tasks/ResultSet"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { left: Schema.Int }) {}

const add = Task.make("math.add", { success: Schema.Number })
const order = Task.make("shop.order", { success: Schema.String, error: OutOfStock })

const stored = (id: string, status: string, options: ResultRecord.Options = {}) =>
  store(ResultRecord.make(id, status, { dateDone: 0, ...options }), { replyTo: undefined, correlationId: id })
const succeeded = (id: string, result: unknown) => stored(id, "SUCCESS", { result })
const failed = (id: string) => stored(id, "FAILURE", { exception: ExceptionRecord.make("ValueError", [id]) })
const revoked = (id: string) => stored(id, "REVOKED", { exception: ExceptionRecord.taskRevoked("revoked") })

const memory = Effect.provide(MemoryBackend.layer)

const group = Effect.gen(function*() {
  return yield* GroupResult.make("g", [yield* AsyncResult.make("a", add), yield* AsyncResult.make("b", order)])
})

/** A chain of `a`, a group of `b` and `c`, and `d`: what `d` comes to. */
const chain = Effect.gen(function*() {
  const reader = yield* ResultReader
  const a = yield* AsyncResult.make("a", order)
  const header = yield* GroupResult.make("g", [yield* AsyncResult.make("b", add), yield* AsyncResult.make("c", add)], a)
  return AsyncResult.fromReader("d", reader, add.outcome, false, header)
})

const noted = (error: unknown): unknown => error instanceof Error ? error.message : error

describe("GroupResult", () => {
  it.effect("gives what its members came to, in their order, typed by them", () =>
    Effect.gen(function*() {
      const result = yield* group
      expectTypeOf(result.get()).toEqualTypeOf<
        Effect.Effect<readonly [number, string], OutOfStock | TaskException | ResultError>
      >()
      expectTypeOf(result.id).toEqualTypeOf<string>()
      // @ts-expect-error: a set that was put together has no id by which it could be found again
      void GroupResult.make("h", [ResultSet.make([])])
      const waiting = yield* Effect.forkChild(result.get(), { startImmediately: true })
      yield* succeeded("b", "sent")
      assert.strictEqual(yield* result.completedCount, 1)
      yield* succeeded("a", 5)
      assert.deepStrictEqual(yield* Fiber.join(waiting), [5, "sent"])
      assert.deepStrictEqual(yield* result.join(), [5, "sent"])
      assert.deepStrictEqual((yield* result.children).map(({ id }) => id), ["a", "b"])
    }).pipe(memory))

  it.effect("has the shape of what was sent: groups in it, and chains", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const first = yield* AsyncResult.make("a", order)
      const last = AsyncResult.fromReader("b", reader, add.outcome, false, first)
      const inner = yield* GroupResult.make("h", [yield* AsyncResult.make("c", order)], yield* AsyncResult.make("x"))
      const outer = yield* GroupResult.make("g", [last, inner])
      expectTypeOf(outer.get()).toEqualTypeOf<
        Effect.Effect<readonly [number, readonly [string]], OutOfStock | TaskException | ResultError>
      >()
      yield* Effect.all([succeeded("a", "1"), succeeded("b", 2), succeeded("c", "3")])
      assert.deepStrictEqual(yield* outer.get(), [2, ["3"]])
      assert.deepStrictEqual(outer.ids, ["b", "c"])
      assert.deepStrictEqual(
        outer.asTuple,
        ResultTuple.group("g", [
          ResultTuple.task("b", ResultTuple.task("a")),
          ResultTuple.group("h", [ResultTuple.task("c")], ResultTuple.task("x"))
        ])
      )
    }).pipe(memory))

  it.effect("gives each member as it ends, and each state as it comes", () =>
    Effect.gen(function*() {
      const result = yield* group
      const completed = yield* Effect.forkChild(
        Stream.runCollect(Stream.map(result.completed, ({ final, index }) => [index, final._tag])),
        { startImmediately: true }
      )
      const states = yield* Effect.forkChild(
        Stream.runCollect(Stream.map(result.progress, ({ state, taskId }) => `${taskId} ${state}`)),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      yield* failed("b")
      yield* Effect.yieldNow
      yield* stored("a", "STARTED")
      yield* Effect.yieldNow
      yield* succeeded("a", 5)
      assert.deepStrictEqual(yield* Fiber.join(completed), [[1, "Failure"], [0, "Success"]])
      assert.deepStrictEqual(yield* Fiber.join(states), ["b FAILURE", "a STARTED", "a SUCCESS"])
    }).pipe(memory))

  it.effect("is saved under its id, restored by it, and deleted", () =>
    Effect.gen(function*() {
      const result = yield* group
      assert.isUndefined(yield* GroupResult.restore("g"))
      yield* result.save
      const restored = yield* GroupResult.restore("g")
      assert.deepStrictEqual(restored?.asTuple, result.asTuple)
      const [first] = yield* result.children
      assert.isFalse(yield* first.exists)
      yield* Effect.all([succeeded("a", 5), succeeded("b", "sent")])
      assert.isTrue(yield* first.exists)
      assert.deepStrictEqual(yield* restored?.get() ?? Effect.void, [5, "sent"])
      yield* restored?.delete ?? Effect.void
      assert.isUndefined(yield* GroupResult.restore("g"))
      assert.strictEqual(yield* result.completedCount, 2)
    }).pipe(memory))

  it.effect("is restored in the types of its tasks, when their definition is given", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const sent = yield* GroupResult.make("g", [yield* AsyncResult.make("a"), yield* AsyncResult.make("b")])
      yield* sent.save
      const restored = yield* GroupResult.restore("g", order)
      assert.isDefined(restored)
      expectTypeOf(restored.get()).toEqualTypeOf<
        Effect.Effect<ReadonlyArray<string>, OutOfStock | TaskException | ResultError>
      >()
      yield* Effect.all([succeeded("a", "1"), succeeded("b", 2)])
      const error = yield* Effect.flip(restored.get())
      assert.strictEqual(error._tag === "ResultError" ? error.reason._tag : error._tag, "ResultUnreadable")

      yield* reader.saveGroup(ResultTuple.group("h", [ResultTuple.task("a"), ResultTuple.group("i", [])]))
      const refused = yield* Effect.flip(GroupResult.restore("h", order))
      assert.strictEqual(
        refused.message,
        "restore: member i of group h is a group, and no shop.order: restore it without a definition"
      )
      assert.isDefined(yield* GroupResult.restore("h"))
    }).pipe(memory))

  it.effect("is refused to be saved where nothing is kept, and says what does", () =>
    Effect.gen(function*() {
      const result = yield* group
      for (const ask of [result.save, result.delete, GroupResult.restore("g")]) {
        const error = yield* Effect.flip<unknown, ResultError, ResultReader>(ask)
        assert.include(
          error.message,
          "the result backend disabled:// keeps nothing, and so no groups. Use one that keeps results for all, such as redis://"
        )
      }
    }).pipe(Effect.provide(DisabledBackend.layer)))

  it.effect("is written down with all that it hangs on, and read again", () =>
    Effect.gen(function*() {
      const end = yield* chain
      const text = AsyncResult.encode(end)
      assert.strictEqual(text, `[["d",[["g",[["a",null],null]],[[["b",null],null],[["c",null],null]]]],null]`)
      const read = yield* AsyncResult.decode(text)
      assert.deepStrictEqual(read.asTuple, end.asTuple)
      assert.strictEqual(read.parent?.parent?.id, "a")
      yield* Effect.all([succeeded("d", 7), succeeded("a", "sent")])
      assert.strictEqual(yield* read.get(), 7)
      const header = yield* GroupResult.decode(JSON.parse(text)[0][1])
      assert.deepStrictEqual(header.ids, ["b", "c"])
      const typed = yield* GroupResult.decode(AsyncResult.encode(header), add)
      expectTypeOf(typed.get()).toEqualTypeOf<
        Effect.Effect<ReadonlyArray<number>, TaskException | ResultError>
      >()

      const noGroup = yield* Effect.flip(GroupResult.decode(text))
      assert.strictEqual(noGroup.message, "restore: d is a task, and no group")
      for (const bad of ["", "{}", "[", [["a"], null, 1], null, `[[1,null],null]`]) {
        assert.strictEqual((yield* Effect.flip(AsyncResult.decode(bad))).reason._tag, "InvalidTuple")
      }
    }).pipe(memory))
})

describe("a long chain", () => {
  it.effect("is made, written down, revoked and ended with its first failure", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      let end = yield* AsyncResult.make("0", add)
      for (let step = 1; step < 10_000; step++) {
        end = AsyncResult.fromReader(`${step}`, reader, add.outcome, false, end)
      }
      let steps = 0
      for (
        let tuple: ResultTuple.ResultTuple | undefined = end.asTuple;
        tuple !== undefined;
        tuple = tuple.parent
      ) steps++
      assert.strictEqual(steps, 10_000)
      const again = yield* AsyncResult.fromTuple(end.asTuple)
      yield* failed("0")
      const got = yield* Effect.forkChild(Effect.flip(again.get()))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(noted(yield* Fiber.join(got)), "ValueError('0')")
    }).pipe(memory))

  it.effect("is waited for by its end alone, as long as that may come within a second", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const asked = new Set<string>()
      const heard: typeof reader = {
        ...reader,
        wait: (id) =>
          Effect.suspend(() => {
            asked.add(id)
            return reader.wait(id)
          })
      }
      let end = AsyncResult.fromReader("0", heard, add.outcome, false)
      for (let step = 1; step < 200; step++) end = AsyncResult.fromReader(`${step}`, heard, add.outcome, false, end)
      const got = yield* Effect.forkChild(end.get())
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual([...asked], ["199"])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(asked.size, 200)
      yield* succeeded("199", 3)
      assert.strictEqual(yield* Fiber.join(got), 3)
    }).pipe(memory))
})

describe("a failure before the end", () => {
  it.effect("is what the end comes to: nobody waits for what will not run", () =>
    Effect.gen(function*() {
      const end = yield* chain
      expectTypeOf(end.get()).toEqualTypeOf<Effect.Effect<number, OutOfStock | TaskException | ResultError>>()
      const waiting = yield* Effect.forkChild(
        Effect.all([
          Effect.flip(end.get()),
          Effect.map(end.get({ propagate: false }), Result.merge),
          Effect.map(end.final(), Result.merge)
        ], { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* succeeded("a", "sent")
      yield* succeeded("b", 1)
      yield* Effect.yieldNow
      assert.isUndefined(waiting.pollUnsafe())
      yield* failed("c")
      assert.deepStrictEqual((yield* Fiber.join(waiting)).map(noted), Array(3).fill("ValueError('c')"))
      assert.strictEqual(yield* end.state, "PENDING")
    }).pipe(memory))

  it.effect("is what each member of a group comes to that did not run for it", () =>
    Effect.gen(function*() {
      const result = yield* GroupResult.make(
        "g",
        [yield* AsyncResult.make("b", add), yield* AsyncResult.make("c", add)],
        yield* AsyncResult.make("a", order)
      )
      const waiting = yield* Effect.forkChild(
        Effect.all([
          Effect.map(Effect.flip(result.get()), (error) => [error]),
          Effect.map(result.get({ propagate: false }), (finals) => finals.map(Result.merge)),
          Effect.map(
            Stream.runCollect(result.completed),
            (all) => all.toSorted((one, other) => one.index - other.index).map(({ final }) => Result.merge(final))
          )
        ], { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* succeeded("c", 3)
      yield* stored("a", "FAILURE", { exception: order.outcome.encodeError(new OutOfStock({ left: 3 })) })
      const cause = new OutOfStock({ left: 3 })
      assert.deepStrictEqual(yield* Fiber.join(waiting), [[cause], [cause, 3], [cause, 3]])
    }).pipe(memory))

  it.effect("ends the progress of what did not run for it", () =>
    Effect.gen(function*() {
      const a = yield* AsyncResult.make("a", order)
      const group = yield* GroupResult.make(
        "g",
        [
          yield* AsyncResult.make("b", add),
          yield* GroupResult.make("h", [yield* AsyncResult.make("c", add), yield* AsyncResult.make("d", add)])
        ],
        a
      )
      const end = AsyncResult.fromReader("e", yield* ResultReader, add.outcome, false, a)
      const states = (result: typeof group | typeof end) =>
        Effect.forkChild(
          Stream.runCollect(
            Stream.map(result.progress, ({ final, state, taskId }) => [
              taskId,
              state,
              final === undefined ? undefined : noted(Result.merge<unknown, unknown>(final))
            ])
          ),
          { startImmediately: true }
        )
      const [ofGroup, ofEnd] = [yield* states(group), yield* states(end)]
      yield* failed("a")
      assert.deepStrictEqual(yield* Fiber.join(ofGroup), [
        ["b", "FAILURE", "ValueError('a')"],
        ["c", "FAILURE", "ValueError('a')"],
        ["d", "FAILURE", "ValueError('a')"]
      ])
      assert.deepStrictEqual(yield* Fiber.join(ofEnd), [["e", "FAILURE", "ValueError('a')"]])
    }).pipe(memory))

  it.effect("in a chain of a group is the failure of its member", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const member = AsyncResult.fromReader("b", reader, add.outcome, false, yield* AsyncResult.make("a"))
      const result = yield* GroupResult.make("g", [yield* AsyncResult.make("c", add), member])
      const body = AsyncResult.fromReader("d", reader, add.outcome, false, result)
      yield* revoked("a")
      for (const waits of [result.get(), result.join({ timeout: "1 second" }), body.get()]) {
        if (waits === undefined) continue
        const fiber = yield* Effect.forkChild(Effect.flip<unknown, unknown, never>(waits), { startImmediately: true })
        yield* succeeded("c", 1)
        assert.strictEqual(noted(yield* Fiber.join(fiber)), "TaskRevokedError('revoked')")
      }
    }).pipe(memory))
})

describe("to revoke a result", () => {
  const told: Array<unknown> = []
  const remote = Layer.succeed(
    RemoteControl,
    {
      broadcast: (command: { readonly name: string }, args: unknown) =>
        Effect.sync(() => {
          told.push([command.name, args])
          return true
        })
    } as unknown as RemoteControl["Service"]
  ) // nothing else of it is called

  it.effect("tells of what is left of all that it follows, each once, by one message", () =>
    Effect.gen(function*() {
      told.length = 0
      const end = yield* chain
      const member = yield* AsyncResult.decode(`[["e", [["a", null], null]], null]`)
      const group = yield* GroupResult.make("h", [end, member, yield* GroupResult.make("i", [])])
      yield* group.revoke({ terminate: true })
      yield* end.revoke({ parents: false })
      yield* end.revokeByStampedHeaders({ batch: ["b1"] }, { signal: "KILL" })
      assert.deepStrictEqual(told, [
        ["revoke", { taskId: ["d", "b", "c", "a", "e"], terminate: true }],
        ["revoke", { taskId: ["d"], terminate: false }],
        ["revoke_by_stamped_headers", { headers: { batch: ["b1"] }, terminate: false, signal: "KILL" }]
      ])
    }).pipe(Effect.provide(Layer.mergeAll(MemoryBackend.layer, remote))))
})

describe("what hangs on a group", () => {
  it.effect("is gone through from the group on, and collected", () =>
    Effect.gen(function*() {
      const result = yield* group
      yield* stored("a", "SUCCESS", { result: 1, children: [ResultTuple.task("c")] })
      yield* Effect.all([succeeded("b", "sent"), succeeded("c", 3)])
      const edges = yield* Stream.runCollect(result.iterdeps())
      assert.deepStrictEqual(edges.map(([parent, { id }]) => [parent?.id, id]), [
        [undefined, "g"],
        ["g", "a"],
        ["g", "b"],
        ["a", "c"]
      ])
      const collected = yield* Stream.runCollect(result.collect())
      assert.deepStrictEqual(collected.map(([{ id }, value]) => [id, value]), [
        ["g", [1, "sent"]],
        ["a", 1],
        ["b", "sent"],
        ["c", 3]
      ])
    }).pipe(memory))

  it.effect("is not listened to when it is large: its failure is told to what comes after it", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      let waits = 0
      const counting = { ...reader, wait: (id: string) => Effect.suspend(() => (waits++, reader.wait(id))) }
      const bodyOf = (size: number) =>
        AsyncResult.fromReader(
          "body",
          counting,
          add.outcome,
          false,
          GroupResult.fromReader(
            "g",
            Array.from(
              { length: size },
              (_, index) => AsyncResult.fromReader(`${index}`, counting, add.outcome, false)
            ),
            counting
          )
        )
      for (const [size, waited] of [[100, 101], [101, 1], [10_000, 1]] as const) {
        waits = 0
        const fiber = yield* Effect.forkChild(bodyOf(size).get(), { startImmediately: true })
        yield* Effect.yieldNow
        yield* Effect.yieldNow
        assert.strictEqual(waits, waited)
        yield* Fiber.interrupt(fiber)
      }
    }).pipe(memory))
})
