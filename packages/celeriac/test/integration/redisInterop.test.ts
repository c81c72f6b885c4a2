/** The results of both languages in Redis: each outcome, stored by one and read by the other. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { celeryVersion, CeleryWorker, has, runPython } from "../../../../test/peers/Python.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as AsyncResult from "../../src/AsyncResult.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as RemoteControl from "../../src/RemoteControl.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

const results = inject("redisUrl").replace(/\/\d*$/, "/8")
const broker = brokerUrl()
const peer = `${celeryVersion()}.${process.pid}`
/** The states that it comes to; the task waits until the first has been seen. */
const statesOf = <E, S>(sent: { readonly id: string; readonly progress: Stream.Stream<S, E> }) => {
  const seen = () =>
    redisCommand(
      inject("redisUrl"),
      "EVAL",
      "redis.call('SELECT', 8) return redis.call('SET', KEYS[1], '1', 'EX', '600')",
      "1",
      `seen-${sent.id}`
    )
  return Stream.tap(sent.progress, () => Effect.promise(seen))
}

const revocable = { deadline: "10 seconds" } as const

describe("results of Python's worker in Redis", () => {
  it.live("are read here, each outcome as it is", () =>
    Effect.gen(function*() {
      const queue = `life.${peer}`
      yield* Effect.acquireRelease(
        Effect.promise(() =>
          CeleryWorker.start({
            module: fileURLToPath(new URL("../fixtures/life.py", import.meta.url)),
            env: { BROKER: broker, RESULTS: results, QUEUE: queue },
            args: ["--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"]
          })
        ),
        (worker) => Effect.promise(() => worker.kill())
      )
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const send = (name: string, call: Client.NamedCall = {}) => client.sendTask(`life.${name}`, { ...call, queue })

        const added = yield* send("add", { args: [2], kwargs: { y: 3 } })
        assert.strictEqual(yield* added.get({ timeout: "1 minute" }), 5)
        assert.deepStrictEqual(
          yield* Effect.all([added.name, added.args, added.kwargs, added.retries, added.queue]),
          ["life.add", [2], { y: 3 }, 0, queue]
        )
        assert.match((yield* added.worker) ?? "", /^python\..*@/)
        assert.isNumber((yield* added.dateDone)?.epochMilliseconds)

        const error = yield* Effect.flip((yield* send("fail")).get())
        assert.isTrue(error._tag === "TaskException" && error.excType === "OutOfStock")
        assert.strictEqual(error.message, "OutOfStock('none', 3)")

        const again = yield* send("again")
        const states = yield* Stream.runCollect(Stream.map(statesOf(again), ({ state }) => state))
        assert.include(states, "RETRY")
        assert.deepStrictEqual([states.at(-1), yield* again.get(), yield* again.retries], ["SUCCESS", 2, 2])

        const working = yield* send("work")
        const metas = yield* Stream.runCollect(Stream.map(statesOf(working), ({ meta, state }) => [state, meta]))
        assert.deepStrictEqual(
          metas.filter(([state]) => state === "PROGRESS").map(([, meta]) => JSON.stringify(meta)),
          [`{"done":1}`, `{"done":2}`]
        )

        const parent = yield* send("parent")
        const collected = yield* Stream.runCollect(parent.collect({ timeout: "1 minute" }))
        assert.deepStrictEqual(collected.slice(1).map(([, value]) => value), [2, 3])
        const [ids] = collected.map(([, value]) => value)
        assert.deepStrictEqual((yield* parent.children)?.map(({ id }) => id), ids)

        const late = yield* send("add", { args: [1], countdown: "1 hour", taskId: `late-${peer}` })
        assert.isTrue(yield* late.revoke(revocable))
        const expired = yield* send("add", { args: [1], expires: new Date(0) })
        assert.strictEqual(
          (yield* Effect.flip(expired.get({ timeout: "1 minute" }))).message,
          "TaskRevokedError('expired')"
        )

        const mine = yield* send("ignores")
        assert.strictEqual(
          yield* Stream.runHead(Stream.filter(statesOf(mine), ({ state }) => state === "MINE")).pipe(
            Effect.map((first) => first._tag)
          ),
          "Some"
        )
        const ignored = yield* send("ignored")
        const after = yield* send("add", { args: [1] })
        yield* after.get({ timeout: "1 minute" })
        assert.deepStrictEqual([yield* ignored.state, yield* mine.state], ["PENDING", "MINE"])
      }).pipe(Effect.provide(Layer.provideMerge(RemoteControl.layer, Broker.layer(broker, { results }))))
    }).pipe(Effect.scoped), 120_000)
})

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { left: Schema.Int }) {}

