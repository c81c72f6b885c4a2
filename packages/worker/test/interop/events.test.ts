/** Monitors of Python's understand what this worker tells, and ours what Python's workers tell, over RabbitMQ. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import type * as Event from "@celeriac/tasks/event/Event"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, findPython } from "../../../../test/peers/Python.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import { quiet } from "../support.ts"

const url = brokerUrl()
const queue = `interop.events.${process.pid}`
const python = findPython() ?? "python3"

const add = Task.make("ev.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const fail = Task.make("ev.fail")
const tell = Task.make("ev.tell")

const around = Client.layer.pipe(
  Layer.provideMerge(RpcBackend.layer()),
  Layer.provideMerge(Producer.layer()),
  Layer.provideMerge(amqp({ url })),
  Layer.provideMerge(Layer.succeed(Settings.DefaultQueue, queue)),
  Layer.provideMerge(Layer.succeed(EventSettings.SendSentEvent, true)),
  Layer.provideMerge(quiet)
)

/** The tasks of a worker's life, each to its end; it ends when this holds. */
const live = (nodename: string, isHeard: () => boolean) => {
  const worker = Worker.make({
    nodename,
    queues: [queue],
    settings: { sendTaskEvents: true, heartbeatInterval: "500 millis" },
    tasks: [
      add.toLayer(({ x, y }) => Effect.succeed(x + y)),
      fail.toLayer(() => Effect.die(new RangeError("out of bounds"))),
      tell.toLayer((_, request) => request.sendEvent("task-progress", { done: 7 }))
    ]
  })
  return Effect.gen(function*() {
    const client = yield* Client.Client
    assert.strictEqual(yield* client.execute(add, [2, 3]), 5)
    yield* client.execute(tell)
    yield* Effect.flip(Effect.sandbox(client.execute(fail)))
    yield* Effect.promise(() => until("two heartbeats are heard", isHeard))
  }).pipe(Effect.provide(Layer.provideMerge(worker.layer, around)))
}

/** Tells whoever hears events of a worker of this name. */
const knock = async (hostname: string) => {
  const wire = await Wire.open(url)
  try {
    const event = { type: "worker-heartbeat", hostname, utcoffset: 0, pid: 1, clock: 1, freq: 2, sw_ident: "knock" }
    wire.channel.publish(
      "celeryev",
      "worker.heartbeat",
      Buffer.from(JSON.stringify({ ...event, timestamp: Date.now() / 1000 })),
      { contentType: "application/json", contentEncoding: "utf-8" }
    )
    await wire.channel.waitForConfirms()
  } finally {
    await wire.close()
  }
}

interface Watched {
  readonly heard: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly tasks: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly joined: ReadonlyArray<boolean>
  readonly left: boolean
}

describe("a monitor of Python's", () => {
  it("makes of this worker's events what it makes of its own", { timeout: 120_000 }, async () => {
    const node = `celery@watched.${process.pid}`
    const lines: Array<any> = []
    const script = fileURLToPath(new URL("watch.py", import.meta.url))
    let beats = 0
    const peer = new Peer(python, ["-u", script], {
      env: { URL: url, NODE: node, PYTHONDONTWRITEBYTECODE: "1" },
      onLine: (line) => {
        if (line.startsWith("{")) lines.push(JSON.parse(line))
        if (line === "heard worker-heartbeat") beats++
      }
    })
    try {
      await until("the monitor's start", () => lines.length > 0, 100_000, () => peer.output)
      await Effect.runPromise(live(node, () => beats >= 2))
      await until("the monitor's end", () => lines.length > 1, 100_000, () => peer.output)
    } finally {
      await peer.stop("SIGKILL")
    }
    const { heard, joined, left, tasks }: Watched = lines[1]
    const types = (name: string) => {
      const { uuid } = heard.find((event) => event["name"] === name) ?? assert.fail(name)
      return heard.filter((event) => event["uuid"] === uuid).map(({ type }) => String(type)).filter((type) =>
        type !== "task-sent"
      )
    }
    assert.deepStrictEqual(types("ev.add"), ["task-received", "task-started", "task-succeeded"])
    assert.deepStrictEqual(types("ev.tell"), ["task-received", "task-started", "task-progress", "task-succeeded"])
    assert.deepStrictEqual(types("ev.fail"), ["task-received", "task-started", "task-failed"])
    assert.deepInclude(tasks["ev.add"], { state: "SUCCESS", result: "5", args: "(2, 3)", kwargs: "{}", worker: node })
    assert.match(String(tasks["ev.add"]?.["client"]), /^gen\d+@/)
    assert.deepInclude(tasks["ev.tell"], { state: "SUCCESS", done: 7, result: "None" })
    assert.deepInclude(tasks["ev.fail"], { state: "FAILURE", exception: "RangeError('out of bounds')" })
    const ofNode = heard.filter(({ type }) => String(type).startsWith("worker-"))
    assert.deepStrictEqual([ofNode[0]?.["type"], ofNode.at(-1)?.["type"]], ["worker-online", "worker-offline"])
    assert.isAtLeast(ofNode.length, 4)
    assert.include(joined, true)
    assert.isTrue(left)
    const clocks = heard.filter(({ hostname }) => hostname === node).map(({ clock }) => Number(clock))
    assert.deepStrictEqual(clocks, clocks.toSorted((one, other) => one - other))
  })

  it("dumps them as its own: celery events --dump", { timeout: 120_000 }, async () => {
    const node = `celery@dumped.${process.pid}`
    const peer = new Peer(python, ["-u", "-m", "celery", "-b", url, "events", "--dump"], {
      env: { PYTHONDONTWRITEBYTECODE: "1" }
    })
    try {
      await until("the monitor's start", () => peer.output.includes("evdump"), 100_000, () => peer.output)
      // It says so before it hears anything.
      await until(
        "what is told is dumped",
        async () => {
          await knock(`knock.${node}`)
          return peer.output.includes(`knock.${node}`)
        },
        undefined,
        () => peer.output
      )
      const beats = () => peer.output.split("\n").filter((line) => line.startsWith(node) && / heartbeat/.test(line))
      await Effect.runPromise(live(node, () => beats().length >= 2))
      await until("the goodbye", () => peer.output.includes("shutdown"), 100_000, () => peer.output)
    } finally {
      await peer.stop("SIGKILL")
    }
    const told = peer.output.split("\n").filter((line) => line.includes(node) || line.includes("ev."))
    const dumped = told.join("\n")
    for (
      const what of ["started", "heartbeat", "task received: ev.add", "task succeeded: ev.add", "task failed: ev.fail"]
    ) {
      assert.include(dumped, what)
    }
    assert.notInclude(peer.output, "Traceback (most recent call last):\n  File \"/usr")
  })
})

