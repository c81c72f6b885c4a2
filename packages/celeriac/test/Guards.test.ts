/** What ends no worker, whichever way it is run. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fixture } from "./fixtures/Command.ts"

const main = fixture("../../src/cli/main.ts")

/** A process, what it says, and how it ends. */
const start = (...args: ReadonlyArray<string>) => {
  const env = { ...process.env, NO_COLOR: "1" }
  const child = spawn(process.execPath, args, { env, timeout: 100_000, killSignal: "SIGKILL" })
  let said = ""
  const hear = (data: Buffer) => {
    said += data.toString()
    child.emit("heard")
  }
  child.stdout.on("data", hear)
  child.stderr.on("data", hear)
  // A process that has ended reads no more.
  child.stdin.on("error", () => {})
  const closed = once(child, "close").then(([code, signal]) => ({ code, signal, said }))
  return {
    child,
    closed,
    says: async (text: string, times = 1): Promise<void> => {
      while (said.split(text).length <= times) {
        const ended = await Promise.race([once(child, "heard").then(() => undefined), closed])
        if (ended !== undefined && said.split(text).length <= times) {
          throw new Error(`it ended before it said ${text}: ${said}`)
        }
      }
    }
  }
}

const ways = {
  "the command": [main, "worker", "-A", fixture("guardedModule.ts"), "-b", "memory://", "-l", "info"],
  "worker.run under runMain": [fixture("guarded.ts"), "runMain"],
  "app.worker().run()": [fixture("guarded.ts"), "promises"]
}

for (const [way, args] of Object.entries(ways)) {
  describe(way, () => {
    it("goes on when a handler forgets a promise that is rejected, and tells of it once", async () => {
      const { child, closed, says } = start(...args)
      await says("forgotten")
      await says("running")
      child.kill("SIGTERM")
      await says("Warm shutdown")
      child.stdin.write("go\n")
      const { code, said } = await closed
      assert.strictEqual(code, 0, said)
      assert.match(said, /A promise was rejected, and nobody handles it/)
      assert.strictEqual(said.split("Error: forgotten").length, 2, said)
      assert.include(said, "done")
    })

    it("goes on when nobody reads its log any more", async () => {
      const { child, closed, says } = start(...args)
      await says("ready.")
      await says("running")
      child.stderr.destroy()
      child.stdin.write("go\n")
      await says("done")
      child.kill("SIGTERM")
      const { code, said, signal } = await closed
      assert.deepStrictEqual([code, signal], [0, null], said)
    })

    it("finishes its task when it is hung up, however often", async () => {
      const { child, closed, says } = start(...args)
      await says("running")
      for (let i = 0; i < 3; i++) child.kill("SIGHUP")
      await says("Hung up: Warm shutdown")
      child.stdin.write("go\n")
      await says("done")
      if (way === "the command") {
        await says("running", 2)
        child.kill("SIGTERM")
        await says("Sending SIGTERM")
        child.stdin.write("go\n")
      }
      const { code, said } = await closed
      assert.strictEqual(code, 0, said)
      assert.strictEqual(said.includes("Restarting"), way === "the command")
    })
  })
}

describe("the command", () => {
  it("does not start again when it is told to shut down after it was hung up", async () => {
    const { child, closed, says } = start(...ways["the command"])
    await says("running")
    child.kill("SIGHUP")
    await says("Hung up")
    child.kill("SIGTERM")
    await says("Sending SIGTERM again")
    child.stdin.write("go\n")
    const { code, said } = await closed
    assert.strictEqual(code, 0, said)
    assert.notInclude(said, "Restarting")
  })
})
