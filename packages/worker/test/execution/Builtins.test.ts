/** The tasks that every worker has, called as Python calls them. */
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import { BackendUnreachable, because } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { brief, sign } from "../canvases.ts"
import { bytes, define, lookup, publish, quiet, running, settled, taskMessage } from "../support.ts"

class TooBig extends Schema.TaggedError<TooBig>()("TooBig", { x: Schema.Int }) {}

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const day = Task.make("day", { parameters: { at: Schema.Date }, success: Schema.Date })
const half = Task.make("half", { parameters: { x: Schema.Int }, success: Schema.Int, error: TooBig })
const total = Task.make("total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const echo = Task.make("echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const moody = Task.make("moody", { parameters: { mood: Schema.String } })

const definition = define({
  tasks: [
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    day.toLayer(({ at }) => Effect.succeed(new Date(at.getTime() + 86_400_000))),
    half.toLayer(({ x }) => x > 100 ? Effect.fail(new TooBig({ x })) : Effect.succeed(x / 2)),
    total.toLayer(({ all }) => Effect.succeed(all.reduce((sum, one) => sum + one, 0))),
    echo.toLayer(({ value }) => Effect.succeed(value)),
    moody.toLayer(({ mood }) =>
      mood === "retry" ? Task.retry() : mood === "again" ? Task.retry({ defect: new RangeError("bad") }) : Task.ignore()
    )
  ]
})

const worker = running(definition)

const away = because("lookup", new BackendUnreachable({ backend: "test", detail: "it is away" }))

/** A backend that keeps what is stored, and does not tell of "a". */
const silent = Layer.effect(
  ResultReader,
  Effect.map(ResultReader, (reader) => ({
    ...reader,
    lookup: (id: string) => id === "a" ? Effect.fail(away) : reader.lookup(id)
  }))
).pipe(Layer.provideMerge(MemoryBackend.layer))

/** Calls it, and gives what came of it when nothing happens any more. */
const call = Effect.fnUntraced(function*(task: string, args: ReadonlyArray<unknown>, kwargs: object = {}) {
  const message = taskMessage({ task, id: "head", argsRepr: "(...)", kwargsRepr: "{...}", ignoreResult: null })
  yield* (yield* ResultReader).forget("head")
  yield* publish({ ...message, body: bytes(JSON.stringify([args, kwargs, {}])) })
  yield* settled
  return yield* brief("head")
})

const provided = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect.pipe(Effect.provide(worker), Effect.provide(quiet))

describe("celery.map and celery.starmap", () => {
  it.effect("run a task for each item, its arguments decoded and its results encoded by its definition", () =>
    provided(Effect.gen(function*() {
      const days = ["2026-01-01T00:00:00.000Z", "2026-01-31T00:00:00.000Z"]
      const next = ["2026-01-02T00:00:00.000Z", "2026-02-01T00:00:00.000Z"]
      const found = yield* call("celery.map", [], { task: sign("day", "x"), it: days })
      assert.strictEqual(JSON.stringify(found), JSON.stringify(["SUCCESS", next]))
      assert.deepStrictEqual(yield* call("celery.starmap", [sign("add", "x"), [[1, 2], [3, 4]]]), ["SUCCESS", [3, 7]])
      assert.deepStrictEqual(yield* call("celery.map", ["half", []]), ["SUCCESS", []])
    })))

  it.effect("fail as the first item does that fails", () =>
    provided(Effect.gen(function*() {
      const failed = yield* call("celery.map", [sign("half", "x"), [2, 102, 4]])
      assert.deepStrictEqual(failed, ["FAILURE", "TooBig", "TooBig"])
      assert.deepStrictEqual((yield* lookup("head"))?.exception?.args[1], { _tag: "TooBig", x: 102 })
      assert.deepStrictEqual((yield* call("celery.map", [sign("add", "x"), [1]]))?.slice(0, 2), [
        "FAILURE",
        "TypeError"
      ])
      const spread = yield* call("celery.starmap", [sign("add", "x"), [1]])
      assert.deepStrictEqual(spread, ["FAILURE", "TypeError", "add() argument after * must be an iterable, not number"])
    })))

  it.effect("fail for a task that this worker does not have, and for what is no task", () =>
    provided(Effect.gen(function*() {
      const unknown = yield* call("celery.map", [sign("nobody", "x"), [1]])
      assert.deepStrictEqual(unknown, ["FAILURE", "NotRegistered", "nobody"])
      assert.deepStrictEqual((yield* call("celery.map", [7, [1]]))?.slice(0, 2), ["FAILURE", "TypeError"])
      assert.deepStrictEqual((yield* call("celery.map", [null, [1]]))?.slice(0, 2), ["FAILURE", "TypeError"])
    })))

  it.effect("take an item that is to run again for failed, and one that is to be ignored for all", () =>
    provided(Effect.gen(function*() {
      assert.deepStrictEqual(yield* call("celery.map", [sign("moody", "x"), ["again"]]), [
        "FAILURE",
        "RangeError",
        "bad"
      ])
      const retry = yield* call("celery.map", [sign("moody", "x"), ["retry"]])
      assert.deepStrictEqual(retry, ["FAILURE", "Retry", "Task can be retried"])
    })))
})

describe("celery.chunks, celery.group and celery.chord", () => {
  it.effect("send what they stand for, and come to its result", () =>
    provided(Effect.gen(function*() {
      yield* call("celery.chunks", [sign("add", undefined), [[1, 1], [2, 2], [3, 3]], 2])
      const record = yield* lookup("head")
      const group = ResultTuple.decode(record?.result)
      assert.deepStrictEqual(record?.children, group === undefined ? [] : [group])
      const [one, two] = group?.members ?? []
      assert.deepStrictEqual([yield* brief(one!.id), yield* brief(two!.id)], [["SUCCESS", [2, 4]], ["SUCCESS", [6]]])
      assert.strictEqual((yield* lookup(one!.id))?.parentId, "head")
    })))

  it.effect("of old versions too", () =>
    provided(Effect.gen(function*() {
      const members = [sign("add", "a", [1]), sign("add", "b", [2])]
      const sent = yield* call("celery.group", [members, null, "group", [10]])
      assert.deepStrictEqual(sent?.[1], [["group", null], [[["a", null], null], [["b", null], null]]])
      assert.deepStrictEqual([yield* brief("a"), yield* brief("b")], [["SUCCESS", 11], ["SUCCESS", 12]])
      yield* call("celery.chord", [], {
        header: [sign("echo", "c", [1]), sign("echo", "d", [2])],
        body: sign("total", "e")
      })
      assert.deepStrictEqual(yield* brief("e"), ["SUCCESS", 3])
      assert.deepStrictEqual(yield* call("celery.chain", []), [
        "FAILURE",
        "NotImplementedError",
        "chain is not a real task"
      ])
    })))

  it.effect("send nothing when something of it cannot be sent", () =>
    provided(Effect.gen(function*() {
      assert.deepStrictEqual((yield* call("celery.group", [[sign("add", "a"), 7], null, "group", []]))?.[0], "FAILURE")
      assert.isUndefined(yield* lookup("a"))
      assert.deepStrictEqual((yield* call("celery.chord", [[sign("echo", "c", [1])], {}]))?.[0], "FAILURE")
      assert.isUndefined(yield* lookup("c"))
    })))
})

describe("celery.accumulate", () => {
  it.effect("gives its arguments, or one of them", () =>
    provided(Effect.gen(function*() {
      assert.deepStrictEqual(yield* call("celery.accumulate", [1, 2]), ["SUCCESS", [1, 2]])
      assert.deepStrictEqual(yield* call("celery.accumulate", [[1, 2]], { index: 0 }), ["SUCCESS", [1, 2]])
      assert.deepStrictEqual(yield* call("celery.accumulate", [1, 2], { index: -1 }), ["SUCCESS", 2])
      assert.deepStrictEqual((yield* call("celery.accumulate", [], { index: 0 }))?.slice(0, 2), [
        "FAILURE",
        "IndexError"
      ])
    })))
})

describe("celery.chord_unlock", () => {
  const tuples = [[["a", null], null], [["group", null], [[["b", null], null]]]]

  it.effect("looks every second for the parts, and sends the body when all have ended, in the shape of the header", () =>
    provided(Effect.gen(function*() {
      yield* call("celery.chord_unlock", ["group", sign("echo", "body")], { result: tuples })
      yield* publish(taskMessage({ task: "echo", id: "a", args: [1] }))
      yield* settled
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.isUndefined(yield* lookup("body"))
      yield* publish(taskMessage({ task: "echo", id: "b", args: [2] }))
      yield* settled
      assert.isUndefined(yield* lookup("body"))
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", [1, [2]]])
      assert.isUndefined(yield* lookup("head"))
    })))

  it.effect("fails the chord when a part has failed, with the errbacks of its body", () =>
    provided(Effect.gen(function*() {
      const body = sign("echo", "body", [], { link_error: [sign("echo", "errback")], chain: [sign("echo", "behind")] })
      yield* publish(taskMessage({ task: "half", id: "a", args: [102] }))
      yield* publish(taskMessage({ task: "echo", id: "b", args: [2] }))
      yield* settled
      yield* call("celery.chord_unlock", ["group", body], { result: tuples })
      const why = "Dependency a raised TooBig('TooBig', {'_tag': 'TooBig', 'x': 102})"
      assert.deepStrictEqual(yield* brief("body"), ["FAILURE", "ChordError", why])
      assert.deepStrictEqual(yield* brief("behind"), ["FAILURE", "ChordError", why])
      assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "body"])
    })))

  it.effect("fails the chord when it may not look again", () =>
    provided(Effect.gen(function*() {
      const kwargs = { result: tuples, interval: 5, max_retries: 1 }
      yield* call("celery.chord_unlock", ["group", sign("echo", "body")], kwargs)
      yield* TestClock.adjust("4 seconds")
      yield* settled
      assert.isUndefined(yield* lookup("body"))
      yield* TestClock.adjust("1 second")
      yield* settled
      const why = "chord_unlock could not be retried: MaxRetriesExceededError(" +
        "\"Can't retry celery.chord_unlock[head] args:(...) kwargs:{...}\")"
      assert.deepStrictEqual(yield* brief("body"), ["FAILURE", "ChordError", why])
    })))

  it.effect("has the reason when the parts cannot be asked for", () =>
    Effect.gen(function*() {
      yield* call("celery.chord_unlock", ["group", sign("echo", "body")], { result: tuples, max_retries: 0 })
      assert.match(String((yield* brief("body"))?.[2]), /^chord_unlock could not be retried: .*away/)
    }).pipe(Effect.provide(running(definition, silent)), Effect.provide(quiet)))
})

describe("the tasks that every worker has", () => {
  it.effect("drop what is out of date, where the backend has to be told", () =>
    provided(Effect.gen(function*() {
      assert.deepStrictEqual(yield* call("celery.backend_cleanup", []), ["SUCCESS", null])
    })))

  it.effect("make room for one of one's own", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* call("celery.accumulate", []), ["SUCCESS", "mine"])
    }).pipe(
      Effect.provide(running(define({
        tasks: [Task.make("celery.accumulate", { success: Schema.String }).toLayer(() => Effect.succeed("mine"))]
      }))),
      Effect.provide(quiet)
    ))
})
