/** What a task tells of itself is read by real Celery, and what it sends is run by it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { run } from "../../../../test/peers/Process.ts"
import { CeleryWorker, findPython } from "../../../../test/peers/Python.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as Task from "../../src/Task.ts"
import * as TaskContext from "../../src/TaskContext.ts"
import * as Worker from "../../src/Worker.ts"

const url = brokerUrl()
const redisUrl = inject("redisUrl")
const queue = `context.${process.pid}`
const module = fileURLToPath(new URL("../fixtures/context.py", import.meta.url))
const env = { URL: url, REDIS_URL: redisUrl, QUEUE: queue, PYTHONDONTWRITEBYTECODE: "1" }

/** Says how far it is, and goes on until it is asked to end. */
const long = Task.make("ctx.long", { success: Schema.String }).toLayer((_, { id }) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    yield* Effect.orDie(client.sendTask("nobody.runs", { queue: `${queue}.nobody`, taskId: `${id}.child` }))
    for (let done = 1; !(yield* TaskContext.isAborted); done++) {
      yield* TaskContext.progress({ done, total: 500 })
      yield* Effect.sleep("20 millis")
    }
    return "given up"
  })
)

const short = Task.make("ctx.short", { success: Schema.Int }).toLayer(() =>
  Effect.gen(function*() {
    yield* TaskContext.progress({ done: 1 })
    yield* TaskContext.updateState("ALMOST", [1, null, "x"])
    return 7
  })
)

const SeenByPython = Schema.Record(Schema.String, Schema.Unknown)

/** Sends a task to Python, and gives what that saw. */
const asking = Task.make("ctx.asking", { success: SeenByPython })
const AskingLive = asking.toLayer(() =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    const sent = yield* Effect.orDie(client.sendTask("py.seen", {
      args: [5],
      queue: `${queue}.python`,
      headers: { mine: "yes" },
      timeLimit: "60 seconds",
      softTimeLimit: "50 seconds"
    }))
    const seen = yield* Effect.orDie(sent.get({ timeout: "1 minute", disableSyncSubtasks: false }))
    return seen as typeof SeenByPython.Type // as the fixture gives it
  })
)

const worker = Worker.make({
  nodename: `celery@${queue}`,
  concurrency: 4,
  queues: [queue],
  tasks: [long, short, AskingLive],
  settings: { taskQueues: [] }
})

/** The worker and a client, whose results go there. */
const up = (results: string) =>
  worker.layer.pipe(Layer.provideMerge(Broker.layer(url, { results, settings: { defaultQueue: queue } })))

/** What Python's client has to say. */
const python = (what: string, results: string) =>
  Effect.map(
    Effect.promise(() =>
      run(findPython() ?? "python3", [module, what], { env: { ...env, RESULTS: results }, timeout: 100_000 })
    ),
    (output) => JSON.parse(output)
  )

describe("a task that tells of itself", () => {
  it.live("is read by Python: how far it is, its children, and it is asked to end", () =>
    Effect.gen(function*() {
      const { aborted, children, id, progress, result, state } = yield* python("kept", redisUrl)
      assert.strictEqual(progress[0], "PROGRESS")
      assert.strictEqual(progress[1].total, 500)
      assert.deepStrictEqual([progress[2], children], [[`${id}.child`], [`${id}.child`]])
      assert.deepStrictEqual([aborted, result, state], [true, "given up", "SUCCESS"])
    }).pipe(Effect.provide(up(redisUrl))), 120_000)

  it.live("is read by Python as messages, each state one", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* python("sent", "rpc://"), [
        ["PROGRESS", { done: 1 }, []],
        ["ALMOST", [1, null, "x"], []],
        ["SUCCESS", 7, []]
      ])
    }).pipe(Effect.provide(up("rpc://"))), 120_000)
})

describe("a task that sends another one to Python", () => {
  it.live("is its parent and its root there", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.promise(() => CeleryWorker.start({ module, env, args: ["--pool", "solo", "--without-gossip"] })),
        (peer) => Effect.promise(() => peer.kill())
      )
      const client = yield* Client.Client
      const sent = yield* client.delay(asking)
      const seen = yield* sent.get({ timeout: "1 minute" })
      assert.deepStrictEqual(seen, {
        x: 5,
        mine: "yes",
        parent_id: sent.id,
        root_id: sent.id,
        retries: 0,
        is_own: true,
        timelimit: [60, 50],
        priority: 0
      })
      const record = yield* sent.record
      assert.strictEqual(record?.children?.length, 1)
    }).pipe(Effect.scoped, Effect.provide(up(redisUrl))), 120_000)
})
