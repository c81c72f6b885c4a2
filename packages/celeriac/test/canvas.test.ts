/** Canvases that are built here, sent through the embedded broker and run by a worker. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Broker from "../src/Broker.ts"
import * as Canvas from "../src/Canvas.ts"
import * as Client from "../src/Client.ts"
import * as PreparedTask from "../src/PreparedTask.ts"
import * as PublishSignals from "../src/PublishSignals.ts"
import * as Signature from "../src/Signature.ts"
import * as Task from "../src/Task.ts"
import * as Worker from "../src/Worker.ts"

class Overflow extends Schema.TaggedError<Overflow>()("Overflow", { by: Schema.Int }) {}

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const total = Task.make("proj.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const show = Task.make("proj.show", { parameters: { n: Schema.Int }, success: Schema.String })
const fail = Task.make("proj.fail", {
  parameters: { n: Schema.optionalKey(Schema.Int) },
  success: Schema.Int,
  error: Overflow
})
const lists = Task.make("proj.lists", {
  parameters: { all: Schema.Array(Schema.Array(Schema.Int)) },
  success: Schema.Int
})
const echo = Task.make("proj.echo", {
  parameters: { all: Schema.Array(Schema.Array(Schema.Int)) },
  success: Schema.Array(Schema.Array(Schema.Int))
})
const note = Task.make("proj.note", { parameters: { what: Schema.Unknown }, success: Schema.Void })
const inside = Task.make("proj.inside", { success: Schema.String })

const noted: Array<unknown> = []
const requests: Array<{ readonly id: string; readonly rootId: string; readonly parentId: string | undefined }> = []

const tasks = [
  add.toLayer(({ x, y }, { id, parentId, rootId }) =>
    Effect.sync(() => {
      requests.push({ id, parentId, rootId })
      return x + y
    })
  ),
  total.toLayer(({ all }) => Effect.succeed(all.reduce((sum, one) => sum + one, 0))),
  show.toLayer(({ n }) => Effect.succeed(`<${n}>`)),
  fail.toLayer(({ n = 0 }) => Effect.fail(new Overflow({ by: n }))),
  lists.toLayer(({ all }) => Effect.succeed(all.flat().length)),
  echo.toLayer(({ all }) => Effect.succeed(all)),
  note.toLayer(({ what }) => Effect.sync(() => void noted.push(what))),
  inside.toLayer(() =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* Effect.orDie(client.delay(Canvas.chain(add.s([1, 1]), add.s({ y: 1 }))))
      yield* Effect.orDie(client.delay(Canvas.group(add.s([2, 2]), add.s([3, 3]))))
      yield* Effect.orDie(client.delay(Canvas.chord([add.s([4, 4])], total.s())))
      return sent.id
    })
  )
]

const worker = Worker.make({ nodename: "celery@canvas", concurrency: 4, tasks })

/** Over a broker in memory, with results that are kept. */
const live = worker.layer.pipe(Layer.provideMerge(Broker.layerMemory), Layer.provide(Logger.layer([])))
/** The same, with results that are sent. */
const rpc = worker.layer.pipe(
  Layer.provideMerge(Broker.layer("memory://", { results: "rpc://" })),
  Layer.provide(Logger.layer([]))
)

const timeout = "5 seconds"

