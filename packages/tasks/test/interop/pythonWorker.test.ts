/** This client calls, a real Celery worker answers: over RabbitMQ, and through the records it keeps in Redis. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as PreparedTask from "@celeriac/tasks/PreparedTask"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as Python from "@celeriac/tasks/Python"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as Settings from "@celeriac/tasks/Settings"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { celeryVersion, CeleryWorker, readsOwnLongs, runPython } from "../../../../test/peers/Python.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"

const url = brokerUrl()
const redisUrl = inject("redisUrl")
const queue = `interop.worker.${celeryVersion()}.${process.pid}`

const add = Task.make("py.add", {
  parameters: { x: Schema.Int, y: Schema.optionalKey(Schema.Int) },
  success: Schema.Int
})
const failed = Task.make("py.failed", { parameters: { task_id: Schema.String } })
const fail = Task.make("py.fail", { parameters: { how: Schema.String }, success: Schema.Null })

const runtime = ManagedRuntime.make(
  Client.layer.pipe(
    Layer.provideMerge(RpcBackend.layer()),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(amqp({ url })),
    Layer.provideMerge(Layer.succeed(Settings.DefaultQueue, queue))
  )
)

let worker: CeleryWorker
beforeAll(async () => {
  worker = await CeleryWorker.start({
    module: fileURLToPath(new URL("proj.py", import.meta.url)),
    env: { URL: url, REDIS_URL: redisUrl, QUEUE: queue },
    args: ["--concurrency", "3", "--without-gossip", "--without-mingle", "--without-heartbeat"]
  })
}, 120_000)
afterAll(async () => {
  await Promise.all([worker?.kill(), runtime.dispose()])
})

const wait = { timeout: "1 minute" } as const

const test = <A, E>(
  name: string,
  effect: (client: Client.Client["Service"]) => Effect.Effect<A, E, Client.Client | Producer.Producer>
) => it(name, () => runtime.runPromise(Effect.flatMap(Client.Client, effect)), 120_000)

/** What `py.look` saw of a call. */
const look = (client: Client.Client["Service"], call: Client.NamedCall) =>
  Effect.flatMap(client.sendTask("py.look", call), (sent) => sent.get(wait)) as Effect.Effect<
    Record<string, any>,
    unknown
  >

