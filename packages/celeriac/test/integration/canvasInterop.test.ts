/** Canvases of real Celery in Redis whose members run on Python's worker and on ours, by turns: the same as with Python alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import { CeleryWorker, runPython } from "../../../../test/peers/Python.ts"
import * as Broker from "../../src/Broker.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

const results = inject("redisUrl").replace(/\/\d*$/, "/11")
const broker = inject("amqpUrl")
const python = `canvas.${process.pid}`
const ours = `canvas.ours.${process.pid}`
const env = { BROKER: broker, RESULTS: results, QUEUE: python }

const handlers = [
  Task.make("canvas.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
    .toLayer(({ x, y }) => Effect.succeed(x + y)),
  Task.make("canvas.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
    .toLayer(({ all }) => Effect.succeed(all.reduce((sum, one) => sum + one, 0))),
  Task.make("canvas.fail", { parameters: { value: Schema.optionalKey(Schema.Unknown) } })
    .toLayer(() => Effect.die(new RangeError("bad")))
]

const unrun = "failure before a chord, turned"
const pending = JSON.stringify({ state: "PENDING", value: null, children: [] })
const failed = JSON.stringify({ state: "FAILURE", value: "failed", children: [] })

interface Line {
  readonly alone: boolean
  readonly name: string
  readonly told: unknown
}

describe("a canvas of Python", () => {
  it.live(
    "comes to the same on both workers as on Python's alone: results, states and children of every id",
    () =>
      Effect.gen(function*() {
        const module = fileURLToPath(new URL("../fixtures/canvas.py", import.meta.url))
        yield* Effect.acquireRelease(
          Effect.promise(() =>
            CeleryWorker.start({
              module,
              env,
              // What its solo pool reads while it publishes may lie there for ten seconds.
              args: ["--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
            })
          ),
          (worker) => Effect.promise(() => worker.kill())
        )
        const worker = Worker.make({ nodename: "celery@canvas", concurrency: 4, queues: [ours], tasks: handlers })
        const lines = yield* Effect.promise(() => runPython(readFileSync(module, "utf8"), { env, args: [ours] })).pipe(
          Effect.provide(
            worker.layer.pipe(Layer.provide(Broker.layer(broker, { results })), Layer.provide(Logger.layer([])))
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
    90_000
  )
})
