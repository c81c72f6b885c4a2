/** The command with a real broker: another process is its client. */
import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { celeriac as application } from "../../src/promise.ts"
import { celeriac, fixture, node } from "../fixtures/Command.ts"

const amqpUrl = brokerUrl()

describe("celeriac worker on RabbitMQ", () => {
  it("runs what a client in another process sends, and leaves when it is told to", async () => {
    const app = application({ broker: amqpUrl })
    const ended = celeriac(["worker", "-A", fixture("worker.ts"), "-b", amqpUrl, "-l", "info"], {
      signals: [["Task proj.ping[last] succeeded", "SIGTERM"]]
    })
    try {
      const call = { queue: "main" }
      for (let i = 0; i < 20; i++) await (await app.client.sendTask("proj.ping", call)).get({ timeoutMs: 60_000 })
      await app.client.sendTask("proj.ping", { ...call, taskId: "last" })
      const { code, stderr, stdout } = await ended
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /transport: +amqp:\/\/guest:\*\*@127\.0\.0\.1:\d+\/\S/)
      assert.strictEqual(stderr.match(/Task proj\.ping\[.*\] succeeded/g)?.length, 21)
    } finally {
      await app.close()
    }
  })

  it("says that its password was refused, and does not try again", async () => {
    const url = amqpUrl.replace("guest:guest", "guest:hush")
    const { code, stderr } = await celeriac(["worker", "-A", fixture("worker.ts"), "-b", url])
    assert.strictEqual(code, 1)
    assert.match(stderr, /^\[.*: CRITICAL\/MainProcess\] Unrecoverable error: .*refused.*\n$/)
    assert.notInclude(stderr, "hush")
  })
})

describe("a built worker on RabbitMQ", () => {
  it("runs what a client in another process sends, with no node_modules in reach", async () => {
    const folder = mkdtempSync(join(tmpdir(), "celeriac-built-"))
    const app = application({ broker: amqpUrl })
    try {
      const file = join(folder, "worker.mjs")
      const built = await celeriac(["build", fixture("worker.ts"), "-o", file])
      assert.strictEqual(built.code, 0, built.stderr)
      const ended = node([file, "-b", amqpUrl, "-l", "info"], {
        cwd: folder,
        signals: [["Task proj.pong[last] succeeded", "SIGTERM"]]
      })
      const call = { queue: "main" }
      for (let i = 0; i < 20; i++) await (await app.client.sendTask("proj.pong", call)).get({ timeoutMs: 60_000 })
      await app.client.sendTask("proj.pong", { ...call, taskId: "last" })
      const { code, stderr } = await ended
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stderr.match(/Task proj\.pong\[.*\] succeeded/g)?.length, 21)
    } finally {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