describe("a Python worker", () => {
  test("answers a typed call, by position and by keyword", (client) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* client.execute(add, { x: 2, y: 2 }, wait), 4)
      assert.strictEqual(yield* client.execute(add, [40, 2], wait), 42)
      assert.strictEqual(yield* client.execute(add, { x: 2 }, wait), 3)
    }))

  test("gives values of the types that are declared, and gets them", (client) =>
    Effect.gen(function*() {
      const made = Task.make("py.made", {
        success: Schema.Struct({
          kombu: Schema.String,
          id: Python.Uuid,
          aware: Python.AwareDateTime,
          naive: Python.NaiveDateTime,
          day: Python.Date,
          hour: Python.Time,
          price: Python.Decimal,
          tags: Python.Set(Schema.Int),
          big: Schema.BigInt
        })
      })
      const { aware, kombu, price, ...rest } = yield* client.execute(made, {}, wait)
      assert.strictEqual(DateTime.formatIso(aware), "2024-01-02T08:34:05.000Z")
      assert.deepStrictEqual([price.value, price.scale], [150n, 2])
      assert.deepStrictEqual(rest, {
        id: "00000000-0000-0000-0000-000000000001",
        naive: new Python.PlainDateTime({
          year: 2024,
          month: 1,
          day: 2,
          hour: 3,
          minute: 4,
          second: 5,
          microsecond: 678
        }),
        day: new Python.PlainDate({ year: 2024, month: 1, day: 2 }),
        hour: new Python.PlainTime({ hour: 3, minute: 4, second: 5, microsecond: 678, offset: "" }),
        tags: new Set([3]),
        big: 2n ** 70n
      })
      // Older ones know no envelope: what is sent in one is a dict to them.
      if (Number(kombu.split(".").slice(0, 2).join(".")) < 5.3) return
      const naive = new Python.PlainDateTime({
        year: 2024,
        month: 1,
        day: 2,
        hour: 3,
        minute: 4,
        second: 5,
        microsecond: 6
      })
      const calls: ReadonlyArray<readonly [type: string, schema: Schema.Codec<any, any>, value: unknown]> = [
        ["UUID", Python.Uuid, "0d4bd3c3-9d5b-4b8e-8d0e-0f6d3d0c1a2b"],
        ["datetime aware", Python.AwareDateTime, DateTime.makeUnsafe("2024-01-02T03:04:05.678Z")],
        ["datetime aware", Python.AwareDateTime, DateTime.makeZonedUnsafe(5, { timeZone: -19_800_000 })],
        ["datetime", Python.NaiveDateTime, naive],
        ["date", Python.Date, new Python.PlainDate({ year: 2024, month: 1, day: 2 })],
        ["time", Python.Time, new Python.PlainTime({ hour: 1, minute: 2, second: 3, microsecond: 4, offset: "" })],
        ["Decimal", Python.Decimal, BigDecimal.make(150n, 2)],
        ["bytes", Python.Bytes, new Uint8Array([0, 255])],
        ["list", Python.Set(Schema.Int), new Set([1, 2])],
        ["int", Schema.BigInt, 5n],
        ["int", Schema.BigInt, 2n ** 70n],
        ["datetime aware", Schema.Date, new Date(5)],
        ["str", Schema.DateTimeZoned, DateTime.makeZonedUnsafe(5, { timeZone: "Europe/Prague" })],
        ["NoneType", Schema.UndefinedOr(Schema.Int), undefined],
        ["str", Schema.URL, new URL("http://h/p")],
        ["dict", Schema.Option(Schema.BigInt), Option.some(5n)],
        ["dict", Schema.Duration, Duration.seconds(5)],
        ["list", Schema.ReadonlyMap(Schema.String, Schema.BigInt), new Map([["a", 5n]])]
      ]
      for (const [type, schema, value] of calls) {
        const typed = Task.make("py.typed", {
          parameters: { value: schema },
          success: Schema.Tuple([Schema.String, schema])
        })
        const [there, back] = yield* client.execute(typed, { value }, wait)
        assert.strictEqual(there, type)
        assert.isTrue(Schema.toEquivalence(schema)(back, value), `${type}: ${String(back)}`)
      }
    }))

  test("gets arguments as they were given, whatever they are", (client) =>
    Effect.gen(function*() {
      const args = ["žluť 🐎 \u2028", 1, -1, 2 ** 53 - 1, 1.5, null, true, [], {}, { a: [{ b: null }] }]
      const kwargs = { k: 1, "é": [1, [2]] }
      assert.deepStrictEqual(yield* (yield* client.sendTask("py.echo", { args, kwargs })).get(wait), [args, kwargs])
    }))

  test("raises what is declared as an exception of its class, and the caller gets the error", (client) =>
    Effect.gen(function*() {
      class PaymentFailed extends Python.Exception<PaymentFailed>()("proj", "PaymentFailed", {
        order: Schema.String,
        code: Schema.Int
      }) {}
      const pay = Task.make("py.pay", { parameters: { order: Schema.String }, error: PaymentFailed })
      const failed = yield* Effect.flip(client.execute(pay, { order: "A-7" }, wait))
      assert.deepStrictEqual(failed, new PaymentFailed({ order: "A-7", code: 402 }))
    }))

  test("takes what is left of the arguments, and floats as floats", (client) =>
    Effect.gen(function*() {
      const echo = Task.make("py.echo", {
        parameters: { first: Schema.Int, rest: Python.Args(Schema.Int), more: Python.Kwargs(Schema.String) },
        success: Schema.Unknown
      })
      const echoed = yield* client.execute(echo, { first: 1, rest: [2, 3], more: { a: "b" } }, wait)
      assert.deepStrictEqual(echoed, [[1, 2, 3], { a: "b" }])
      const typed = Task.make("py.typed", { parameters: { value: Python.Float }, success: Schema.Unknown })
      assert.deepStrictEqual(yield* client.execute(typed, { value: 1 }, wait), ["float", 1])
    }))

  test("runs once what is linked to a call, with its result, or what is linked to its failure", (client) =>
    Effect.gen(function*() {
      const [next, sorry] = [`${queue}-next`, `${queue}-sorry`]
      const link = Signature.make("py.note", { kwargs: { key: next } })
      const linkError = Signature.make("py.note", { kwargs: { key: sorry }, immutable: true, args: ["failed"] })
      const sent = yield* client.applyAsync(add, { x: 2, y: 2 }, { link, linkError })
      assert.strictEqual(yield* sent.get(wait), 4)
      const failing = yield* client.applyAsync(fail, { how: "value" }, { link, linkError })
      yield* Effect.flip(failing.get(wait))
      const signed = add.s({ y: 3 }).link(Signature.make("py.note", { kwargs: { key: next } })).onError(linkError)
      assert.strictEqual(yield* (yield* client.delay(signed, { x: 4 })).get(wait), 7)
      const noted = (key: string) =>
        Effect.promise(() => redisCommand(redisUrl, "LRANGE", key, "0", "-1") as Promise<ReadonlyArray<string>>)
      yield* Effect.promise(() =>
        until("both are noted", async () => {
          const all = await Effect.runPromise(Effect.all([noted(next), noted(sorry)]))
          return all[0].length === 2 && all[1].length === 1
        })
      )
      assert.deepStrictEqual([...yield* noted(next)].sort(), ["(4,)", "(7,)"])
      assert.deepStrictEqual(yield* noted(sorry), ["('failed',)"])
    }))

  test("raises, and the caller gets a TaskException with type, arguments and traceback", (client) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(client.execute(fail, { how: "value" }, wait))
      assert.strictEqual(error._tag, "TaskException")
      if (error._tag !== "TaskException") return
      assert.isTrue(error.is("ValueError", "builtins"))
      assert.deepStrictEqual(error.args, ["bad", 3])
      assert.strictEqual(error.message, "ValueError('bad', 3)")
      assert.match(
        error.traceback ?? "",
        /^Traceback \(most recent call last\):\n[^]*proj\.py", line \d+, in fail\n[^]*ValueError: \('bad', 3\)/
      )
      const odd = yield* Effect.flip(client.execute(fail, { how: "odd" }, wait))
      if (odd._tag !== "TaskException") return assert.fail(odd._tag)
      assert.isTrue(odd.is("Odd", "proj"))
      assert.deepStrictEqual(odd.args, [7, { why: ["é", null] }])
    }))

  test("refuses arguments that do not fit with a TypeError", (client) =>
    Effect.gen(function*() {
      const sent = yield* client.sendTask("py.add", { kwargs: { z: 1 } })
      const error = yield* Effect.flip(sent.get(wait))
      if (error._tag !== "TaskException") return assert.fail(error._tag)
      assert.isTrue(error.is("TypeError"))
      assert.include(error.message, "unexpected keyword argument 'z'")
    }))

  test("survives header integers of every width, floats, lists and tables", (client) =>
    Effect.gen(function*() {
      const headers = {
        tiny: 1,
        minus: -128,
        byte: 200,
        small: 300,
        word: 40_000,
        int: 2 ** 31 - 1,
        wide: 2 ** 31,
        long: Number.MAX_SAFE_INTEGER,
        low: -(2 ** 40),
        float: 1.25,
        whole: 3.0,
        yes: true,
        none: null,
        text: "žluť",
        list: [300, [70_000, "x", null], { n: 129 }],
        table: { n: 300, deep: { n: 2 ** 40, f: 0.5 } }
      }
      const seen = yield* look(client, { args: Object.keys(headers), headers })
      const isSigned = yield* Effect.promise(() => readsOwnLongs(url))
      assert.deepStrictEqual(seen.custom, isSigned ? headers : { ...headers, low: 2n ** 64n - 2n ** 40n })
    }))

  test("runs what was prepared and kept as text, under the limits and with the names that the call gave", (client) =>
    Effect.gen(function*() {
      const prepared = yield* client.prepareTask("py.look", {
        args: [],
        timeLimit: "60 seconds",
        softTimeLimit: "30 seconds",
        argsRepr: "('***',)",
        kwargsRepr: "{'token': '***'}"
      })
      const sent = yield* client.send(Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(prepared))))
      const seen = (yield* sent.get(wait)) as Record<string, unknown>
      assert.strictEqual(seen.id, prepared.id)
      assert.deepStrictEqual(seen.timelimit, [60, 30])
      assert.deepStrictEqual([seen.argsrepr, seen.kwargsrepr], ["('***',)", "{'token': '***'}"])
      const slept = yield* client.sendTask("py.sleep", { args: [80], softTimeLimit: "1 second" })
      assert.strictEqual(yield* slept.get(wait), "soft limit")
    }))

  test("runs many calls that were sent in one go", (client) =>
    Effect.gen(function*() {
      const all = Array.from({ length: 200 }, (_, x) => ({ x, y: 1 }))
      const sent = yield* client.applyMany(add, all)
      const sums = yield* Effect.forEach(sent, (one) => one.get(wait), { concurrency: "unbounded" })
      assert.deepStrictEqual(sums, all.map(({ x }) => x + 1))
    }))

  /** What `py.sink` was called with under this name, once it has been so often. */
  const sunk = async (name: string, times: number) => {
    let calls: unknown = []
    await until(
      `${times} calls under ${name}`,
      async () => {
        calls = await redisCommand(redisUrl, "LRANGE", `${queue}-${name}`, "0", "-1")
        return (calls as ReadonlyArray<unknown>).length >= times
      },
      100_000,
      () => worker.output
    )
    return (calls as ReadonlyArray<unknown>).map(String)
  }
  const sink = (name: string) => Signature.make("py.sink", { args: [name] })

  test("sends what is linked to a task once, with its result", (client) =>
    Effect.gen(function*() {
      const sent = yield* client.applyAsync(add, { x: 2, y: 3 }, {
        link: [sink("linked"), add.s({ y: 10 }).link(sink("linked twice"))],
        linkError: sink("no error")
      })
      assert.strictEqual(yield* sent.get(wait), 5)
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("linked", 1)), ["(5,)"])
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("linked twice", 1)), ["(15,)"])
      // What is behind them in the queue has been run by then, were there any more.
      yield* client.execute(add, { x: 1 }, wait)
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("linked", 1)), ["(5,)"])
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("no error", 0)), [])
    }))

  test("sends what is to follow a failure, with the id of what failed", (client) =>
    Effect.gen(function*() {
      const sent = yield* client.applyAsync(fail, { how: "value" }, {
        link: Signature.make("py.sink", { args: ["never"] }),
        linkError: failed.s()
      })
      yield* Effect.flip(sent.get(wait))
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("failed", 1)), [sent.id])
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("never", 0)), [])
    }))

  test("runs a signature with what it lacked, and one that takes nothing", (client) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* client.execute(add.s({ y: 40 }), { x: 2 }, wait), 42)
      const sent = yield* client.delay(add.s({ x: 1 }).link(add.si([7, 8]).link(sink("alone"))).stamp({ batch: "b1" }))
      assert.strictEqual(yield* sent.get(wait), 2)
      assert.deepStrictEqual(yield* Effect.promise(() => sunk("alone", 1)), ["(15,)"])
    }))

  test("sees the options of a call", (client) =>
    Effect.gen(function*() {
      const seen = yield* look(client, {
        taskId: `${queue}-options`,
        priority: 7,
        shadow: "shade",
        kwargs: {},
        args: ["a"]
      })
      const {
        argsrepr,
        correlation_id,
        id,
        ignore_result,
        kwargsrepr,
        parent_id,
        priority,
        retries,
        root_id,
        routing_key,
        shadow,
        timelimit
      } = seen
      const own = `${queue}-options`
      assert.deepStrictEqual(
        {
          argsrepr,
          correlation_id,
          id,
          ignore_result,
          kwargsrepr,
          parent_id,
          priority,
          retries,
          root_id,
          routing_key,
          shadow,
          timelimit
        },
        {
          argsrepr: "('a',)",
          correlation_id: own,
          id: own,
          ignore_result: null,
          kwargsrepr: "{}",
          parent_id: null,
          priority: 7,
          retries: 0,
          root_id: own,
          routing_key: queue,
          shadow: "shade",
          timelimit: [null, null]
        }
      )
    }))

  test("keeps a countdown and an ETA", (client) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const [later, at] = yield* Effect.all([
        look(client, { countdown: "700 millis" }),
        look(client, { eta: new Date(now + 900) })
      ], { concurrency: 2 })
      assert.isAtLeast(later.started * 1000, now + 690)
      assert.isAtLeast(at.started * 1000, now + 890)
      if (isQuiet) assert.isBelow(at.started * 1000, now + 4000)
    }))

  test("revokes what has expired", (client) =>
    Effect.gen(function*() {
      // No queue drops it: it expires where it is held for its countdown.
      const sent = yield* client.applyAsync(add, { x: 1 }, { countdown: "400 millis", expires: "200 millis" })
      const error = yield* Effect.flip(sent.get(wait))
      if (error._tag !== "TaskException") return assert.fail(error.message)
      assert.isTrue(error.is("TaskRevokedError", "celery.exceptions"))
    }))

  test("sends nothing when the result is ignored", (client) =>
    Effect.gen(function*() {
      const sent = yield* client.applyAsync(add, { x: 1 }, { ignoreResult: true })
      assert.strictEqual(yield* client.execute(add, { x: 1 }, wait), 2)
      assert.strictEqual(yield* sent.state, "PENDING")
    }))

  test("understands compressed bodies", (client) =>
    Effect.forEach(["gzip", "zlib"], (compression) =>
      Effect.gen(function*() {
        const sent = yield* client.applyAsync(add, { x: 1, y: 2 }, { compression })
        assert.strictEqual(yield* sent.get(wait), 3)
      })))

  test("honours the time limits in a message", () =>
    Effect.gen(function*() {
      const producer = yield* Producer.Producer
      const client = yield* Client.Client
      const id = `${queue}-limited`
      // The backend waits for the id as soon as it is asked for the result of a task of that id.
      const message = Result.getOrThrow(
        TaskMessage.write({
          task: "py.sleep",
          id,
          args: [80],
          kwargs: {},
          timeLimit: { hard: 300, soft: 1 },
          replyTo: undefined
        })
      )
      const seen = yield* look(client, {})
      assert.isString(seen.id)
      yield* producer.publish(message, { exchange: "", routingKey: queue })
      yield* Effect.promise(() =>
        until(
          "the soft limit",
          () =>
            worker.output.includes(`[${id}]`) &&
            /py\.sleep\[.*-limited\] succeeded in \d+\.\d+s: 'soft limit'/.test(worker.output),
          100_000,
          () => worker.output
        )
      )
    }))
})

