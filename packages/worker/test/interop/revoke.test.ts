/** Real Celery sends tasks, stamped as it stamps them, and this worker discards those that are revoked, over RabbitMQ. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Producer from "@celeriac/messaging/Producer"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import { Execution } from "@celeriac/worker/boot/Execution"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { runPython } from "../../../../test/peers/Python.ts"
import { quiet } from "../support.ts"

const url = brokerUrl()
const queue = `interop.revoke.${process.pid}`

const add = Task.make("it.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const wait = Task.make("it.wait", { options: { acksLate: true } })
const terminate = Task.make("it.terminate", { parameters: { id: Schema.String }, success: Schema.Unknown })

const reached = Deferred.makeUnsafe<Execution["Service"]>()
const started = Deferred.makeUnsafe<void>()

const worker = Worker.make({
  nodename: "celery@revoke",
  concurrency: 4,
  queues: [queue],
  steps: {
    worker: [Bootstep.make("Reach", {
      requires: [Execution],
      start: Effect.gen(function*() {
        const execution = yield* Execution
        yield* execution.revoke("revoked-by-id")
        yield* execution.revokeByStampedHeaders({ batch: ["b0", "b1"], ids: 7, tags: "t2" })
        yield* Deferred.succeed(reached, execution)
      })
    })]
  },
  tasks: [
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    wait.toLayer(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)),
    terminate.toLayer(({ id }) =>
      Effect.gen(function*() {
        yield* Deferred.await(started)
        const execution = yield* Deferred.await(reached)
        const { terminated } = yield* Effect.orDie(execution.revoke(id, { terminate: true }))
        return terminated
      })
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

/** What each call of `revoke.py` came to. */
const answers = new Map<string, unknown>()

beforeAll(async () => {
  await runtime.context()
  const source = readFileSync(new URL("revoke.py", import.meta.url), "utf8")
  for (const line of await runPython(source, { env: { URL: url, QUEUE: queue } })) {
    const { name, value } = line as { readonly name: string; readonly value: unknown }
    answers.set(name, value)
  }
}, 120_000)

afterAll(() => runtime.dispose())

describe("a task of a Python client that this worker was told to revoke", () => {
  for (const how of ["by its id", "by a stamp", "by one of several", "by a stamp of a visitor"]) {
    it(`${how} is not run, and the client is told`, () =>
      assert.deepStrictEqual(answers.get(how), ["revoked", "revoked", "REVOKED"]))
  }

  for (const how of ["with another stamp", "with a header that is no stamp"]) {
    it(`is run ${how}`, () => assert.deepStrictEqual(answers.get(how), ["ran", 3, "SUCCESS"]))
  }

  it("while it runs is interrupted, and the client is told", () => {
    assert.deepStrictEqual(answers.get("who terminates"), ["ran", ["running"], "SUCCESS"])
    assert.deepStrictEqual(answers.get("while it runs"), ["revoked", "terminated", "REVOKED"])
  })
})