const queue = `ours.${peer}`

const add = Task.make("ours.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const fail = Task.make("ours.fail", { error: OutOfStock })
const range = Task.make("ours.range")
const again = Task.make("ours.again", { success: Schema.Int, options: { maxRetries: 3 } })
const nap = Task.make("ours.nap")
const ignored = Task.make("ours.ignored", { success: Schema.Int, options: { ignoreResult: true } })

const handlers = [
  add.toLayer(({ x, y }) => Effect.succeed(x + y)),
  fail.toLayer(() => Effect.fail(new OutOfStock({ left: 3 }))),
  range.toLayer(() => Effect.die(new RangeError("too far"))),
  again.toLayer((_, { retries }) => retries < 2 ? Task.retry({ countdown: 0 }) : Effect.succeed(retries)),
  nap.toLayer(() => Effect.never),
  ignored.toLayer(() => Effect.succeed(5))
]

const client = `
import json, os, time
from celery import Celery
from celery.exceptions import TaskRevokedError
app = Celery(broker=os.environ["BROKER"], backend=os.environ["RESULTS"])
app.conf.task_default_queue = os.environ["QUEUE"]
def say(value):
    print(json.dumps(value), flush=True)
def failing(result):
    try:
        result.get(timeout=20)
    except Exception as error:
        return [type(error).__name__, type(error).__module__, str(error.args[0])]
send = app.send_task
added = send("ours.add", [2, 3])
say(added.get(timeout=20))
meta = added._get_task_meta()
say([meta[key] for key in ("name", "args", "kwargs", "retries", "queue", "status", "result", "children", "traceback")])
say(added.date_done is not None and list(meta))
say(failing(send("ours.fail")))
say(failing(send("ours.range")))
again = send("ours.again")
say([again.get(timeout=20), again.retries])
nap = send("ours.nap")
while nap.state != "STARTED":
    time.sleep(0.05)
nap.revoke(terminate=True)
say(failing(nap))
say(failing(send("ours.add", [1, 2], expires=-60)))
ignored = send("ours.ignored", ignore_result=True)
added.backend.store_result(added.id, KeyError("late"), "FAILURE")
say([send("ours.add", [1, 2]).get(timeout=20), ignored.state, added.state])
say(failing(send("ours.nowhere")))
say(added.id)
`

describe("results of this worker in Redis", () => {
  it.live("are read by Python, each outcome as it is", () =>
    Effect.gen(function*() {
      const lines = yield* Effect.promise(() =>
        runPython(client, { env: { BROKER: broker, RESULTS: results, QUEUE: queue } })
      )
      assert.deepStrictEqual(lines.slice(0, -1), [
        5,
        ["ours.add", [2, 3], {}, 0, queue, "SUCCESS", 5, [], null],
        // As Celery writes them, in this order.
        [
          ...["status", "result", "traceback", "children", "date_done"],
          ...["name", "args", "kwargs", "worker", "retries", "queue", "task_id"]
        ],
        ["OutOfStock", "celery.exceptions", "OutOfStock"],
        ["ValueError", "builtins", "too far"],
        [2, 2],
        ["TaskRevokedError", "celery.exceptions", "terminated"],
        ["TaskRevokedError", "celery.exceptions", "expired"],
        [3, "PENDING", "SUCCESS"],
        ["NotRegistered", "celery.exceptions", "ours.nowhere"]
      ])
      const written = yield* AsyncResult.make(String(lines.at(-1)), add)
      assert.strictEqual(yield* written.get(), 5)
    }).pipe(
      Effect.provide(
        Worker.make({
          // Another of this name would take what it is told.
          nodename: `celery@life.${peer}`,
          tasks: handlers,
          settings: {
            resultExtended: true,
            trackStarted: true,
            resultCompression: has("5.7") ? "gzip" : undefined,
            queues: [queue]
          }
        }).layer
      ),
      Effect.provide(Broker.layer(broker, { results, settings: { defaultQueue: queue } }))
    ), 120_000)
})
