/**
 * Celery's own command line asks and tells this worker and one of Python's in
 * the same cluster, and they answer alike, field by field. And this project's
 * `RemoteControl` asks both.
 */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { celeries, celeryVersion, CeleryWorker, has, runPython } from "../../../../test/peers/Python.ts"
import { quiet } from "../support.ts"

const url = brokerUrl()
const queue = `interop.control.${process.pid}`
const ours = `ours.${process.pid}@host`
const theirs = `theirs.${process.pid}@host`
const queueOf = { [ours]: queue, [theirs]: `${queue}.py` }

const slow = Task.make("it.slow", {
  parameters: { seconds: Schema.Number, note: Schema.optionalKey(Schema.NullOr(Schema.String)) },
  success: Schema.Number
})
const add = Task.make("it.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

const runtime = ManagedRuntime.make(
  Layer.mergeAll(
    RemoteControl.layer,
    Client.layer,
    Worker.make({
      nodename: ours,
      concurrency: 2,
      queues: [queue],
      prefetch: { multiplier: 4 },
      tasks: [
        slow.toLayer(({ seconds }) => Effect.as(Effect.sleep(seconds * 1000), seconds)),
        add.toLayer(({ x, y }) => Effect.succeed(x + y))
      ]
    }).layer
  ).pipe(
    Layer.provide(RpcBackend.layer()),
    Layer.provide(Producer.layer()),
    Layer.provide(amqp({ url })),
    Layer.provide(Layer.succeed(Settings.DefaultQueue, queue)),
    Layer.provide(quiet)
  )
)

let python: CeleryWorker
beforeAll(async () => {
  const starting = CeleryWorker.start({
    module: fileURLToPath(new URL("controlled.py", import.meta.url)),
    env: { URL: url, QUEUE: queueOf[theirs] ?? "" },
    args: ["--concurrency", "2", "-n", theirs, "--without-gossip", "--without-mingle"]
  })
  await runtime.context()
  python = await starting
}, 120_000)
afterAll(() => Promise.all([python?.kill(), runtime.dispose()]))

/** Whether the other worker is of the Celery that this project goes by. */
const isReference = celeryVersion() === celeries[0]

interface Said {
  readonly code: number
  readonly output: string
  readonly error?: string
}

const celery = async (lines: ReadonlyArray<ReadonlyArray<string>>): Promise<ReadonlyArray<Said>> => {
  const source = readFileSync(new URL("control.py", import.meta.url), "utf8")
  return await runPython(source, { env: { URL: url, LINES: JSON.stringify(lines) } }) as ReadonlyArray<Said>
}

type Replies = Readonly<Record<string, any>>

/** What each of both said to each command, by its line. */
const ask = async (...lines: ReadonlyArray<readonly [string, string, ...ReadonlyArray<string>]>) => {
  const said = await celery(
    lines.map(([kind, ...words]) => [kind, "-j", "-t", "60", "-d", `${ours},${theirs}`, ...words])
  )
  return said.map(({ error, output }, at): readonly [mine: any, other: any] => {
    const replies: Replies | ReadonlyArray<Replies> = JSON.parse(output.trim().split("\n").at(-1) ?? "")
    const all: Replies = Array.isArray(replies) ? Object.assign({}, ...replies) : replies
    assert.hasAllKeys(all, [ours, theirs], `${lines[at]?.join(" ")}: ${error ?? output}`)
    return [all[ours], all[theirs]]
  })
}

/** Keys and types; of lists the first item. */
const shape = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape)
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value
  return Object.fromEntries(Object.entries(value).sort().map(([key, item]) => [key, shape(item)]))
}

/** Keys of one that the other has not. */
const missing = (one: object, other: object): ReadonlyArray<string> =>
  Object.keys(one).filter((key) => !Object.hasOwn(other, key))

const send = (node: string, task: string, args: ReadonlyArray<unknown>, call: Client.NamedCall = {}) =>
  runtime.runPromise(
    Effect.flatMap(
      Client.Client,
      (client) =>
        Effect.map(client.sendTask(task, { args, queue: queueOf[node], ignoreResult: true, ...call }), ({ id }) => id)
    )
  )

