/** Celery's own command line asks and tells this worker, and a Python worker beside it: they answer alike. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, inject } from "vitest"
import { runPython } from "../../../../test/peers/Python.ts"
import { quiet } from "../support.ts"

const url = inject("amqpUrl")
const queue = `interop.control.${process.pid}`
const nodename = `ours.${process.pid}@host`

const runtime = ManagedRuntime.make(
  Worker.make({ nodename, concurrency: 2, queues: [queue], tasks: [] }).layer.pipe(
    Layer.provide(RpcBackend.layer()),
    Layer.provide(Producer.layer()),
    Layer.provide(amqp({ url })),
    Layer.provide(Layer.succeed(Settings.DefaultQueue, queue)),
    Layer.provide(quiet)
  )
)

beforeAll(() => runtime.context(), 60_000)
afterAll(() => runtime.dispose())

interface Said {
  readonly line: ReadonlyArray<string>
  readonly code: number
  readonly output: string
  readonly error?: string
}

const celery = async (...lines: ReadonlyArray<ReadonlyArray<string>>): Promise<ReadonlyArray<Said>> => {
  const source = readFileSync(new URL("control.py", import.meta.url), "utf8")
  const said = await runPython(source, { env: { URL: url, LINES: JSON.stringify(lines) } })
  return said as ReadonlyArray<Said>
}

describe("Celery's command line", () => {
  it("sees this worker in `celery status` and `celery inspect ping`", async () => {
    const [status, ping] = await celery(
      ["status", "-d", nodename],
      ["inspect", "-j", "-d", nodename, "ping"]
    )
    assert.include(status?.output, `${nodename}: OK`)
    assert.include(status?.output, "1 node online.")
    assert.deepStrictEqual(JSON.parse(ping?.output ?? ""), { [nodename]: { ok: "pong" } })
  })
})