describe("a monitor of this side", () => {
  it("makes of a Python worker's events what Python makes of them", { timeout: 120_000 }, () =>
    Effect.gen(function*() {
      const name = `told.${process.pid}`
      const node = `${name}@here`
      const told: Array<string> = []
      const heard: Array<Event.Heard> = []
      const cluster = ClusterState.make({
        onNodeJoin: ({ hostname }) => void told.push(`+${hostname}`),
        onNodeLeave: ({ hostname }) => void told.push(`-${hostname}`)
      })
      const channel = yield* (yield* (yield* Transport).connect({ name: "monitor" })).openChannel()
      const receiver = yield* EventReceiver.consume(channel, (event) => {
        if (event.hostname !== node && event._tag !== "TaskSent") return
        heard.push(event)
        cluster.add(event)
      })
      const worker = yield* Effect.acquireRelease(
        Effect.promise(() =>
          CeleryWorker.start({
            module: fileURLToPath(new URL("told.py", import.meta.url)),
            env: { URL: url, QUEUE: queue },
            args: ["-E", "--concurrency", "1", "-n", node, "--heartbeat-interval", "1"]
          })
        ),
        (worker) => Effect.promise(() => worker.kill())
      )
      const client = yield* Client.Client
      for (const [task, args] of [["told.add", [1, 2]], ["told.fail", []], ["told.progress", []]] as const) {
        const sent = yield* client.sendTask(task, { args })
        yield* Effect.exit(sent.get({ timeout: "1 minute" }))
      }
      const named = (name: string) => Array.from(cluster.tasksByTime()).find((task) => task.name === name)
      const states = () => ["told.add", "told.fail", "told.progress"].map(named)
      const isOver = () => states().every((task) => task?.isReady)
      yield* Effect.promise(() => until("the ends of the tasks", isOver, 100_000, () => worker.output))
      const [first, second, third] = states()
      assert.deepInclude(first, { name: "told.add", state: "SUCCESS", args: "(1, 2)", result: "3", worker: node })
      assert.isNumber(first?.runtime)
      assert.deepInclude(second, { name: "told.fail", state: "FAILURE", exception: "ValueError('bad', 3)" })
      assert.include(second?.traceback, "ValueError: ('bad', 3)")
      assert.deepInclude(third, { name: "told.progress", state: "SUCCESS", result: "None" })
      assert.deepInclude(third?.custom, { done: 7 })
      const now = (yield* Clock.currentTimeMillis) / 1_000
      assert.deepInclude(cluster.worker(node), { hostname: node, freq: 1, swIdent: "py-celery" })
      assert.isTrue(cluster.worker(node)?.isAlive(now))
      assert.isBelow(Math.abs(now - (heard.at(-1)?.timestamp ?? 0)), 30)
      yield* Effect.promise(() => worker.stop())
      yield* Effect.promise(() => until("the goodbye", () => told.includes(`-${node}`), 100_000))
      assert.strictEqual(told[0], `+${node}`)
      assert.strictEqual(receiver.counts().malformed, 0)
    }).pipe(Effect.scoped, Effect.provide(around), Effect.runPromise))
})
