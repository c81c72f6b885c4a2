/** A program of promises on a real broker: nothing of it keeps the process. */
import { assert, describe, it } from "@effect/vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { fixture, program } from "../fixtures/Command.ts"

describe("a program of promises that is a worker", () => {
  it("ends by itself, with 0, when it is told to after it has run a task", async () => {
    const args = [brokerUrl(), `celeriac.program.${process.pid}`]
    const { code, stderr, stdout } = await program(fixture("program.ts"), args, {
      signals: [["it says pong", "SIGTERM"]]
    })
    assert.strictEqual(code, 0, stderr)
    assert.include(stderr, "Warm shutdown")
    assert.match(stdout, /the end\n$/)
  })
})
