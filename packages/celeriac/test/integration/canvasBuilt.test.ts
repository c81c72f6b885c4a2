/** Canvases that are built here, with results in Redis: on Python's worker, on ours, and on both by turns they come to the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as AsyncResult from "../../src/AsyncResult.ts"
import * as Canvas from "../../src/Canvas.ts"
import * as Client from "../../src/Client.ts"
import * as Signature from "../../src/Signature.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"
import * as CanvasKit from "./CanvasKit.ts"

const kit = CanvasKit.make({ name: "built", module: "canvas.py", database: 15 })
const { ours, python } = kit

const add = Task.make("canvas.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const total = Task.make("canvas.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const echo = Task.make("canvas.echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const fail = Task.make("canvas.fail", {
  parameters: { value: Schema.optionalKey(Schema.Unknown) },
  success: Schema.Int
})

const handlers = [
  add.toLayer(({ x, y }) => Effect.succeed(x + y)),
  total.toLayer(({ all }) => Effect.succeed(all.reduce((sum, one) => sum + one, 0))),
  echo.toLayer(({ value }) => Effect.succeed(value)),
  fail.toLayer(() => Effect.die(new RangeError("bad")))
]

/** `a` and `b` are the queues of the two workers, or twice that of one of them. */
const canvases = (a: string, b: string): Readonly<Record<string, Signature.Any>> => {
  const onA = { queue: a }
  const onB = { queue: b }
  const plus = (y: number) => add.s({ y })
  return {
    chain: Canvas.chain(add.s([1, 1]).set(onA), plus(2).set(onB), plus(3).set(onA), plus(4).set(onB)),
    group: Canvas.group(add.s([1, 1]).set(onA), add.s([2, 2]).set(onB)),
    chord: Canvas.chord([add.s([1, 1]).set(onA), add.s([2, 2]).set(onB), add.s([3, 3]).set(onA)], total.s().set(onB)),
    "chord of which nothing is known": Canvas.chord(
      [1, 2].map((n) => Signature.make("canvas.add", { args: [n, n], ...onB })),
      Signature.make("canvas.total", onA)
    ),
    "header of one": Canvas.chord([add.s([1, 1]).set(onA)], total.s().set(onB)),
    "empty header": Canvas.chord([], total.s().set(onB)),
    "empty list in a chain": Canvas.chain(add.s([1, 1]).set(onA), Canvas.group([]), total.s().set(onB)),
    "list of one at the end": Canvas.chain(add.s([1, 1]).set(onA), Canvas.group([plus(1).set(onB)])),
    "group in a chain": Canvas.chain(
      add.s([1, 1]).set(onA),
      Canvas.group(plus(10).set(onB), plus(20).set(onA)),
      total.s().set(onB),
      plus(100).set(onA)
    ),
    "group at the end": Canvas.chain(add.s([1, 1]).set(onB), Canvas.group(plus(10).set(onA), plus(20).set(onB))),
    "chord in a chord": Canvas.chord(
      [
        Canvas.chord([add.s([1, 1]).set(onA), add.s([2, 2]).set(onB)], total.s().set(onA)),
        Canvas.chain(add.s([5, 5]).set(onB), plus(5).set(onA))
      ],
      total.s().set(onB)
    ),
    "chord with a group": Canvas.chord(
      [add.s([1, 1]).set(onA), add.s([2, 2]).set(onB)],
      Canvas.group(total.s().set(onA), total.s().set(onB))
    ),
    "two chords": Canvas.chain(
      Canvas.group(add.s([1, 1]).set(onA), add.s([2, 2]).set(onB)),
      total.s().set(onA),
      Canvas.group(plus(1).set(onB), plus(2).set(onA)),
      total.s().set(onB)
    ),
    "group behind a group": Canvas.chain(
      Canvas.group(add.s([1, 1]).set(onA), add.s([2, 2]).set(onB)),
      Canvas.group(total.s().set(onB), Canvas.chain(total.s().set(onA), plus(1).set(onB))),
      total.s().set(onA)
    ),
    "nested three deep": Canvas.chain(
      Canvas.group(
        Canvas.chain(add.s([1, 1]).set(onA), Canvas.group(plus(1).set(onB), plus(2).set(onA)), total.s().set(onB)),
        add.s([4, 4]).set(onA)
      ),
      total.s().set(onB),
      Canvas.group(plus(1).set(onA), Canvas.chain(plus(2).set(onB), plus(3).set(onA)))
    ),
    map: Canvas.chain(Canvas.map(echo, [1, "two"]).set(onA), echo.s().set(onB)),
    starmap: Canvas.starmap(add, [[1, 2], [3, 4]]).set(onB),
    chunks: Canvas.chain(Canvas.chunks(add, [[1, 1], [2, 2], [3, 3]], 2).set(onA), echo.s().set(onB)),
    "failure in a chain": Canvas.chain(add.s([1, 1]).set(onA), fail.s().set(onB), plus(3).set(onA), plus(4).set(onB)),
    "failing part": Canvas.chord([add.s([1, 1]).set(onA), fail.s().set(onB)], total.s().set(onA)),
    "failing member": Canvas.group(add.s([1, 1]).set(onA), fail.s().set(onB))
  }
}

