/** Random canvases of real Celery, with failures, retries and replacements: here they come to the same as on Python's worker. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { createClient } from "redis"
import * as Signature from "../../src/Signature.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"
import * as CanvasKit from "./CanvasKit.ts"

const kit = CanvasKit.make({ name: "random", module: "random_canvas.py", database: 12 })
const seeds = (process.env["CELERIAC_CANVAS_SEEDS"] ?? "1,2").split(",")
const count = 30

const parameters = { value: Schema.optionalKey(Schema.Unknown), label: Schema.String }
const success = Schema.Unknown

const digest = (label: string, value: unknown) => {
  const text = JSON.stringify(value ?? null)
  return `${label.split("/")[1]}:${createHash("sha1").update(text).digest("hex").slice(0, 8)}`
}

const tasks = (run: (label: string) => Effect.Effect<void>) => [
  Task.make("random.step", { parameters, success }).toLayer(({ label, value }) =>
    Effect.as(run(label), digest(label, value))
  ),
  Task.make("random.fail", { parameters, success }).toLayer(({ label }) =>
    Effect.andThen(run(label), Effect.die(new RangeError("bad")))
  ),
  Task.make("random.again", { parameters, success }).toLayer(({ label, value }, { retries }) =>
    Effect.andThen(run(label), retries === 0 ? Task.retry({ countdown: 0 }) : Effect.succeed(digest(label, value)))
  ),
  Task.make("random.instead", { parameters: { ...parameters, sig: Schema.Unknown }, success }).toLayer((
    { label, sig }
  ) =>
    Effect.andThen(
      run(label),
      Effect.flatMap(Effect.orDie(Effect.fromResult(Signature.decode(sig))), (one) => Task.replace(one))
    )
  ),
  Task.make("random.errback", { parameters: { id: Schema.optionalKey(Schema.Unknown), label: Schema.String }, success })
    .toLayer(({ label }) => Effect.as(run(label), "told"))
]

interface Line {
  readonly n: number
  readonly which: "ours" | "python"
  readonly text: string
  readonly runs: Readonly<Record<string, number>>
  readonly found: Readonly<Record<string, readonly [string, unknown]>>
}

const worker = Layer.unwrap(Effect.gen(function*() {
  const redis = yield* Effect.acquireRelease(
    Effect.promise(() => createClient({ url: kit.results }).connect()),
    (redis) => Effect.promise(() => redis.close())
  )
  const run = (label: string) =>
    Effect.asVoid(Effect.promise(() => redis.hIncrBy(`runs:${label.split("/")[0]}`, label, 1)))
  const made = Worker.make({ ...kit.node, tasks: tasks(run), settings: { defaultQueue: kit.ours } })
  return made.layer.pipe(Layer.provide(kit.broker), Layer.provide(Logger.layer([])))
}))

describe("random canvases", () => {
  it.live(
    `come to the same here as on Python's worker: results, states and runs (seeds ${seeds.join(", ")})`,
    () =>
      Effect.gen(function*() {
        yield* kit.celery
        const differences: Array<object> = []
        yield* Effect.forEach(seeds, (seed) =>
          Effect.gen(function*() {
            const lines = (yield* kit.program([kit.ours, seed, String(count)])) as ReadonlyArray<Line>
            assert.lengthOf(lines, 2 * count)
            for (
              const python of lines.filter(({ which }) => which === "python")
            ) {
              const own = lines.find(({ n, which }) => which === "ours" && n === python.n)!
              const wrong = differing(python, own)
              if (wrong.length > 0) differences.push({ seed, n: python.n, text: python.text, wrong })
            }
          })).pipe(Effect.provide(worker))
        assert.lengthOf(differences, 0, JSON.stringify(differences, undefined, 1))
      }).pipe(Effect.scoped),
    60_000 + 60_000 * seeds.length
  )
})

/** Where Celery leaves somebody waiting, they are told here, and so are the errbacks of what they wait for. */
const differing = (python: Line, own: Line): ReadonlyArray<unknown> => {
  const hangs = Object.values(python.found).some(([state]) => state === "PENDING")
  const wrong: Array<unknown> = []
  for (const [label, [state, value]] of Object.entries(python.found)) {
    const [there, what] = own.found[label]!
    const isSame = there === state && (state === "FAILURE" || JSON.stringify(what) === JSON.stringify(value))
    const isTold = state === "PENDING" && (there === "FAILURE" || what === "told")
    // Python sends the next attempt before it stores RETRY, which may come last.
    const isOvertaken = state === "RETRY" && there === "SUCCESS"
    if (!isSame && !isTold && !isOvertaken) {
      wrong.push({ label, python: [state, value], ours: [there, what] })
    }
  }
  for (const label of new Set([...Object.keys(python.runs), ...Object.keys(own.runs)])) {
    const [theirs = 0, runs = 0] = [python.runs[label], own.runs[label]]
    if (theirs !== runs && !(hangs && theirs === 0 && own.found[label]?.[1] === "told")) {
      wrong.push({ label, pythonRuns: theirs, ourRuns: runs })
    }
  }
  return wrong
}
