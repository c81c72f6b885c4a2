/** Real Celery calls, this worker answers: `add.delay(2, 2).get()` and all that may go with it, over RabbitMQ. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { celeryVersion, runPython } from "../../../../test/peers/Python.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { quiet } from "../support.ts"

const url = brokerUrl()
const queue = `interop.client.${celeryVersion()}.${process.pid}`

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { item: Schema.String, left: Schema.Int }) {}

const add = Task.make("it.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const echo = Task.make("it.echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const late = Task.make("it.late", { parameters: { x: Schema.Int }, success: Schema.Int, options: { acksLate: true } })
const look = Task.make("it.inspect", {
  parameters: { a: Schema.optionalKey(Schema.String), b: Schema.optionalKey(Schema.Int) },
  success: Schema.Unknown
})
const fail = Task.make("it.fail", { parameters: { how: Schema.String }, error: OutOfStock })
const flaky = Task.make("it.flaky", { parameters: { times: Schema.Int }, success: Schema.Int, error: OutOfStock })
const handed = Task.make("it.handed", { parameters: { x: Schema.Int, y: Schema.Int } })

/** Where a defect comes from, to be found in its traceback. */
function breakDown(): never {
  throw new Error("it broke")
}

const worker = Worker.make({
  nodename: `celery@${queue}`,
  concurrency: 4,
  queues: [queue, `${queue}.other`],
  tasks: [
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    echo.toLayer(({ value }) => Effect.succeed(value)),
    late.toLayer(({ x }) => Effect.as(Effect.sleep("5 millis"), x)),
    look.toLayer((parameters, request) =>
      Effect.map(Clock.currentTimeMillis, (now) => ({
        parameters,
        id: request.id,
        shadow: request.shadow ?? null,
        headers: request.headers,
        priority: request.deliveryInfo.priority ?? null,
        routing_key: request.deliveryInfo.routingKey,
        hostname: request.hostname,
        origin: request.origin ?? null,
        args: request.argsRepr,
        started: now / 1000
      }))
    ),
    flaky.toLayer(({ times }, { retries }) =>
      retries < times
        ? Task.retry({
          error: new OutOfStock({ item: "truffle", left: retries }),
          countdown: "20 millis",
          maxRetries: 2
        })
        : Effect.succeed(retries)
    ),
    handed.toLayer(() => Task.retry({ countdown: 0, queue: `${queue}.python` })),
    fail.toLayer(({ how }) =>
      how === "declared"
        ? Effect.fail(new OutOfStock({ item: "truffle", left: 0 }))
        : how === "range"
        ? Effect.die(new RangeError("out of bounds"))
        : Effect.sync(breakDown)
    )
  ]
})

const runtime = ManagedRuntime.make(
  worker.layer.pipe(
    Layer.provide(RpcBackend.layer()),
    Layer.provide(Producer.layer()),
    Layer.provide(amqp({ url })),
    Layer.provide(Layer.succeed(Settings.DefaultQueue, queue)),
    Layer.provide(quiet)
  )
)

interface Failure {
  readonly type: string
  readonly module: string
  readonly bases: ReadonlyArray<string>
  readonly args: ReadonlyArray<unknown>
  readonly str: string
  readonly state: string
  readonly traceback: string | null
}

/** What each scenario of `client.py` came to. */
const answers = new Map<string, { readonly value?: unknown; readonly error?: string }>()

beforeAll(async () => {
  await runtime.context()
  const source = readFileSync(new URL("client.py", import.meta.url), "utf8")
  for (const line of await runPython(source, { env: { URL: url, QUEUE: queue } })) {
    const { name, ...answer } = line as { readonly name: string; readonly value?: unknown; readonly error?: string }
    answers.set(name, answer)
  }
}, 120_000)

afterAll(() => runtime.dispose())

const answer = (scenario: string): any => {
  const found = answers.get(scenario)
  if (found === undefined || found.error !== undefined) throw new Error(found?.error ?? `no answer of '${scenario}'`)
  return found.value
}

const failure = (scenario: string): Failure => answer(scenario)

