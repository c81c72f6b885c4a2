/**
 * A worker of processes as Python's client sees it, beside Celery's own: what
 * becomes of tasks that are ended by a limit, by somebody, or that take down what
 * they run in. By RPC and by Redis.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, inject } from "vitest"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, runPython } from "../../../../test/peers/Python.ts"
import { fixture, main } from "../fixtures/Command.ts"

const url = inject("amqpUrl")

describe.each(
  [
    ["rpc", "rpc://"],
    ["redis", inject("redisUrl").replace(/\/\d*$/, "/9")]
  ] as const
)("a worker of processes, with results by %s", (name, results) => {
  const ours = { queue: `pools.${name}.${process.pid}`, node: `pools.${name}.${process.pid}@here` }
  const python = { queue: `pools.py.${name}.${process.pid}`, node: `pools.py.${name}.${process.pid}@here` }
  let worker: Peer
  let celery: CeleryWorker

  beforeAll(async () => {
    worker = new Peer(process.execPath, [
      ...[main, "worker", "-A", fixture("pooled.ts"), "-b", url, "--result-backend", results, "-P", "processes"],
      ...["-c", "2", "-Q", ours.queue, "-n", ours.node, "-l", "info"]
    ], { env: { NO_COLOR: "1", CELERIAC_PROC_ALIVE_TIMEOUT: "30" } })
    celery = await CeleryWorker.start({
      module: fixture("pooled.py"),
      env: { URL: url, RESULTS: results, QUEUE: python.queue },
      args: ["-c", "2", "--without-gossip", "--without-mingle", "-n", python.node]
    })
    await until("the worker's start", () => worker.output.includes("ready."), 30_000, () => worker.output)
  }, 90_000)
  afterAll(async () => {
    await Promise.all([worker.stop(), celery.kill()])
  })

  it("ends tasks with the exceptions that Celery's own ends them with", async () => {
    const [theirs, mine] = await runPython(readFileSync(fixture("pooled.py"), "utf8"), {
      env: { URL: url, RESULTS: results },
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
      "next": ["returned", "done"]
    })
  }, 120_000)
})