describe("a canvas that is sent", () => {
  it.live("is waited for in its own shape", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const get = (canvas: Signature.Any) => Effect.flatMap(client.delay(canvas), (sent) => sent.get({ timeout }))
      const plus = (y: number) => add.s({ y })
      const rows: ReadonlyArray<readonly [string, Signature.Any, unknown]> = [
        ["chain", Canvas.chain(add.s([2, 2]), plus(3), show.s()), "<7>"],
        ["group", Canvas.group(add.s([1, 1]), show.s([2])), [2, "<2>"]],
        ["group in a group", Canvas.group(Canvas.group(add.s([1, 1]), add.s([2, 2])), add.s([3, 3])), [2, 4, 6]],
        ["chord", Canvas.chord([add.s([1, 1]), add.s([2, 2])], total.s()), 6],
        ["header of one", Canvas.chord([add.s([1, 1])], total.s()), 2],
        ["empty header", Canvas.chord([], total.s()), 0],
        ["empty list in a chain", Canvas.chain(add.s([1, 1]), Canvas.group([]), total.s()), 0],
        ["list of one in a chain", Canvas.chain(add.s([1, 1]), Canvas.group([plus(1)]), total.s()), 3],
        ["list of one at the end", Canvas.chain(add.s([1, 1]), Canvas.group([plus(1)])), [3]],
        ["empty group", Canvas.group([]), []],
        ["group of one in a chain", Canvas.chain(Canvas.group(add.s([1, 1])), plus(1)), 3],
        ["group in a chain", Canvas.chain(add.s([1, 1]), Canvas.group(plus(10), plus(20)), total.s(), plus(100)), 134],
        ["group at the end", Canvas.chain(add.s([1, 1]), Canvas.group(plus(10), plus(20))), [12, 22]],
        [
          "two groups",
          Canvas.chain(
            Canvas.group(add.s([1, 1]), add.s([2, 2])),
            Canvas.group(total.s(), Canvas.chain(total.s(), plus(1))),
            total.s()
          ),
          13
        ],
        [
          "chords in a chain",
          Canvas.chain(
            Canvas.group(add.s([1, 1]), add.s([2, 2])),
            total.s(),
            Canvas.group(plus(1), plus(2)),
            total.s(),
            plus(1)
          ),
          16
        ],
        [
          "chord in a chord",
          Canvas.chord(
            [Canvas.chord([add.s([1, 1]), add.s([2, 2])], total.s()), Canvas.chain(add.s([5, 5]), plus(5))],
            total.s()
          ),
          21
        ],
        ["chord with a group", Canvas.chord([add.s([1, 1])], Canvas.group(total.s(), total.s())), [2, 2]],
        ["chord with a chain", Canvas.chord([add.s([1, 1])], Canvas.chain(total.s(), plus(2))), 4],
        [
          "nested three deep",
          Canvas.chain(
            Canvas.group(Canvas.chain(add.s([1, 1]), Canvas.group(plus(1), plus(2)), total.s()), add.s([4, 4])),
            total.s(),
            Canvas.group(plus(1), Canvas.chain(plus(2), plus(3)))
          ),
          [16, 20]
        ],
        ["map", Canvas.map(show, [1, 2]), ["<1>", "<2>"]],
        ["starmap", Canvas.starmap(add, [[1, 2], [3, 4]]), [3, 7]],
        ["chunks", Canvas.chunks(add, [[1, 1], [2, 2], [3, 3]], 2), [[2, 4], [6]]],
        [
          "a chord of chains that end in groups",
          Canvas.chord([
            Canvas.chain(add.s([1, 1]), Canvas.group(plus(1), plus(2))),
            Canvas.chain(add.s([2, 2]), Canvas.group(plus(1), plus(2)))
          ], echo.s()),
          [[3, 4], [5, 6]]
        ],
        ["chunks, followed", Canvas.chain(Canvas.chunks(add, [[1, 1], [2, 2], [3, 3]], 2), lists.s()), 3]
      ]
      for (const [name, canvas, value] of rows) {
        assert.deepStrictEqual(yield* get(canvas), value, name)
        const read = Result.getOrThrow(Signature.decode(JSON.parse(JSON.stringify(canvas))))
        const isList = /list|empty/.test(name) // of which JSON knows nothing
        if (!isList) assert.deepStrictEqual(yield* get(read), value, `${name}, read`)
      }
      assert.strictEqual(yield* client.execute(Canvas.chain(add.s({ y: 2 }), show.s()), { x: 1 }, { timeout }), "<3>")
    }).pipe(Effect.provide(live)))

  it.live("has its results typed, each with what it followed", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(Canvas.chain(add.s({ y: 1 }), Canvas.group(add.s({ y: 1 }), show.s())), { x: 1 })
      const values: readonly [number, string] = yield* sent.get({ timeout })
      assert.deepStrictEqual(values, [3, "<2>"])
      assert.strictEqual(yield* sent.parent!.get({ timeout }), 2)
      const chord = yield* client.delay(
        Canvas.chain(add.s([1, 1]), Canvas.group(add.s({ y: 1 }), add.s({ y: 2 })), total.s())
      )
      assert.strictEqual(yield* chord.get({ timeout }), 7)
      assert.deepStrictEqual(yield* chord.parent!.get({ timeout }), [3, 4])
      assert.strictEqual(yield* chord.parent!.parent!.get({ timeout }), 2)
    }).pipe(Effect.provide(live)))

  it.live("fails with what one of its tasks declares, whichever it is", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const chain = yield* client.delay(Canvas.chain(add.s([1, 1]), fail.s(), show.s()))
      const why = yield* Effect.flip(chain.get({ timeout }))
      assert.deepStrictEqual(why, new Overflow({ by: 2 }))
      const chord = yield* client.delay(Canvas.chord([add.s([1, 1]), fail.s({ n: 3 })], total.s()))
      assert.include(String(yield* Effect.flip(chord.get({ timeout }))), "Overflow")
      const group = yield* client.delay(Canvas.group(add.s([1, 1]), fail.s({ n: 4 })))
      assert.deepStrictEqual(yield* Effect.flip(group.get({ timeout })), new Overflow({ by: 4 }))
    }).pipe(Effect.provide(live)))

  it.live("sends what is linked to it where Celery does", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      noted.length = 0
      const chain = yield* client.delay(Canvas.chain(add.s([1, 1]), add.s({ y: 1 })).link(note.s()))
      const chord = yield* client.delay(Canvas.chord([add.s([1, 1])], total.s()).link(note.s()))
      const failing = yield* client.delay(Canvas.chain(add.s([1, 1]), fail.s(), show.s()).onError(note.s()))
      const part = yield* client.delay(Canvas.chord([fail.s({ n: 1 }), add.s([1, 1])], total.s()).onError(note.s()))
      yield* Effect.all([chain.get({ timeout }), chord.get({ timeout })])
      yield* Effect.all([Effect.flip(failing.get({ timeout })), Effect.flip(part.get({ timeout }))])
      const expected = [2, 3, failing.parent!.id, part.id].map(String).sort()
      yield* Effect.sleep("20 millis").pipe(Effect.repeat({ until: () => noted.length >= expected.length }))
      assert.deepStrictEqual(noted.map(String).sort(), expected)
    }).pipe(Effect.provide(live)))

  it.live("in a handler has it as its parent, and is among its children as Celery has it", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      requests.length = 0
      const sent = yield* client.delay(inside)
      yield* sent.get({ timeout })
      yield* Effect.sleep("20 millis").pipe(Effect.repeat({ until: () => requests.length >= 5 }))
      const [chain, group, header] = (yield* sent.children)!
      assert.strictEqual(yield* chain!.get({ timeout }), 2, "the first task of the chain")
      assert.deepStrictEqual(yield* group!.get({ timeout }), [4, 6])
      assert.deepStrictEqual(yield* header!.get({ timeout }), [8], "the header of the chord")
      assert.isTrue(requests.every(({ rootId }) => rootId === sent.id))
      assert.strictEqual(requests.filter(({ parentId }) => parentId === sent.id).length, 4)
    }).pipe(Effect.provide(live)))

  it.live("by messages has chains and groups, and refuses chords with a sentence", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(Canvas.chain(add.s([1, 1]), Canvas.group(add.s({ y: 1 }), show.s())))
      assert.deepStrictEqual(yield* sent.get({ timeout }), [3, "<2>"])
      assert.strictEqual(yield* sent.parent!.get({ timeout }), 2)
      for (
        const chord of [
          Canvas.chord([add.s([1, 1])], total.s()),
          Canvas.chain(add.s([1, 1]), Canvas.group([add.s({ y: 1 })]), total.s())
        ]
      ) {
        const refused = yield* Effect.flip(client.delay(chord))
        const why = "rpc:// sends each result to its client and keeps none, and so cannot count"
        assert.include(refused.message, why)
        assert.include((yield* Effect.flip(client.prepare(chord))).message, why)
      }
    }).pipe(Effect.provide(rpc)))

  it.live("is as large as it says before", () =>
    Effect.gen(function*() {
      const canvases: ReadonlyArray<Signature.Any> = [
        add.s([1, 1]).link(note.s()),
        Canvas.chain(add.s([1, 1]), Canvas.group(add.s({ y: 1 }), add.s({ y: 2 })), total.s()).link(note.s()),
        Canvas.chord([add.s([1, 1]), add.s([2, 2])], Canvas.chain(total.s(), add.s({ y: 1 }))).onError(note.s())
      ]
      for (const canvas of canvases) {
        const sent: Array<number> = []
        const client = yield* Client.make.pipe(
          Effect.provide(PublishSignals.layer({
            beforeTaskPublish: ({ message }) => {
              sent.push(message.body.byteLength)
              return message
            }
          }))
        )
        yield* client.delay(canvas)
        const size = Result.getOrThrow(Canvas.size(canvas))
        assert.deepStrictEqual(size, {
          messages: sent.length,
          bytes: sent.reduce((sum, one) => sum + one, 0),
          largest: Math.max(...sent)
        })
      }
    }).pipe(Effect.provide(live)))

  it("carries what is behind it once, however it is nested", () => {
    const chords = (n: number) =>
      Canvas.chain(...Array.from({ length: n }, () => Canvas.chord([add.si([1, 1]), add.si([2, 2])], total.s())))
    const largest = [10, 20, 40].map((n) => Result.getOrThrow(Canvas.size(chords(n))).largest)
    assert.isBelow(largest[1]! / largest[0]!, 2.2, "it grows as what is in it does")
    assert.isBelow(largest[2]! / largest[1]!, 2.2)
    assert.isBelow(largest[2]!, 60_000)
  })

  it.live("is prepared for an outbox as one, and sent later in its own shape, as often as need be", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const chord = Canvas.chain(add.s({ y: 1 }), Canvas.group(add.s({ y: 1 }), add.s({ y: 2 })), total.s())
      const group = Canvas.group(add.s([1, 1]), Canvas.chord([add.s([2, 2]), add.s([3, 3])], total.s()))
      const one = yield* client.prepare(chord, { x: 1 })
      const sum: number = yield* (yield* client.send(one)).get({ timeout })
      assert.strictEqual(sum, 7)
      const many = yield* client.prepare(group)
      const values: readonly [number, number] = yield* (yield* client.send(many)).get({ timeout })
      assert.deepStrictEqual(values, [2, 10])
      for (
        const [prepared, value] of [[yield* client.prepare(chord, { x: 1 }), 7], [yield* client.prepare(group), [
          2,
          10
        ]]] as const
      ) {
        const read = Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(prepared)))
        const sent = yield* client.send(read)
        assert.strictEqual(sent.id, prepared.id)
        assert.deepStrictEqual(yield* sent.get({ timeout }), value)
        yield* client.send(read)
        assert.deepStrictEqual(yield* sent.get({ timeout }), value)
      }
      assert.include((yield* Effect.flip(client.prepare(Canvas.group([])))).message, "nothing is to be sent of it")
      const broken = PreparedTask.encode(many).replace(/"result":\[/, "\"result\":[1,")
      assert.include(String(PreparedTask.decode(broken)), "what the canvas comes to is no result")
    }).pipe(Effect.provide(live)))

  it.live("is prepared for an outbox, and the results of all of its tasks come to whoever sends it, as messages", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const chain = Canvas.chain(
        add.s([1, 1]),
        Canvas.chain(add.s({ y: 1 }), add.s({ y: 1 })),
        Canvas.group(add.s({ y: 1 }), add.s({ y: 2 }))
      )
      const prepared = yield* client.prepare(chain)
      assert.notInclude(PreparedTask.encode(prepared), "reply_to")
      assert.deepStrictEqual(yield* (yield* client.send(prepared)).get({ timeout }), [5, 6])
      const read = Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(yield* client.prepare(chain))))
      const sent = yield* client.send(read)
      assert.deepStrictEqual(yield* sent.get({ timeout }), [5, 6])
      assert.strictEqual(yield* sent.parent!.get({ timeout }), 4)
    }).pipe(Effect.provide(rpc)))

  it.live("is refused above its budget, with the numbers, and nothing of it is sent", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const refused = yield* Effect.flip(client.delay(Canvas.chain(
        ...Array.from({ length: 9_000 }, () => Signature.make("proj.add", { args: [1] }))
      )))
      assert.match(refused.message, /the largest of its 1 messages has \d{7} bytes, and 1000000 are allowed/)
    }).pipe(Effect.provide(live)))
})
