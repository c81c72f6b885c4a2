/** `celeriac worker --purge`, on RabbitMQ. */
import { assert, describe, it } from "@effect/vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { celeriac, fixture } from "../fixtures/Command.ts"
import * as inProcess from "../fixtures/InProcess.ts"

const broker = brokerUrl()
const queue = `cli.purged.${process.pid}`

describe("celeriac worker --purge", () => {
  it("throws away what waits in its queues before it consumes, and says how much", async () => {
    for (const id of ["one", "two"]) {
      const sent = await inProcess.celeriac(["-b", broker, "call", "cli.fail", "--queue", queue, "--task-id", id])
      assert.strictEqual(sent.code, 0, sent.stderr)
    }
    const args = ["-b", broker, "-Q", queue, "-n", `purging.${process.pid}@cli`, "-l", "info", "--without-mingle"]
    const { code, stderr, stdout } = await celeriac(["worker", "-A", fixture("cliWorker.ts"), ...args, "--purge"], {
      signals: [["ready.", "SIGTERM"]]
    })
    assert.strictEqual(code, 0, stderr)
    assert.include(stdout, "purge: Erased 2 messages from the queue.\n")
    assert.notInclude(stderr, "received")
  })
})