describe("a Python client", () => {
  it("gets the result of add.delay(2, 2)", () => assert.strictEqual(answer("delay"), 4))

  it("may give arguments by keyword, by both, and by name of the task", () => {
    assert.strictEqual(answer("keywords"), 5)
    assert.strictEqual(answer("mixed"), 42)
    assert.strictEqual(answer("send_task"), 42)
  })

  it("has its options understood", () => {
    const { args, headers, hostname, id, origin, parameters, priority, routing_key, shadow } = answer("options")
    assert.deepStrictEqual({ args, headers, hostname, id, parameters, priority, routing_key, shadow }, {
      args: "('a',)",
      headers: { mine: 1, nested: { a: [1, "b"] } },
      hostname: `celery@${queue}`,
      id: `options-id-${queue}`,
      parameters: { a: "a", b: 1 },
      priority: 5,
      routing_key: queue,
      shadow: "shade"
    })
    assert.match(origin, /^gen\d+@/)
  })

  it("may compress", () => assert.deepStrictEqual(answer("compressions"), [1, 2]))

  it("has its ETA kept, to a fraction of a second", () => {
    assert.isAtLeast(answer("eta"), 0)
    if (isQuiet) assert.isBelow(answer("eta"), 0.3)
  })

  it("sees an expired task as revoked", () => {
    const { args, state, type } = failure("expired")
    assert.deepStrictEqual({ args, state, type }, { args: ["expired"], state: "REVOKED", type: "TaskRevokedError" })
  })

  it("hears nothing when it ignores the result", () => assert.strictEqual(answer("ignored"), "PENDING"))

  it("gets Python's own TypeError for arguments that do not fit", () => {
    for (
      const [scenario, text] of [
        ["missing_argument", "add() missing 1 required positional argument: 'y'"],
        ["unexpected_keyword", "add() got an unexpected keyword argument 'z'"],
        ["too_many", "add() takes 2 positional arguments but 3 were given"]
      ] as const
    ) {
      const { module, state, str, type } = failure(scenario)
      assert.deepStrictEqual({ module, state, str, type }, {
        module: "builtins",
        state: "FAILURE",
        str: text,
        type: "TypeError"
      })
    }
    const wrong = failure("wrong_type")
    assert.strictEqual(wrong.type, "TypeError")
    assert.include(wrong.str, "x")
    assert.include(wrong.str, "one")
  })

  it("gets NotRegistered for a task that nobody has", () => {
    const { args, module, state, type } = failure("unknown_task")
    assert.deepStrictEqual({ args, module, state, type }, {
      args: ["it.nowhere"],
      module: "celery.exceptions",
      state: "FAILURE",
      type: "NotRegistered"
    })
  })

  it("gets a declared error as an exception of its name, with its fields", () => {
    const { args, bases, state, type } = failure("declared")
    assert.strictEqual(type, "OutOfStock")
    assert.deepInclude(args[1], { item: "truffle", left: 0 })
    assert.include(bases, "Exception")
    assert.strictEqual(state, "FAILURE")
  })

  it("gets a defect as an exception, with a traceback that says where", () => {
    const { args, traceback, type } = failure("defect")
    assert.strictEqual(type, "Exception")
    assert.deepStrictEqual(args, ["it broke"])
    assert.match(traceback ?? "", /breakDown/)
    assert.match(traceback ?? "", /it broke/)
    assert.strictEqual(failure("builtin").type, "ValueError")
    assert.strictEqual(failure("builtin").module, "builtins")
  })

  it("gets back what it sent: texts, numbers, nothing, and nestings of them", () => {
    for (const [sent, got] of answer("values")) assert.deepStrictEqual(got, sent)
  })

  it("gets back integers beyond what a double holds", () => {
    for (const [sent, got] of answer("big")) assert.strictEqual(got, sent)
  })

  it("gets back dates, decimals and UUIDs, as its kombu sends them", () => {
    for (const [sent, got] of answer("special")) assert.strictEqual(got, sent)
  })

  it("may speak version 1 of the protocol", () => {
    const [sum, other, wrong] = answer("version_1")
    assert.deepStrictEqual([sum, other, wrong.type], [4, 5, "NotRegistered"])
  })

  it("may send a group", () => assert.deepStrictEqual(answer("grouped"), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]))

  it("is answered by tasks that are acknowledged late, and over several queues", () => {
    assert.deepStrictEqual(answer("acks_late"), [0, 1, 2])
    assert.deepStrictEqual(answer("other_queue"), [queue, `${queue}.other`])
  })

  it("gets the result of the attempt that succeeds, or the error of the last", () => {
    assert.deepStrictEqual(answer("retried"), [0, 1, 2])
    const { args, state, type } = failure("exhausted")
    assert.deepStrictEqual([type, state, args[1]], ["OutOfStock", "FAILURE", {
      _tag: "OutOfStock",
      item: "truffle",
      left: 2
    }])
  })

  it("is answered by a worker of Python's, to whose queue the task is sent again", () =>
    assert.deepStrictEqual(answer("handed_over"), {
      sum: 7,
      retries: 1,
      parent_is_itself: true,
      priority: 5,
      headers: { mine: 1 },
      expires: true,
      shadow: "shade",
      timelimit: [20, 10]
    }))

  it("has what follows a task sent: callbacks, the rest of a chain, errbacks", () =>
    assert.deepStrictEqual(answer("children"), {
      first: 2,
      children: [true],
      callback: 3,
      chain: [7, 4, 2],
      errback: "the one that fails"
    }))
})
