/** Canvases that run where they are called: one task after the other, with results in their shape. */
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Eager from "@celeriac/tasks/Eager"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

class Broke extends Schema.TaggedError<Broke>()("Broke", { left: Schema.Int }) {}

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const total = Task.make("proj.total", { parameters: { values: Schema.Array(Schema.Int) }, success: Schema.Int })
const list = Task.make("proj.list", { parameters: { values: Schema.Unknown }, success: Schema.Unknown })
const tell = Task.make("proj.tell", { parameters: { text: Schema.Unknown } })
const pay = Task.make("proj.pay", { parameters: { x: Schema.Int }, success: Schema.Int, error: Broke })
const stop = Task.make("proj.stop", { parameters: { x: Schema.Int }, success: Schema.Int })
const instead = Task.make("proj.instead", { parameters: { x: Schema.Int }, success: Schema.Int })
const many = Task.make("proj.many", { parameters: { x: Schema.Int }, success: Schema.Array(Schema.Int) })
const nothing = Task.make("proj.nothing", { parameters: { x: Schema.Int }, success: Schema.Int })

/** What was run, and with what. */
let ran: Array<string> = []
const note = (what: string) => Effect.sync(() => void ran.push(what))

const handlers = Layer.mergeAll(
  add.toLayer(({ x, y }) => Effect.as(note(`${x}+${y}`), x + y)),
  total.toLayer(({ values }) => Effect.succeed(values.reduce((sum, value) => sum + value, 0))),
  list.toLayer(({ values }) => Effect.succeed(values)),
  tell.toLayer(({ text }) => note(`told ${text}`)),
  pay.toLayer(({ x }) => Effect.fail(new Broke({ left: x }))),
  stop.toLayer(() => Task.ignore()),
  instead.toLayer(({ x }) => Task.replace(Canvas.chain(add.s({ x, y: 1 }), add.s({ y: 1 })))),
  many.toLayer(({ x }) => Task.replace(Canvas.group([add.s({ x, y: 1 }), add.s({ x, y: 2 })]))),
  nothing.toLayer(() =>
    Effect.flatMap(
      Effect.orDie(Effect.fromResult(Signature.decode({ task: "celery.chain", kwargs: { tasks: [] } }))),
      Task.replace
    )
  )
)

const here = <A, E>(effect: Effect.Effect<A, E, TaskRegistry.TaskRegistry>) =>
  Effect.suspend(() => {
    ran = []
    return Effect.provide(effect, Layer.provideMerge(handlers, TaskRegistry.layer))
  })

