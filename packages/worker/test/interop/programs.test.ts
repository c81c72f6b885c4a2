/** Random tasks, retries and limits come to the same on a Celery worker and on ours, in as many runs, and monitors are told the same. */
import * as Client from "@celeriac/tasks/Client"
import * as Python from "@celeriac/tasks/Python"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { randomUUID } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { until } from "../../../../test/peers/Process.ts"
import { has } from "../../../../test/peers/Python.ts"
import { expected, type Life, lives, maxRetries, type Step } from "../programs.ts"
import * as Duo from "./Duo.ts"
import { comparable, eventsOf } from "./monitor.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-programs-"))
const file = join(folder, "runs")

/** As Python's `ValueError`, and as `class Busy(Exception)` of `programs.py`. */
class ValueError extends Error {
  override readonly name = "ValueError"
}
class Busy extends Python.Exception<Busy>()("programs", "Busy", {}) {}

const does: Readonly<Record<Step, Effect.Effect<void, any>>> = {
  succeed: Effect.void,
  fail: Effect.die(new ValueError("bad")),
  retry: Task.retry({ countdown: 0 }),
  "retry for an error": Task.retry({ error: new Busy(), countdown: 0 }),
  ignore: Task.ignore(),
  reject: Task.reject({ reason: "no" }),
  hang: Effect.never,
  tidy: Effect.catchTag(Task.failOnSoftTimeLimit(Effect.never), "SoftTimeLimitExceeded", () => Effect.void)
}

type Options = Pick<Life, "acksLate" | "acksOnFailure" | "acksOnTimeout" | "maxRetries">

const nameOf = ({ acksLate, acksOnFailure, acksOnTimeout, maxRetries }: Options) =>
  `program.${+acksLate}${+acksOnFailure}${+acksOnTimeout}.${maxRetries}`

/** The ids of the runs here, as Python's worker writes them into the file. */
const runs: Array<string> = []

const both = [false, true] as const
const tasks = both.flatMap((acksLate) =>
  both.flatMap((acksOnFailure) =>
    both.flatMap((acksOnTimeout) =>
      maxRetries.map((maxRetries) => {
        const options = { acksLate, acksOnFailure, acksOnTimeout, maxRetries }
        const parameters = { steps: Schema.Array(Schema.String) }
        return Task.make(nameOf(options), { parameters, error: Busy, options }).toLayer(({ steps }, { id, retries }) =>
          Effect.suspend(() => {
            runs.push(id)
            // What the test sends is a step.
            return does[steps[Math.min(retries, steps.length - 1)] as Step]
          })
        )
      })
    )
  )
)

const duo = Duo.make({
  name: "programs",
  results: "rpc",
  module: "programs.py",
  concurrency: 10,
  env: { RUNS: file },
  worker: ({ nodename, queue }) =>
    Worker.make({ nodename, concurrency: 100, queues: [queue], settings: { sendTaskEvents: true }, tasks })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What becomes of it in one of the queues; `runsOf` is asked at the end. */
const observed = (life: Life, queue: string, runsOf: (id: string) => number) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    const reader = yield* ResultReader
    const rules = expected(life)
    const { id } = yield* client.sendTask(nameOf(life), {
      args: [life.steps],
      queue,
      taskId: randomUUID(),
      timeLimit: `${life.hard ?? 0} seconds`,
      softTimeLimit: life.soft === undefined ? undefined : `${life.soft} seconds`
    })
    const told = () => {
      const { others, retries } = comparable(eventsOf(id), life.hard)
      return { retries, others: others.toSorted() }
    }
    const count = () => told().others.length + told().retries.length
    yield* Effect.promise(() =>
      until(
        `the end of ${id}`,
        () => count() >= rules.events.length,
        100_000,
        () => `${JSON.stringify({ life, rules, told: told() })}\n${duo.output()}`
      )
    )
    const isFinal = rules.stored !== "nothing" && rules.stored !== "RETRY"
    const record = isFinal ? yield* Effect.timeout(reader.wait(id), "1 minute") : yield* reader.lookup(id)
    return { id, record, runs: () => runsOf(id), told }
  })

/**
 * Seconds: what comes to a limit takes as long. Of two at the same time it is by chance which Celery takes, and they
 * come at the same time to who stood still between them: a hard limit is far behind a soft one, which ends what runs.
 */
const limits = { soft: [undefined, 1], hard: [2, 3] }
const apart = (life: Life): Life => life.soft === undefined ? life : { ...life, hard: 60 }

/**
 * Python puts what its hard limit ended back into the queue without end where that is
 * not to be acknowledged, and stores a FAILURE each time: `docs/DIFFERENCES.md`.
 */
const program = lives(limits).map(apart).filter(({ acksLate, acksOnTimeout }) => acksOnTimeout || !acksLate)

describe.runIf(has("5.7"))("random tasks on Celery's worker and on ours", () => {
  it("come to the same, as the rules say", { timeout: 120_000 }, () =>
    duo.run(Effect.gen(function*() {
      const programs = fc.sample(program, { numRuns: 80, seed: 10 })
      const ends = yield* Effect.forEach(programs, (life) =>
        Effect.all([
          observed(life, duo.ours.queue, (id) => runs.filter((run) => run === id).length),
          observed(life, duo.python.queue, (id) => readFileSync(file, "utf8").split(id).length - 1)
        ], { concurrency: 2 }), { concurrency: "unbounded" })
      for (const [i, [ours, theirs]] of ends.entries()) {
        const life = programs[i]!
        const seen = ({ id, record, runs, told }: typeof ours) => {
          const { exception, result, status, traceback } = record ?? {}
          const all = {
            ...{ life, runs: runs(), ...told() },
            record: { status, exception, result, traceback: typeof traceback }
          }
          return JSON.parse(JSON.stringify(all).replaceAll(id, "<id>")) as unknown
        }
        assert.deepStrictEqual(seen(ours), seen(theirs))
        const rules = expected(life)
        const { exception, status } = ours.record ?? { exception: undefined, status: "nothing" }
        assert.strictEqual(
          exception === undefined || status === "RETRY" ? status : `${status} ${exception.excType}`,
          rules.stored
        )
        assert.strictEqual(ours.runs(), rules.runs)
      }
    })))
})
