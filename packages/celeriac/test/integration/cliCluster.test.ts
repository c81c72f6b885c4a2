/** The commands about the broker and the cluster as a whole, and a project that is new: as a user runs them. */
import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { celeriac, fixture, main, program } from "../fixtures/Command.ts"

const broker = brokerUrl()
const queue = `cli.cluster.${process.pid}`
const node = `cluster.${process.pid}@cli`
const globals = ["-b", broker]

/** The default queue is one of its own. */
const env = { NO_COLOR: "1", CELERIAC_BROKER_URL: broker, CELERIAC_DEFAULT_QUEUE: `${queue}.default` }

/** Until all of it has been seen. */
const started = async (args: ReadonlyArray<string>, ...seen: ReadonlyArray<string>) => {
  const peer = new Peer(process.execPath, [main, ...globals, ...args], { env })
  await until(seen.join(" and "), () => seen.every((text) => peer.output.includes(text)), 100_000, () => peer.output)
  return peer
}

const worker = ["worker", "-A", fixture("cliWorker.ts"), "-n", node, "-Q", queue, "-c", "2", "-E"]

describe("celeriac topology", () => {
  it("says what would be made, makes it, and then has nothing to do", async () => {
    const args = (way: string) => [...globals, "topology", way, "-Q", queue]
    const missing = await celeriac(args("verify"))
    assert.strictEqual(missing.code, 1)
    assert.match(
      missing.stderr,
      new RegExp(`^celeriac: the broker at .* is not as declared: .*queue '${queue}' is missing`)
    )
    assert.match((await celeriac(args("plan"))).stdout, new RegExp(`^\\+ create +queue +${queue}`, "m"))
    assert.strictEqual((await celeriac(args("apply"))).code, 0)
    const { code, stdout } = await celeriac([...args("verify"), "--json"])
    assert.strictEqual(code, 0)
    assert.deepInclude(JSON.parse(stdout).entries.find((entry: { readonly name: string }) => entry.name === queue), {
      status: "same"
    })
  })
})

describe("celeriac events and graph", () => {
  it("print what a worker tells, and draw it", async () => {
    const running = await started(worker, " ready.")
    const dump = await started(["events", "-d"], "evdump: starting capture...")
    const json = await started(["events", "--json"])
    try {
      await until(
        "both hear",
        () => json.output.includes("worker-heartbeat") && dump.output.includes(`${node} [20`),
        100_000,
        () => json.output + dump.output
      )
      const sent = await celeriac([...globals, "call", "cli.add", "-a", "[1, 2]", "--queue", queue])
      const id = sent.stdout.trim()
      const text = ` task succeeded: cli.add(${id}) args=[1, 2] kwargs={} clock=`
      await until(
        "the end of the task",
        () => dump.output.includes(text) && json.output.includes(`"task-succeeded"`),
        100_000,
        () => dump.output
      )
      assert.include(dump.output, `${node} [20`)
      const events = json.output.split("\n").flatMap((line) => line.startsWith("{") ? [JSON.parse(line)] : [])
      assert.deepInclude(
        events.map(({ hostname, result, type, uuid }) => ({ hostname, result, type, uuid })),
        { hostname: node, result: "3", type: "task-succeeded", uuid: id }
      )
      for (
        const [format, drawn] of [["levels", `─ ${node} (2 slots)`], ["dot", `label="${node} (2 slots)"`], [
          "mermaid",
          `["${node} (2 slots)"]`
        ]] as const
      ) {
        // Who does not answer within a second is not drawn.
        await until(drawn, async () => {
          const { code, stderr, stdout } = await celeriac([...globals, "graph", "workers", "-f", format])
          if (code === 69) return false
          assert.strictEqual(code, 0, stderr)
          return stdout.includes(drawn)
        })
      }
    } finally {
      await Promise.all([running, dump, json].map((peer) => peer.stop("SIGKILL")))
    }
  })
})

describe("celeriac new", () => {
  it("makes a project whose worker and client run", async () => {
    const folder = mkdtempSync(fixture("new-"))
    try {
      const made = await celeriac(["new", folder])
      assert.strictEqual(made.code, 0, made.stderr)
      assert.include(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts.worker, "celeriac worker")
      const peer = await started(["--workdir", folder, "worker", "-n", `new.${node}`], " ready.")
      try {
        const client = await program(join(folder, "client.ts"), [], { env })
        assert.deepStrictEqual([client.code, client.stdout], [0, "Hello, you!\n"], client.stderr)
      } finally {
        await peer.stop("SIGKILL")
      }
      const again = await celeriac(["new", folder])
      assert.strictEqual(again.code, 2)
      assert.match(again.stderr, /^celeriac new: the folder '.*' is not empty: name another one\n$/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it("writes over nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "celeriac-new-"))
    try {
      writeFileSync(join(folder, "worker.ts"), "mine")
      assert.strictEqual((await celeriac(["new", folder])).code, 2)
      assert.strictEqual(readFileSync(join(folder, "worker.ts"), "utf8"), "mine")
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
