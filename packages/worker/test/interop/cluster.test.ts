/** Workers of this project and of Python's in one cluster: they introduce themselves, join, leave and are lost, and elect one of them. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as ControlSettings from "@celeriac/tasks/control/ControlSettings"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import { Gossip } from "@celeriac/worker/consumer/Gossip"
import * as Mingle from "@celeriac/worker/consumer/Mingle"
import { WorkerState } from "@celeriac/worker/state/WorkerState"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, runPython } from "../../../../test/peers/Python.ts"
import { Grace } from "../../src/consumer/internal/Polls.ts"
import { Lines } from "../support.ts"

const url = brokerUrl()

/** A cluster that no other test talks to. */
const newCluster = (what: string) => {
  const name = `cluster.${what}.${process.pid}`
  return { URL: url, QUEUE: name, NAMESPACE: name }
}

type Cluster = ReturnType<typeof newCluster>

const mark = Task.make("it.mark", { parameters: { who: Schema.String } })

/** One of ours. */
class Node {
  readonly lines = new Lines()
  readonly told: Array<string> = []
  readonly marks: Array<string> = []
  state!: WorkerState["Service"]
  worker!: Worker.Worker["Service"]
  alive!: () => ReadonlyArray<string>
  private readonly scope = Scope.makeUnsafe()

  async start(
    cluster: Cluster,
    name: string,
    { heartbeatInterval = "2 seconds", isFirst = false }: {
      readonly heartbeatInterval?: Duration.Input
      /** Whether nobody is there whom it is to wait for. */
      readonly isFirst?: boolean
    } = {}
  ): Promise<this> {
    const { marks, told } = this
    const watching = Bootstep.make("Watching", {
      requires: [Gossip, WorkerState],
      start: Effect.gen({ self: this }, function*() {
        const gossip = yield* Gossip
        this.state = yield* WorkerState
        this.alive = () =>
          gossip.state.aliveWorkers(performance.timeOrigin / 1000 + performance.now() / 1000)
            .map(({ hostname }) => hostname)
        yield* gossip.onNodeJoin(({ hostname }) => Effect.sync(() => told.push(`${hostname} joined`)))
        yield* gossip.onNodeLeave(({ hostname }) => Effect.sync(() => told.push(`${hostname} left`)))
        yield* gossip.onNodeLost(({ hostname }) => Effect.sync(() => told.push(`${hostname} lost`)))
      })
    })
    const layer = Worker.make({
      nodename: name,
      concurrency: 1,
      queues: [cluster.QUEUE],
      settings: { heartbeatInterval },
      tasks: [mark.toLayer(({ who }) => Effect.sync(() => void marks.push(who)))],
      steps: { consumer: [watching] }
    }).layer.pipe(
      Layer.provide(DisabledBackend.layer),
      Layer.provide(amqp({ url })),
      Layer.provide(Layer.mergeAll(
        Layer.succeed(Settings.DefaultQueue, cluster.QUEUE),
        Layer.succeed(ControlSettings.ControlExchange, cluster.NAMESPACE),
        Layer.succeed(EventSettings.EventExchange, `${cluster.NAMESPACE}.ev`),
        // Whoever stands as well is told to by a process of its own, however slow that is.
        Layer.succeed(Grace, 4_000),
        Layer.succeed(Mingle.Patience, isFirst ? "1 second" : "10 seconds")
      )),
      Layer.provide(this.lines.layer)
    )
    const built = await Effect.runPromise(Scope.provide(Layer.build(Layer.fresh(layer)), this.scope))
    this.worker = Context.get(built, Worker.Worker)
    return this
  }

  readonly stop = () => Effect.runPromise(Scope.close(this.scope, Exit.void))
}

/** How long it waits for others is in seconds. */
const python = (cluster: Cluster, name: string, patience: number) =>
  CeleryWorker.start({
    module: fileURLToPath(new URL("neighbour.py", import.meta.url)),
    env: { ...cluster, PATIENCE: String(patience) },
    args: ["--pool", "solo", "-n", name, "--loglevel", "DEBUG"]
  })

type Call = readonly [
  method: string,
  args: Readonly<Record<string, unknown>>,
  destination: ReadonlyArray<string> | null,
  clock: number
]

const control = (cluster: Cluster, calls: ReadonlyArray<Call>, replies = 0) =>
  runPython(readFileSync(new URL("neighbour_control.py", import.meta.url), "utf8"), {
    env: { ...cluster, CALLS: JSON.stringify(calls), REPLIES: String(replies) }
  })

const happens = (what: string, holds: () => boolean, hint: () => string = () => "") => until(what, holds, 100_000, hint)

const ours = "m-ours@host"
const first = "a-python@host"
const last = "z-python@host"

