/** Queues of all kinds, declared by both languages, and tasks that find their way over them, whoever sends and whoever runs. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import * as Producer from "@celeriac/messaging/Producer"
import * as Topology from "@celeriac/messaging/Topology"
import * as TopologyPlan from "@celeriac/messaging/TopologyPlan"
import * as Client from "@celeriac/tasks/Client"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Task from "@celeriac/tasks/Task"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as TaskTopology from "@celeriac/tasks/TaskTopology"
import * as WorkerDirect from "@celeriac/tasks/WorkerDirect"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, has, runPython } from "../../../../test/peers/Python.ts"
import { quiet } from "../support.ts"

const url = brokerUrl()
const file = fileURLToPath(new URL("routing.py", import.meta.url))

const names = ["route.where", "route.image.crop", "route.film.cut", "route.news"] as const
const [where, crop, cut, news] = names.map((name) => Task.make(name, { success: Schema.Unknown }))

/** What `routing.py` configures, in our words. */
const settings = (p: string) => {
  const media = Entity.exchange(`${p}.media`, { type: "topic" })
  return TaskSettings.layer({
    defaultQueue: p,
    taskQueues: [
      Entity.direct(p),
      Entity.queue(`${p}.images`, { exchange: media, routingKey: "image.#" }),
      Entity.queue(`${p}.videos`, { exchange: media, routingKey: "video.*" }),
      Entity.direct(`${p}.prio`, { maxPriority: 10 }),
      Entity.direct(`${p}.quorum`, { routingKey: "q", type: "quorum" }),
      Entity.direct(`${p}.letters`, { deadLetters: `${p}.dead` }),
      Entity.broadcast(`${p}.news`)
    ],
    routes: [[
      [/route\.(video|film)\./, { queue: `${p}.videos`, routingKey: "video.cut" }],
      ["route.image.*", { queue: `${p}.images`, routingKey: "image.png" }]
    ]]
  })
}

const surroundings = (p: string) =>
  Client.layer.pipe(
    Layer.provideMerge(RpcBackend.layer()),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(amqp({ url })),
    Layer.provideMerge(settings(p)),
    Layer.provideMerge(quiet)
  )

const worker = (nodename: string, heard: Array<string>, queues?: ReadonlyArray<string>) =>
  Worker.make({
    nodename,
    without: ["mingle", "gossip"],
    ...(queues === undefined ? {} : { queues }),
    tasks: [where, crop, cut, news].map((task) =>
      task!.toLayer((_, { deliveryInfo, hostname, task }) =>
        Effect.sync(() => {
          heard.push(task)
          return [hostname, deliveryInfo.exchange, deliveryInfo.routingKey, deliveryInfo.priority ?? null]
        })
      )
    )
  })

/** The way of each call, as both languages' workers see it. */
const ways = (p: string, node: string) =>
  [
    ["", p],
    [`${p}.media`, "image.png"],
    [`${p}.media`, "video.cut"],
    [`${p}.media`, "image.gif"],
    [`${p}.media`, "video.cut"],
    ["", `${p}.prio`],
    ["", `${p}.quorum`],
    ["", `${p}.letters`],
    ["", `${p}.made`],
    ["", `${node}.dq2`]
  ].map(([exchange, key]) => [node, exchange, key])

const withoutPriority = (all: ReadonlyArray<unknown>) => all.map((one) => (one as ReadonlyArray<unknown>).slice(0, 3))

describe("routing", () => {
  // Before 5.5 Celery's workers cannot consume from quorum queues.
  it.live.runIf(has("5.5"))(
    "is the same from this client to a Python worker, whose queues are as ours; a broadcast reaches both languages",
    () =>
      Effect.gen(function*() {
        const p = `interop.routing.a.${process.pid}`
        const node = `py@${p}`
        const python = yield* Effect.acquireRelease(
          Effect.promise(() =>
            CeleryWorker.start({
              module: file,
              env: { URL: url, QUEUE: p },
              args: ["--concurrency", "2", "-n", node, "--without-gossip", "--without-mingle", "--without-heartbeat"]
            })
          ),
          (worker) => Effect.promise(() => worker.kill())
        )
        const heard: Array<string> = []
        yield* Effect.gen(function*() {
          const made = yield* TaskTopology.make({ workers: [node] })
          const { entries } = yield* Topology.plan(made)
          assert.deepStrictEqual(
            entries.filter(({ status }) => status === "differs"),
            [],
            "declared alike, to the byte"
          )
          const missing = entries.flatMap(({ kind, name, status }) =>
            status === "create" && kind === "Queue" && name.startsWith(p) ? [name] : []
          )
          assert.deepStrictEqual(missing, [`${p}.dead`], "which Python's queue only names")

          yield* Layer.build(worker(`ts@${p}`, heard, [`${p}.news`]).layer)
          const client = yield* Client.Client
          const found: Array<unknown> = []
          const get = Effect.fnUntraced(function*(name: string, call: Client.NamedCall = {}) {
            const sent = yield* client.sendTask(name, call)
            found.push(yield* sent.get({ timeout: "1 minute" }))
          })
          yield* get("route.where")
          yield* get("route.image.crop")
          yield* get("route.film.cut")
          yield* get("route.where", { queue: `${p}.images`, routingKey: "image.gif" })
          yield* get("route.where", { exchange: `${p}.media`, routingKey: "video.cut" })
          yield* get("route.where", { queue: `${p}.prio`, priority: 7 })
          yield* get("route.where", { queue: `${p}.quorum` })
          yield* get("route.where", { queue: `${p}.letters` })
          yield* get("route.where", WorkerDirect.to(node))
          assert.deepStrictEqual(withoutPriority(found), ways(p, node).filter(([, , key]) => key !== `${p}.made`))
          assert.strictEqual((found[5] as ReadonlyArray<unknown>)[3], 7)

          yield* client.sendTask("route.news", { queue: `${p}.news`, ignoreResult: true })
          yield* Effect.promise(() =>
            until(
              "both hear the news",
              () => heard.length === 1 && /route\.news\[.*succeeded/.test(python.output),
              120_000
            )
          )
          assert.deepStrictEqual(heard, ["route.news"])
        }).pipe(Effect.scoped, Effect.provide(surroundings(p)))
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "is the same from a Python client to this worker, whose queues it declares again",
    () =>
      Effect.gen(function*() {
        const p = `interop.routing.b.${process.pid}`
        const node = `ts@${p}`
        const heard: Array<string> = []
        const queues = ["", ".images", ".videos", ".prio", ".quorum", ".letters", ".news", ".made"].map((end) =>
          p + end
        )
        yield* Layer.build(worker(node, heard, queues).with({ direct: true }).layer)
        const found = yield* Effect.promise(() =>
          runPython(readFileSync(file, "utf8"), { env: { URL: url, QUEUE: p, CALL: node } })
        )
        const answers = found.map((one) => (one as ReadonlyArray<unknown>)[0])
        assert.deepStrictEqual(withoutPriority(answers), ways(p, node))
        assert.strictEqual((answers[5] as ReadonlyArray<unknown>)[3], 7)
        yield* Effect.promise(() => until("the news are heard", () => heard.includes("route.news")))
        const plan = yield* Topology.verify(yield* TaskTopology.make({ queues: [`${p}.made`], workers: [node] }))
        assert.strictEqual(TopologyPlan.count(plan, "differs"), 0)
      }).pipe(Effect.scoped, Effect.provide(Layer.suspend(() => surroundings(`interop.routing.b.${process.pid}`)))),
    120_000
  )
})