describe("Celery's command line", () => {
  it("sees this worker in `celery status`", async () => {
    const [status] = await celery([["status", "-t", "60", "-d", `${ours},${theirs}`]])
    assert.include(status?.output, `${ours}: OK`)
    assert.include(status?.output, `${theirs}: OK`)
    assert.include(status?.output, "2 nodes online.")
  })

  it("is told the same by both, where the words are the same", async () => {
    const lines = [
      ["inspect", "ping"],
      ["inspect", "registered"],
      ["inspect", "reserved"],
      ["inspect", "revoked"],
      ["inspect", "query_task", "nosuch"],
      ["control", "revoke", "11111111-aaaa"],
      ["control", "terminate", "KILL", "22222222-bbbb"],
      ...(has("5.3") ? [["control", "revoke_by_stamped_headers", "header=value"] as const] : []),
      ["inspect", "revoked"],
      ["control", "time_limit", "nosuch", "1", "2"],
      ["control", "rate_limit", "it.add", "10/m"],
      ["inspect", "registered"],
      ["control", "rate_limit", "it.add", "x"],
      ["control", "rate_limit", "it.add", "1/y"],
      ["control", "rate_limit", "nosuch", "1/s"],
      ["control", "rate_limit", "it.add", "0"],
      ["control", "pool_grow", "1"],
      ["control", "pool_shrink", "1"],
      ["control", "pool_restart"],
      ["control", "autoscale", "3", "1"],
      ["control", "enable_events"],
      ["control", "enable_events"],
      ["control", "disable_events"],
      ["control", "disable_events"],
      ["control", "heartbeat"],
      ["control", "add_consumer", `${queue}.more`],
      ["control", "cancel_consumer", `${queue}.more`]
    ] as const
    const replies = await ask(...lines)
    for (const [at, [mine, other]] of replies.entries()) {
      // Older ones have other words for some.
      if (isReference) assert.deepStrictEqual(mine, other, lines[at]?.join(" "))
      else assert.deepStrictEqual(shape(mine), shape(other), lines[at]?.join(" "))
    }
  })

  it("is told of requests alike: active, reserved, scheduled, asked for by id", async () => {
    const sent: Record<string, ReadonlyArray<string>> = {}
    for (const node of [ours, theirs]) {
      const running = [await send(node, "it.slow", [600]), await send(node, "it.slow", [600])]
      const waiting = await send(node, "it.slow", [0.1], { kwargs: { note: "waits" } })
      const later = await send(node, "it.add", [1, 2], { countdown: "1 hour" })
      sent[node] = [...running, waiting, later]
    }
    await until("both have all", async () => {
      const [running, held] = await ask(["inspect", "active"], ["inspect", "scheduled"])
      const have = (lists: typeof held, count: number) => lists?.[0].length === count && lists[1].length === count
      return have(running, 2) && have(held, 1)
    })
    const all = [...sent[ours] ?? [], ...sent[theirs] ?? []]
    const [active, reserved, scheduled, query, stats] = await ask(
      ["inspect", "active"],
      ["inspect", "reserved"],
      ["inspect", "scheduled"],
      ["inspect", "query_task", ...all],
      ["inspect", "stats"]
    )
    assert.deepStrictEqual(shape(active?.[0]), shape(active?.[1]))
    // Older ones count what is scheduled among the reserved, in no order.
    const theirsWaiting = reserved?.[1].filter(({ id }: { readonly id: string }) => id === sent[theirs]?.[2])
    assert.deepStrictEqual(shape(reserved?.[0]), shape(theirsWaiting))
    assert.deepStrictEqual(shape(scheduled?.[0]), shape(scheduled?.[1]))
    const ids = (list: ReadonlyArray<{ readonly id: string }>) => list.map(({ id }) => id).sort()
    assert.deepStrictEqual(ids(active?.[0]), sent[ours]?.slice(0, 2).toSorted())
    assert.deepStrictEqual(ids(reserved?.[0]), sent[ours]?.slice(2, 3))
    assert.deepStrictEqual(ids(scheduled?.[0].map(({ request }: any) => request)), sent[ours]?.slice(3))
    const states = (node: 0 | 1, ids: ReadonlyArray<string> = []) => ids.map((id) => query?.[node][id]?.[0])
    assert.deepStrictEqual(states(0, sent[ours]), ["active", "active", "reserved", "scheduled"])
    if (isReference) assert.deepStrictEqual(states(1, sent[theirs]), states(0, sent[ours]))
    for (const key of ["broker", "rusage", "total"]) {
      assert.deepStrictEqual(
        key === "broker" ? missing(stats?.[1][key], stats?.[0][key]) : shape(stats?.[0][key]),
        key === "broker" ? [] : shape(stats?.[1][key]),
        key
      )
    }
    assert.deepStrictEqual(missing(stats?.[1], stats?.[0]), [])
    assert.deepStrictEqual(missing({ implementation: 1, "max-concurrency": 1, processes: 1 }, stats?.[0].pool), [])
    const [stopped] = await ask(["control", "terminate", "TERM", ...all])
    for (const reply of stopped ?? []) assert.match(reply.ok, /^terminate: .*-/)
  })

  it("is told of the rest alike, as far as both have it", async () => {
    const [clock, queues, registered, conf, report, memsample, memdump, objgraph] = await ask(
      ["inspect", "clock"],
      ["inspect", "active_queues"],
      ["inspect", "registered", "acks_late"],
      ["inspect", "conf"],
      ["inspect", "report"],
      ["inspect", "memsample"],
      ["inspect", "memdump"],
      ["inspect", "objgraph"]
    )
    assert.deepStrictEqual(shape(clock?.[0]), shape(clock?.[1]))
    assert.deepStrictEqual(shape(queues?.[0]), shape(queues?.[1]))
    assert.deepStrictEqual(registered?.[0], registered?.[1])
    assert.strictEqual(conf?.[0].task_default_queue, queue)
    assert.match(conf?.[0].broker_url, /^amqp:\/\/[^:]+:\*{8}@/)
    assert.match(report?.[0].ok, /^\nsoftware -> celeriac:/)
    assert.match(memsample?.[0], /^[\d.]+MB$/)
    assert.match(memdump?.[0], /rss \(end\)/)
    assert.match(objgraph?.[0].error, /heap snapshot/)
  })
})