describe("a cluster of both", () => {
  it(
    "shares what is revoked, sees each other come and go, and elects one of each in turn",
    { timeout: 120_000 },
    async () => {
      const cluster = newCluster("both")
      const node = new Node()
      let early: CeleryWorker | undefined
      let late: CeleryWorker | undefined
      try {
        // Ours finds Python's there.
        early = await python(cluster, first, 1)
        await control(cluster, [["revoke", { task_id: "r1" }, null, 0], ["revoke", { task_id: "r2" }, null, 0]])
        await happens("revoked there", () => early!.output.includes("r2"), () => early!.output)
        // Its own clock is not told of between two commands.
        await node.start(cluster, ours, { heartbeatInterval: "1 minute" })
        assert.isTrue(node.lines.has("mingle: sync with 1 nodes"))
        assert.deepStrictEqual(node.state.revoked.ids(), ["r1", "r2"])
        await happens("it is told of", () => early!.output.includes(`sync with ${ours}`), () => early!.output)
        await happens("Python's has joined here", () => node.told.includes(`${first} joined`))
        await happens(
          "ours has joined there",
          () => early!.output.includes(`${ours} joined the party`),
          () => early!.output
        )

        // Whoever stood at the lower time wins. Ours stands first: Celery breaks over a candidature that is alone.
        const signature = (who: string) => ({
          task: "it.mark",
          args: [who],
          kwargs: {},
          options: {},
          subtask_type: null
        })
        const election = (id: string, who: string) => ({ id, topic: "task", action: signature(who) })
        await control(cluster, [
          ["election", election("e1", "one"), [ours], 1_000_000],
          ["election", election("e1", "one"), [first], 500_000]
        ])
        await happens("e1 is won there", () => early!.output.includes("I won the election 'e1'"), () => early!.output)
        await happens(
          "and known here",
          () => node.lines.all.some(({ text }) => /^node a-python@host\.\d+ elected for 'e1'/.test(text))
        )
        const done = () => node.marks.length + early!.output.split("marked one").length - 1
        await happens("the task has run", () => done() === 1, () => early!.output)

        // Python's leaves, and another finds ours there.
        await early.stop()
        await happens("Python's has left here", () => node.told.includes(`${first} left`))
        late = await python(cluster, last, 4)
        assert.match(late.output, /mingle: sync with 1 nodes/)
        await happens("it is told of", () => node.lines.has(`sync with ${last}`))
        const [revoked] = await control(cluster, [["heartbeat", {}, [ours], 0]], 2)
        assert.deepStrictEqual(revoked, { [ours]: ["r1", "r2"], [last]: ["r1", "r2"] })
        await happens("the other has joined here", () => node.told.includes(`${last} joined`))
        await happens(
          "ours is known there",
          () => late!.output.includes(`${ours} joined the party`),
          () => late!.output
        )
        // Python's answers, and does not stand itself.
        await control(cluster, [["election", election("e2", "two"), [ours], 2_000_000]])
        await happens("e2 is won here", () => node.lines.has("I won the election 'e2'"), () => late!.output)
        await happens("the task has run", () => node.marks.includes("two") || late!.output.includes("marked two"))

        // Ours leaves, and Python's is told.
        await node.stop()
        await happens("ours has left there", () => late!.output.includes(`${ours} left`), () => late!.output)
      } finally {
        await Promise.all([node.stop(), early?.kill(), late?.kill()])
      }
    }
  )

  it(
    "misses who is killed, on both sides, and counts two of ours and one of Python's",
    { timeout: 120_000 },
    async () => {
      const cluster = newCluster("lost")
      const [a, b] = [new Node(), new Node()]
      let other: CeleryWorker | undefined
      try {
        await a.start(cluster, "a-ours@host", { isFirst: true })
        await b.start(cluster, "b-ours@host")
        assert.isTrue(b.lines.has("mingle: sync with 1 nodes"))
        other = await python(cluster, first, 4)
        assert.match(other.output, /mingle: sync with 2 nodes/)
        await happens("all know all", () => a.alive().length === 2 && b.alive().length === 2)
        await happens(
          "Python's too",
          () => ["a", "b"].every((name) => other!.output.includes(`${name}-ours@host joined the party`)),
          () => other!.output
        )
        await b.stop()
        await happens(
          "b has left",
          () => a.told.includes("b-ours@host left") && other!.output.includes("b-ours@host left"),
          () => other!.output
        )
        await other.kill()
        await happens("Python's is missed", () => a.told.includes(`${first} lost`))
        assert.isTrue(a.lines.has(`missed heartbeat from ${first}`))
        assert.deepStrictEqual(a.alive(), [])
      } finally {
        await Promise.all([a.stop(), b.stop(), other?.kill()])
      }
    }
  )
})