/** What is stored about a task in Redis, once it is in this state. */
const stored = async (id: string, status: string): Promise<string> => {
  let text = ""
  await until(
    `${id} in the state ${status}`,
    async () => {
      text = String(await redisCommand(redisUrl, "GET", `celery-task-meta-${id}`))
      return text.includes(`"status": "${status}"`)
    },
    100_000,
    () => text
  )
  return text
}

const read = (text: string): ResultRecord.ResultRecord => Result.getOrThrow(ResultRecord.decode(JSON.parse(text)))

describe("a record that Python keeps in Redis", () => {
  const send = (task: string, id: string, call: Client.NamedCall = {}) =>
    runtime.runPromise(
      Effect.flatMap(Client.Client, (client) =>
        client.sendTask(task, { ...call, taskId: `${queue}-${id}`, ignoreResult: false }))
    )
      .then(() =>
        `${queue}-${id}`
      )

  it("of a success is read, its extended part too", async () => {
    const id = await send("kept.add", "kept", { args: [1, 2] })
    const record = read(await stored(id, "SUCCESS"))
    assert.deepStrictEqual(record.result, { sum: 3, "é": [1.5, null, true] })
    assert.strictEqual(record.taskId, id)
    assert.isUndefined(record.exception)
    assert.deepStrictEqual(record.children, [])
    assert.isAbove(ResultRecord.doneMillis(record) ?? 0, Date.now() - 60_000)
    assert.strictEqual(record.extended?.name, "kept.add")
    assert.deepStrictEqual(record.extended?.args, [1, 2])
    assert.strictEqual(record.extended?.queue, queue)
  })

  it("of a failure is read as its exception", async () => {
    const record = read(await stored(await send("kept.fail", "failed"), "FAILURE"))
    const exception = ResultRecord.failure(record)
    assert.isTrue(exception?.is("KeyError", "builtins"))
    assert.deepStrictEqual(exception?.args, ["k", 2])
    assert.match(record.traceback ?? "", /in kept_fail/)
  })

  it("names the children of a task", async () => {
    const record = read(await stored(await send("kept.parent", "parent"), "SUCCESS"))
    assert.deepStrictEqual(record.children?.map((child) => child.id), [`${queue}-child`])
  })

  it("of a state of one's own, of STARTED, of RETRY and of REVOKED is read", async () => {
    const progress = read(await stored(await send("kept.progress", "progress", { args: [50] }), "PROGRESS"))
    assert.deepStrictEqual(progress.result, { done: 50 })
    assert.isUndefined(progress.dateDone)
    const started = read(await stored(await send("kept.started", "started"), "STARTED"))
    assert.match((started.result as { readonly hostname: string }).hostname, /^python\./)
    const retry = read(await stored(await send("kept.retry", "retry"), "RETRY"))
    assert.deepStrictEqual(retry.exception, { excType: "ValueError", excModule: "builtins", args: ["again"] })
    const revoked = read(
      await stored(
        await send("kept.add", "revoked", { args: [1, 2], countdown: "300 millis", expires: "100 millis" }),
        "REVOKED"
      )
    )
    assert.isTrue(ResultRecord.failure(revoked)?.is("TaskRevokedError"))
  })
})