/** By Python's worker alone, as `told` tells it. */
const expected: Readonly<Record<string, string>> = {
  chain: "[11,7,4,2]",
  group: "[[[2],[4]]]",
  chord: "[12,[[2],[4],[6]]]",
  "chord of which nothing is known": "[6,[[2],[4]]]",
  "header of one": "[2,[[2]]]",
  "empty header": "[0,[]]",
  "empty list in a chain": "[0,[],2]",
  "list of one at the end": "[[[3,2]],2]",
  "group in a chain": "[134,34,[[12],[22]],2]",
  "group at the end": "[[[12],[22]],2]",
  "chord in a chord": "[21,[[6,[[2],[4]]],[15,10]]]",
  "chord with a group": "[[[6],[6]],[[2],[4]]]",
  "two chords": "[15,[[7],[8]],6,[[2],[4]]]",
  "group behind a group": "[13,[[6],[7,6]],[[2],[4]]]",
  "nested three deep": "[[[16],[20,17]],15,[[7,[[3],[4]],2],[8]]]",
  map: "[[1,\"two\"],[1,\"two\"]]",
  starmap: "[[3,7]]",
  chunks: "[[[2,4],[6]],[[[2,4]],[[6]]]]",
  "failure in a chain": "[\"failed\",\"failed\",\"failed\",2]",
  "failing part": "[\"ChordError\",[[2],[\"failed\"]]]",
  "failing member": "[[[2],[\"failed\"]]]"
}

/** States and values from the end to the beginning, without ids; what is behind a failure came to the same. */
const told = (result: AsyncResult.Child): Effect.Effect<unknown, unknown> =>
  Effect.gen(function*() {
    const own = "results" in result
      ? yield* Effect.forEach(result.results, (one) => told(one as AsyncResult.Child))
      : Result.match(yield* result.final({ timeout: "1 minute", followParents: false }), {
        onSuccess: (value) => value,
        onFailure: ({ excType }) => excType === "ChordError" ? excType : "failed"
      })
    const parent = result.parent as AsyncResult.Child | undefined // as it was made
    return parent === undefined ? [own] : [own, ...(yield* told(parent)) as ReadonlyArray<unknown>]
  })

describe("a canvas that is built here", () => {
  it.live(
    "comes to the same on Python's worker, on ours, and on both by turns",
    () =>
      Effect.gen(function*() {
        yield* kit.celery
        const worker = Worker.make({ ...kit.node, tasks: handlers })
        const live = worker.layer.pipe(
          Layer.provideMerge(kit.broker),
          Layer.provide(Logger.layer([]))
        )
        const run = (a: string, b: string) =>
          Effect.gen(function*() {
            const client = yield* Client.Client
            const sent = yield* Effect.forEach(
              Object.entries(canvases(a, b)),
              ([name, canvas]) => Effect.map(client.delay(canvas), (result) => ({ name, result })),
              { concurrency: "unbounded" }
            )
            return yield* Effect.forEach(
              sent,
              ({ name, result }) => Effect.map(told(result), (value) => [name, JSON.stringify(value)] as const),
              { concurrency: "unbounded" }
            )
          })
        yield* Effect.gen(function*() {
          const alone = yield* run(python, python)
          assert.deepStrictEqual(yield* run(ours, ours), alone, "on ours")
          assert.deepStrictEqual(yield* run(python, ours), alone, "by turns")
          assert.deepStrictEqual(yield* run(ours, python), alone, "by the other turns")
          assert.deepStrictEqual(Object.fromEntries(alone), expected)
        }).pipe(Effect.provide(live))
      }).pipe(Effect.scoped),
    120_000
  )
})
