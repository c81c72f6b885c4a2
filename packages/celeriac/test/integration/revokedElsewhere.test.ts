/** Tasks that are revoked while a worker has them that is lost then: the next one has nothing but the results to know it by. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { runPython } from "../../../../test/peers/Python.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as RemoteControl from "../../src/RemoteControl.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"
import { fixture, main } from "../fixtures/Command.ts"

const double = Task.make("proj.double", { parameters: { x: Schema.Int }, success: Schema.Int })
const queue = `revoked.elsewhere.${process.pid}`

describe("a task that was revoked while another worker had it", () => {
  it.live("is not run by the next one, which never heard of the revoke", () =>
    Effect.gen(function*() {
      const redis = yield* Effect.acquireRelease(
        Effect.promise(() => Redis.start()),
        (redis) => Effect.promise(() => redis.stop())
      )
      const ran: Array<number> = []
      const worker = (name: string, consumed: string) =>
        Worker.make({
          nodename: `celery@${name}.${process.pid}`,
          queues: [consumed],
          tasks: [double.toLayer(({ x }) => Effect.sync(() => (ran.push(x), 2 * x)))],
          settings: { without: ["gossip", "mingle"] }
        }).layer
      const broker = Broker.layer(brokerUrl(), { results: redis.url, settings: { defaultQueue: queue } })
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.applyMany(double, Array.from({ length: 10 }, (_, x) => ({ x })))
        // The one that is lost: it has them all, and says nothing.
        const lost = yield* Effect.promise(() => Wire.open(brokerUrl()))
        for (const _ of sent) yield* Effect.promise(() => lost.channel.get(queue))
        // One that hears the revoke has none of them, and stores it.
        yield* Effect.forEach(sent.slice(0, 5), (one) => one.revoke({ deadline: "10 seconds" })).pipe(
          Effect.andThen(Effect.promise(() =>
            until("it is stored", async () =>
              (await Promise.all(
                sent.slice(0, 5).map((one) => Effect.runPromise(one.state))
              )).every((state) => state === "REVOKED"))
          )),
          Effect.provide(worker("hears", `${queue}.other`))
        )
        yield* Effect.promise(() => lost.close())
        yield* Effect.provide(
          Effect.gen(function*() {
            const values = yield* Effect.forEach(sent.slice(5), (one) => one.get({ timeout: "1 minute" }))
            assert.deepStrictEqual(values, [10, 12, 14, 16, 18])
          }),
          worker("next", queue)
        )
        assert.deepStrictEqual(ran.toSorted((a, b) => a - b), [5, 6, 7, 8, 9])
      }).pipe(Effect.provide(Layer.provideMerge(RemoteControl.layer, broker)))
    }).pipe(Effect.scoped), 120_000)
})

describe("a task that was revoked", () => {
  const own = Effect.acquireRelease(
    Effect.promise(() => Redis.start()),
    (redis) => Effect.promise(() => redis.stop())
  )
  const add = Task.make("cli.add", { parameters: { x: Schema.Number, y: Schema.Number }, success: Schema.Number })
  const revoked = (sent: ReadonlyArray<{ readonly state: Effect.Effect<string, unknown> }>) =>
    Effect.promise(() =>
      until(
        "all are revoked",
        async () =>
          (await Promise.all(sent.map(({ state }) => Effect.runPromise(state)))).every((state) => state === "REVOKED")
      )
    )

  it.live("while no worker was there is run by none that comes", () =>
    Effect.gen(function*() {
      const redis = yield* own
      const away = `revoked.away.${process.pid}`
      const ran: Array<number> = []
      const worker = Worker.make({
        nodename: `celery@away.${process.pid}`,
        queues: [away],
        tasks: [double.toLayer(({ x }) => Effect.sync(() => (ran.push(x), 2 * x)))],
        settings: { without: ["gossip", "mingle"] }
      })
      const broker = Broker.layer(brokerUrl(), {
        results: redis.url,
        settings: { defaultQueue: away, controlExchange: away }
      })
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.applyMany(double, Array.from({ length: 10 }, (_, x) => ({ x })))
        const isHeard = yield* Effect.forEach(sent.slice(0, 5), (one) => one.revoke({ deadline: "10 seconds" }))
        assert.deepStrictEqual(isHeard, [false, false, false, false, false])
        yield* Effect.provide(
          Effect.gen(function*() {
            const values = yield* Effect.forEach(sent.slice(5), (one) => one.get({ timeout: "1 minute" }))
            assert.deepStrictEqual(values, [10, 12, 14, 16, 18])
            yield* revoked(sent.slice(0, 5))
          }),
          worker.layer
        )
        assert.deepStrictEqual(ran.toSorted((a, b) => a - b), [5, 6, 7, 8, 9])
      }).pipe(Effect.provide(Layer.provideMerge(RemoteControl.layer, broker)))
    }).pipe(Effect.scoped), 120_000)

  it.live("by Python, of a worker that was killed then, is not run by one that was away", () =>
    Effect.gen(function*() {
      const redis = yield* own
      const name = `revoked.killed.${process.pid}`
      const environment = {
        CELERIAC_BROKER_URL: brokerUrl(),
        CELERIAC_RESULT_BACKEND: redis.url,
        CELERIAC_CONTROL_EXCHANGE: name,
        NO_COLOR: "1"
      }
      const worker = (node: string, queue: string) =>
        Effect.acquireRelease(
          Effect.promise(async () => {
            const peer = new Peer(
              process.execPath,
              [
                main,
                "worker",
                "-A",
                fixture("cliWorker.ts"),
                "-n",
                `${node}.${process.pid}@killed`,
                "-Q",
                queue,
                "-l",
                "info"
              ],
              { env: environment }
            )
            await until("it is ready", () => peer.output.includes(" ready."), 100_000, () => peer.output)
            return peer
          }),
          (peer) => Effect.promise(() => peer.stop("SIGKILL"))
        )
      const broker = Broker.layer(brokerUrl(), {
        results: redis.url,
        settings: { defaultQueue: name, controlExchange: name }
      })
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const hears = yield* worker("hears", `${name}.other`)
        const sent = yield* client.applyMany(add, Array.from({ length: 6 }, (_, x) => ({ x, y: 1 })))
        yield* Effect.promise(() =>
          runPython(
            `
import os, sys, json
from celery import Celery
app = Celery(broker=os.environ["URL"])
app.conf.control_exchange = os.environ["EXCHANGE"]
print(json.dumps(app.control.revoke(sys.argv[1:], reply=True, timeout=60, limit=1)))
`,
            { env: { URL: brokerUrl(), EXCHANGE: name }, args: sent.slice(0, 5).map(({ id }) => id) }
          )
        )
        yield* Effect.promise(() => hears.stop("SIGKILL"))
        const next = yield* worker("next", name)
        assert.strictEqual(yield* sent[5]!.get({ timeout: "1 minute" }), 6)
        yield* revoked(sent.slice(0, 5))
        assert.include(next.output, `cli.add[${sent[5]!.id}] succeeded`)
        for (const { id } of sent.slice(0, 5)) assert.notInclude(next.output, `cli.add[${id}] succeeded`)
      }).pipe(Effect.provide(broker))
    }).pipe(Effect.scoped), 120_000)
})