describe("RemoteControl", () => {
  it("asks workers of Python as its own", () =>
    runtime.runPromise(Effect.gen(function*() {
      const { broadcast, control, inspect, ping } = yield* RemoteControl.RemoteControl
      const both = { destination: [ours, theirs], timeout: "1 minute" } as const
      const failures: Array<unknown> = []
      for (const [name, asking] of Object.entries({ ...inspect, ...control })) {
        if (["hello", "shutdown", "objgraph", "election"].includes(name)) continue
        const args: any = {
          rateLimit: { taskName: "it.add", rateLimit: "10/m" },
          timeLimit: { taskName: "nosuch" },
          addConsumer: { queue: `${queue}.again` },
          cancelConsumer: { queue: `${queue}.again` },
          revoke: { taskId: "r" },
          terminate: { taskId: ["r"], signal: "TERM" },
          revokeByStampedHeaders: { headers: { a: ["b"] } },
          queryTask: { ids: ["r"] }
        }[name] ?? {}
        const answers = yield* (asking as any)(args, both) as Effect.Effect<RemoteControl.Answers<unknown>, any>
        if (Object.keys(answers).length !== 2) failures.push([name, answers])
        for (const answer of Object.values(answers)) {
          if (Result.isFailure(answer) && answer.failure._tag === "ReplyUnreadable") {
            failures.push(answer.failure.message)
          }
        }
      }
      assert.deepStrictEqual(failures, [])
      assert.deepStrictEqual(yield* ping({ destination: theirs, timeout: "1 minute" }), {
        [theirs]: Result.succeed("pong")
      })
      assert.deepStrictEqual(
        Object.keys(yield* ping({ pattern: `theirs.${process.pid}@*`, limit: 1, timeout: "1 minute" })),
        [theirs]
      )
      assert.isTrue(yield* broadcast(Commands.inspect.ping, {}, { destination: theirs }))
    })))
})