describe("a canvas that is applied", () => {
  it.effect("is a chain: each with the result of the one before, and all of them are there", () =>
    Effect.gen(function*() {
      const sent = yield* Eager.apply(Canvas.chain(add.s({ y: 1 }), add.s({ y: 2 }), add.s({ y: 3 })), { x: 1 })
      expectTypeOf(sent.get()).toExtend<Effect.Effect<number, unknown>>()
      assert.strictEqual(yield* sent.get(), 7)
      const { parent } = sent
      assert.deepStrictEqual([yield* parent!.get(), yield* parent!.parent!.get()], [4, 2])
      assert.deepStrictEqual(ran, ["1+1", "2+2", "4+3"])
    }).pipe(here))

  it.effect("is a group: the results of its members, in order, and a tuple of what they are", () =>
    Effect.gen(function*() {
      const sent = yield* Eager.apply(Canvas.group(add.s({ x: 1, y: 1 }), list.s({ values: ["a"] })))
      assert.deepStrictEqual(yield* sent.get(), [2, ["a"]])
      assert.deepStrictEqual([yield* sent.completedCount, yield* sent.successful], [2, true])
      assert.deepStrictEqual(yield* (yield* Eager.apply(Canvas.group([add.s({ x: 1, y: 1 })]))).get(), [2])
      assert.deepStrictEqual(yield* (yield* Eager.apply(Canvas.group(Array.of<ReturnType<typeof add.si>>()))).get(), [])
    }).pipe(here))

  it.effect("is a chord: the body gets the results of the header, and the header is its parent", () =>
    Effect.gen(function*() {
      const header = [1, 2, 3].map((x) => add.s({ x, y: 1 }))
      const sent = yield* Eager.apply(Canvas.chord(header, total.s()))
      assert.strictEqual(yield* sent.get(), 9)
      assert.deepStrictEqual(yield* sent.parent!.get(), [2, 3, 4])
      const last = Canvas.chain(Canvas.group(header), total.s(), add.s({ y: 1 }))
      assert.strictEqual(yield* (yield* Eager.apply(last)).get(), 10)
      assert.strictEqual(yield* (yield* Eager.apply(Canvas.chord([], total.s()))).get(), 0)
    }).pipe(here))

  it.effect("is a task called for many items, at once or in chunks", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* (yield* Eager.apply(Canvas.map(total, [[1, 2], [3]]))).get(), [3, 3])
      assert.deepStrictEqual(yield* (yield* Eager.apply(Canvas.starmap(add, [[1, 2], [3, 4]]))).get(), [3, 7])
      const pairs = Canvas.chunks(add, [[1, 1], [2, 2], [3, 3]], 2)
      assert.deepStrictEqual(yield* (yield* Eager.apply(pairs)).get(), [[2, 4], [6]])
    }).pipe(here))

  it.effect("is nested in any order, as it would be between workers", () =>
    Effect.gen(function*() {
      const inner = Canvas.chord([add.s({ x: 1, y: 1 }), add.s({ x: 2, y: 2 })], total.s())
      const branch = Canvas.chain(add.s({ x: 5, y: 5 }), Canvas.group(add.s({ y: 1 }), add.s({ y: 2 })))
      const sent = yield* Eager.apply(Canvas.chord([inner, add.s({ x: 0, y: 1 })], total.s()))
      assert.strictEqual(yield* sent.get(), 7)
      assert.deepStrictEqual(yield* (yield* Eager.apply(Canvas.chord([branch, inner], list.s()))).get(), [[11, 12], 6])
    }).pipe(here))

  it.effect("has what is linked to it run with it", () =>
    Effect.gen(function*() {
      yield* Eager.apply(Canvas.chain(add.s({ x: 1, y: 1 }), add.s({ y: 1 })).link(tell.s()))
      yield* Eager.apply(Canvas.chord([add.s({ x: 1, y: 1 })], total.s()).link(tell.s()))
      assert.deepStrictEqual(ran.filter((what) => what.startsWith("told")), ["told 3", "told 2"])
    }).pipe(here))

  it.effect("ends where one of its tasks fails: nothing behind it runs, and whoever waits is told", () =>
    Effect.gen(function*() {
      const chain = Canvas.chain(add.s({ x: 1, y: 1 }), pay.s(), add.s({ y: 5 })).onError(tell.si({ text: "off" }))
      const sent = yield* Eager.apply(chain)
      assert.deepStrictEqual(yield* Effect.flip(sent.get()), new Broke({ left: 2 }))
      assert.strictEqual(yield* sent.state, "FAILURE")
      assert.strictEqual(yield* sent.parent!.parent!.get(), 2)
      assert.deepStrictEqual(ran, ["1+1", "told off"])
    }).pipe(here))

  it.effect("ends a chord whose part fails, and the one around it, with the errbacks of the body", () =>
    Effect.gen(function*() {
      const inner = Canvas.chord([pay.s({ x: 1 }), add.s({ x: 1, y: 1 })], total.s())
      const sent = yield* Eager.apply(
        Canvas.chord([inner, add.s({ x: 2, y: 2 })], total.s().onError(tell.si({ text: "off" })))
      )
      const error = yield* Effect.flip(sent.get())
      assert.isTrue(error._tag === "TaskException" && error.is("ChordError"), error.message)
      assert.deepStrictEqual(ran, ["1+1", "2+2", "told off"])
    }).pipe(here))

  it.effect("stops behind a task that is ignored, and nothing hangs", () =>
    Effect.gen(function*() {
      const sent = yield* Eager.apply(Canvas.chain(stop.s({ x: 1 }), add.s({ y: 1 })))
      assert.include((yield* Effect.flip(sent.get())).message, "it was not run")
      assert.deepStrictEqual(ran, [])
    }).pipe(here))
})

describe("a task that something takes the place of, applied", () => {
  it.effect("comes to what that comes to, under its own id, and is followed by what followed it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Eager.apply(instead, { x: 1 }, { taskId: "one", link: tell.s() })).get(), 3)
      assert.deepStrictEqual(ran, ["1+1", "2+1", "told 3"])
      assert.strictEqual(yield* (yield* Eager.apply(Canvas.chain(instead.s({ x: 1 }), add.s({ y: 10 })))).get(), 13)
      assert.strictEqual(
        yield* (yield* Eager.apply(Canvas.chord([instead.s({ x: 1 }), add.s({ x: 1, y: 1 })], total.s()))).get(),
        5
      )
    }).pipe(here))

  it.effect("may be a group, whose results are a list", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* (yield* Eager.apply(many, { x: 1 })).get(), [2, 3])
      assert.strictEqual(yield* (yield* Eager.apply(Canvas.chain(many.s({ x: 1 }), total.s()))).get(), 5)
    }).pipe(here))

  it.effect("has failed where that is nothing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* Eager.apply(nothing, { x: 1 })).get())
      assert.include(error.message, "Cannot replace with an empty chain")
    }).pipe(here))
})
