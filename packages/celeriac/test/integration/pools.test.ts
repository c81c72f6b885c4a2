/**
 * A worker of processes as Python's client sees it, beside Celery's own: what
 * becomes of tasks that are ended by a limit, by somebody, or that take down what
 * they run in. By RPC and by Redis.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, runPython } from "../../../../test/peers/Python.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import { celeriac as application } from "../../src/promise.ts"
import { fixture, main } from "../fixtures/Command.ts"

const url = brokerUrl()

describe.each(
  [
    ["rpc", "rpc://"],
    ["redis", inject("redisUrl").replace(/\/\d*$/, "/9")]
  ] as const
)("a worker of processes, with results by %s", (name, results) => {
  const ours = { queue: `pools.${name}.${process.pid}`, node: `pools.${name}.${process.pid}@here` }
  const python = { queue: `pools.py.${name}.${process.pid}`, node: `pools.py.${name}.${process.pid}@here` }
  const folder = mkdtempSync(join(tmpdir(), "celeriac-"))
  let worker: Peer
  let celery: CeleryWorker

  beforeAll(async () => {
    worker = new Peer(process.execPath, [
      ...[main, "worker", "-A", fixture("pooled.ts"), "-b", url, "--result-backend", results, "-P", "processes"],
      ...["-c", "2", "-Q", ours.queue, "-n", ours.node, "-l", "info"]
    ], { env: { NO_COLOR: "1", CELERIAC_PROC_ALIVE_TIMEOUT: "100" } })
    celery = await CeleryWorker.start({
      module: fixture("pooled.py"),
      env: { URL: url, RESULTS: results, QUEUE: python.queue },
      args: ["-c", "2", "--without-gossip", "--without-mingle", "-n", python.node]
    })
    await until("the worker's start", () => worker.output.includes("ready."), 100_000, () => worker.output)
  }, 120_000)
  afterAll(async () => {
    await Promise.all([worker.stop(), celery.kill()])
    rmSync(folder, { recursive: true })
  })

  it("ends tasks with the exceptions that Celery's own ends them with", async () => {
    const [theirs, mine] = await runPython(readFileSync(fixture("pooled.py"), "utf8"), {
      env: { URL: url, RESULTS: results, FOLDER: folder },
      args: [`${python.queue}=${python.node}`, `${ours.queue}=${ours.node}`],
      timeout: 90_000
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${worker.output}\n${celery.output}`)
    })
    const comparable = (told: unknown) => JSON.parse(JSON.stringify(told).replaceAll(/Job: \d+\./g, "Job: N."))
    assert.deepStrictEqual(comparable(mine), comparable(theirs))
    assert.deepStrictEqual(comparable(mine), {
      "terminated": ["celery.exceptions", "TaskRevokedError", "terminated", "REVOKED"],
      "hard limit": ["billiard.exceptions", "TimeLimitExceeded", "TimeLimitExceeded(1,)", "FAILURE"],
      "soft limit": ["billiard.exceptions", "SoftTimeLimitExceeded", "SoftTimeLimitExceeded()", "FAILURE"],
      "killed": [
        "billiard.exceptions",
        "WorkerLostError",
        "Worker exited prematurely: signal 9 (SIGKILL) Job: N.",
        "FAILURE"
      ],
      "exited": ["billiard.exceptions", "WorkerLostError", "Worker exited prematurely: exitcode 7 Job: N.", "FAILURE"],
      "late": [
        "billiard.exceptions",
        "WorkerLostError",
        "Worker exited prematurely: signal 9 (SIGKILL) Job: N.",
        "FAILURE",
        1
      ],
      "retried": [
        "billiard.exceptions",
        "WorkerLostError",
        "Worker exited prematurely: signal 9 (SIGKILL) Job: N.",
        "FAILURE",
        2
      ],
      "next": ["returned", "done"]
    })
  }, 240_000)
})

describe("a worker of processes that reloads", () => {
  // Below the checkout, where its imports are found.
  const folder = mkdtempSync(fixture("reload-"))
  const queue = `pools.reload.${process.pid}`
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("finishes what its children run with the code that they have, and drops nothing", async () => {
    write("version.ts", "export const version = \"one\"\n")
    write(
      "worker.ts",
      `import { existsSync, writeFileSync } from "node:fs"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { version } from "./version.ts"

const nap = Task.make("pool.nap", { parameters: { name: Schema.String }, success: Schema.String })

const opened = Effect.suspend(() =>
  existsSync(${JSON.stringify(join(folder, "open"))}) ? Effect.void : Effect.andThen(Effect.sleep(20), opened)
)

export default Worker.make({
  tasks: [nap.toLayer(({ name }) => {
    writeFileSync(${JSON.stringify(folder)} + "/" + name + ".began", "")
    return Effect.as(opened, version)
  })]
})
`
    )
    const worker = new Peer(process.execPath, [
      ...[main, "worker", "-A", join(folder, "worker.ts"), "-b", url, "-P", "processes", "-c", "1", "--autoreload"],
      ...["-Q", queue, "-n", `${queue}@here`, "-l", "info"]
    ], { env: { NO_COLOR: "1", CELERIAC_PROC_ALIVE_TIMEOUT: "100" } })
    const app = application({ broker: url })
    const hint = () => worker.output
    const wire = await Wire.open(url)
    const said = (text: string) => worker.output.split(text).length - 1
    try {
      await until("the worker's start", () => said(" ready.") === 1, 100_000, hint)
      const send = (name: string) => app.client.sendTask("pool.nap", { args: [name], queue })
      const running = await send("running")
      await until("the task's start", () => existsSync(join(folder, "running.began")), 100_000, hint)
      const waiting = await send("waiting")
      write("version.ts", "export const version = \"two\"\n")
      await until("it consumes no more", async () => await wire.consumers(queue) === 0, 100_000, hint)
      write("open", "")
      await until("another start", () => said(" ready.") === 2, 100_000, hint)
      assert.strictEqual(await running.get({ timeoutMs: 60_000 }), "one")
      assert.strictEqual(await waiting.get({ timeoutMs: 60_000 }), "two")
    } finally {
      await wire.close()
      await app.close()
      await worker.stop()
    }
  }, 120_000)
})

describe("a task that computes without a pause", () => {
  // CELERIAC_LONG_LOOP=1: as long as the promise says.
  const [seconds, heartbeat] = process.env["CELERIAC_LONG_LOOP"] === undefined ? [10, 3] : [25, 5]

  it("in a thread leaves the connection its heartbeats", async () => {
    const queue = `pools.loop.${process.pid}`
    const worker = new Peer(process.execPath, [
      ...[
        main,
        "worker",
        "-A",
        fixture("pooled.ts"),
        "-b",
        `${url}?heartbeat=${heartbeat}`,
        "-P",
        "threads",
        "-c",
        "1"
      ],
      ...["-Q", queue, "-n", `${queue}@here`, "-l", "info"]
    ], { env: { NO_COLOR: "1", CELERIAC_PROC_ALIVE_TIMEOUT: "100" } })
    const app = application({ broker: url })
    const send = (name: string, time: number) => app.client.sendTask(name, { args: [time], queue })
    try {
      await until("the worker's start", () => worker.output.includes(" ready."), 100_000, () => worker.output)
      const sent = await send("pool.block", seconds)
      assert.strictEqual(await sent.get({ timeoutMs: (seconds + 60) * 1_000 }), "done")
      // A connection that is lost would be known by then.
      assert.strictEqual(await (await send("pool.spin", 0)).get({ timeoutMs: 60_000 }), "done")
      assert.notMatch(worker.output, /lost|Resuming/, worker.output)
    } finally {
      await app.close()
      await worker.stop()
    }
  }, 120_000)
})