describe("a record that is written here", () => {
  it("is read by Python's AsyncResult", async () => {
    const records = [
      ResultRecord.make("w-success", "SUCCESS", {
        result: { a: [1, 1.5, null, "é"] },
        dateDone: Date.UTC(2026, 10, 20, 12)
      }),
      ResultRecord.make("w-failure", "FAILURE", {
        exception: { excType: "ValueError", excModule: "builtins", args: ["bad", 3] },
        traceback: "Traceback (most recent call last):\n...",
        dateDone: Date.UTC(2026, 10, 20, 12)
      }),
      ResultRecord.make("w-foreign", "FAILURE", {
        exception: { excType: "OutOfStock", excModule: "celeriac", args: ["none left", { left: 0 }] },
        dateDone: Date.UTC(2026, 10, 20, 12)
      }),
      ResultRecord.make("w-started", "STARTED", { result: { pid: 1, hostname: "w@h" } })
    ]
    for (const record of records) {
      await redisCommand(
        redisUrl,
        "SET",
        `celery-task-meta-${record.taskId}`,
        JSON.stringify(ResultRecord.encode(record))
      )
    }
    const lines = await runPython(
      `
import json, os
from celery import Celery
from celery.result import AsyncResult
app = Celery('reader', backend=os.environ['REDIS_URL'])
for id in ['w-success', 'w-failure', 'w-foreign', 'w-started']:
    result = AsyncResult(id, app=app)
    answer = {'state': result.state, 'traceback': result.traceback, 'date_done': result.date_done and result.date_done.isoformat()}
    if result.ready():
        try:
            answer['value'] = result.get(timeout=5)
        except Exception as exc:
            answer['error'] = [type(exc).__module__, type(exc).__name__, list(exc.args)]
    else:
        answer['info'] = result.info
    print(json.dumps(answer))
`,
      { env: { REDIS_URL: redisUrl } }
    )
    const dateDone = "2026-11-20T12:00:00+00:00"
    assert.deepStrictEqual(lines, [
      { state: "SUCCESS", traceback: null, date_done: dateDone, value: { a: [1, 1.5, null, "é"] } },
      {
        state: "FAILURE",
        traceback: "Traceback (most recent call last):\n...",
        date_done: dateDone,
        error: ["builtins", "ValueError", ["bad", 3]]
      },
      {
        state: "FAILURE",
        traceback: null,
        date_done: dateDone,
        error: ["celery.exceptions", "OutOfStock", ["none left", { left: 0 }]]
      },
      { state: "STARTED", traceback: null, date_done: null, info: { pid: 1, hostname: "w@h" } }
    ])
  })
})
