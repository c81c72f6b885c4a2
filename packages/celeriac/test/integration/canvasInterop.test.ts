/** Canvases of real Celery in Redis whose members run on Python's worker and on ours, by turns: the same as with Python alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"
import * as CanvasKit from "./CanvasKit.ts"

const kit = CanvasKit.make({ name: "canvas", module: "canvas.py", database: 11 })

const handlers = [
  Task.make("canvas.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
    .toLayer(({ x, y }) => Effect.succeed(x + y)),
  Task.make("canvas.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
    .toLayer(({ all }) => Effect.succeed(all.reduce((sum, one) => sum + one, 0))),
  Task.make("canvas.fail", { parameters: { value: Schema.optionalKey(Schema.Unknown) } })
    .toLayer(() => Effect.die(new RangeError("bad")))
]

const unrun = "failure before a chord, turned"
const pending = "\"state\":\"PENDING\",\"value\":null"
const failed = "\"state\":\"FAILURE\",\"value\":\"failed\""

interface Line {
  readonly alone: boolean
  readonly name: string
  readonly told: unknown
}

describe("a canvas of Python", () => {
  it.live(
    "comes to the same on both workers as on Python's alone: results, states, children and parents of every id",
    () =>
      Effect.gen(function*() {
        yield* kit.celery
        const worker = Worker.make({ ...kit.node, tasks: handlers })
        const lines = yield* kit.program([kit.ours]).pipe(
          Effect.provide(
            worker.layer.pipe(Layer.provide(kit.broker), Layer.provide(Logger.layer([])))
          )
        )
        const of = (alone: boolean) =>
          Object.fromEntries(
            (lines as ReadonlyArray<Line>).filter((line) => line.alone === alone).map(({ name, told }) => [name, told])
          )
        assert.strictEqual(Object.keys(of(false)).length, 28)
        const { [unrun]: more, ...same } = of(false)
        const { [unrun]: fewer, ...expected } = of(true)
        assert.deepStrictEqual(same, expected)
        // Those in the header will never run: Celery leaves them pending.
        assert.strictEqual(JSON.stringify(more), JSON.stringify(fewer).replaceAll(pending, failed))
      }).pipe(Effect.scoped),
    120_000
  )
})
