/** `celeriac beat`, as a user runs it: over RabbitMQ alone, in a file, and inside of a worker. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import * as Command from "../fixtures/Command.ts"

/** A virtual host of its own would be better than names; one queue leads. */
const broker = brokerUrl()
const module = Command.fixture("beat.ts")
const queue = `cli.beat.${process.pid}`
const env = { BEAT_QUEUE: queue, NO_COLOR: "1" }
const folder = mkdtempSync(join(tmpdir(), "celeriac-beat-"))
const peers: Array<Peer> = []

afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.stop("SIGKILL")))
  rmSync(folder, { recursive: true, force: true })
})

const begin = async (args: ReadonlyArray<string>, says: string) => {
  const peer = new Peer(process.execPath, [Command.main, ...args, "-A", module, "-b", broker], { env })
  peers.push(peer)
  await until(says, () => peer.output.includes(says), 100_000, () => peer.output)
  return peer
}

/** Of one that is there: as soon as it has answered nobody is waited for. */
const ask = (node: string) => (args: ReadonlyArray<string>) => asking(node)([...args, "--timeout", "60"])

const asking = (node: string) => (args: ReadonlyArray<string>) =>
  Command.celeriac(["beat", ...args, "-A", module, "-b", broker, "-d", node], { env })

const json = async <A>(ended: Promise<Command.Ended>): Promise<A> => {
  const { stdout } = await ended
  return JSON.parse(stdout)
}

interface Listed {
  readonly name: string
  readonly enabled: boolean
  readonly next_run_at: string | null
  readonly total_run_count: number
}

describe("celeriac beat", () => {
  it("shows itself, sends, is asked and told, and ends well when it is asked to", async () => {
    const node = `beat.${process.pid}@cli`
    const beat = await begin(["beat", "-n", node, "-l", "info"], "Sending due task tick (beat.tick)")
    const { output } = beat
    assert.match(output, /^celeriac beat v\S+ is starting\.$/m)
    assert.match(output, /^ {4}\. broker -> amqp:\/\/guest:\*\*@/m)
    assert.match(output, /^ {4}\. scheduler -> the queue celeriac\.beat\.schedule$/m)
    assert.include(
      output,
      "ERROR/MainProcess] beat: entry 'wrong': crontab: minute '61' has 61: write whole numbers from 0 to 59"
    )
    assert.match(output, /INFO\/MainProcess\] beat: Starting\.\.\.$/m)

    const listed = await ask(node)(["list"])
    assert.match(listed.stdout, /^nightly +beat\.tick .* Asia\/Kathmandu .* 02:30:00\+05:45 +0$/m)
    assert.match(listed.stdout, /^report +beat\.report .* Europe\/Berlin .* 08:00:00\+0[12]:00 +0$/m)
    assert.strictEqual((await ask(node)(["pause", "tick"])).stdout, "tick is paused\n")
    const paused = await json<ReadonlyArray<Listed>>(ask(node)(["list", "--json"]))
    const tick = paused.find(({ name }) => name === "tick")
    assert.deepInclude(tick, { enabled: false, next_run_at: null })
    assert.isAbove(tick!.total_run_count, 0)
    const next = await json<ReadonlyArray<{ readonly name: string }>>(
      ask(node)(["next", "nightly", "--json", "--count", "2"])
    )
    assert.deepStrictEqual(next.map(({ name }) => name), ["nightly", "nightly"])
    assert.strictEqual((await ask(node)(["run", "report"])).stdout, "report is sent now\n")
    await until("the report", () => beat.output.includes("Sending due task report (beat.report)"), 100_000)
    assert.strictEqual((await ask(node)(["resume", "tick"])).stdout, "tick is sent again\n")
    const nobody = await ask(node)(["pause", "nobody"])
    assert.deepStrictEqual(
      [nobody.code, nobody.stderr],
      [1, "celeriac: entry 'nobody': there is none of this name: see what is listed\n"]
    )
    const health = await json<Record<string, Record<string, unknown>>>(ask(node)(["health", "--json"]))
    assert.deepInclude(health[node], { leader: true, leadership: "the queue celeriac.beat" })
    assert.isAtLeast(Number(health[node]!["lag"]), 0)
    if (isQuiet) assert.isBelow(Number(health[node]!["lag"]), 2)
    const pong = await Command.celeriac(["inspect", "ping", "-d", node, "-t", "60", "-b", broker])
    assert.match(pong.stdout, /pong/)

    beat.signal("SIGTERM")
    assert.strictEqual(await beat.exited, 0)
    assert.include(beat.output, "beat: Shutting down...")
    // What is kept is there without anybody who runs.
    const kept = await json<ReadonlyArray<Listed>>(asking(node)(["list", "--json"]))
    assert.isAbove(kept.find(({ name }) => name === "tick")!.total_run_count, 0)
    const gone = await asking(node)(["health"])
    assert.strictEqual(gone.code, 69)
  }, 120_000)

  it("keeps its schedule in a file, writes its process id into another, and answers all the same", async () => {
    const [file, pidfile] = [join(folder, "schedule"), join(folder, "beat.pid")]
    const node = `file.${process.pid}@cli`
    const beat = await begin(
      ["beat", "-n", node, "-s", file, "--pidfile", pidfile, "--max-interval", "3", "-l", "info"],
      "Sending due task tick"
    )
    assert.match(beat.output, / {4}\. maxinterval -> 3 seconds$/m)
    assert.include(beat.output, `beat: Leading (alone), the schedule is in the file ${file}`)
    const second = await Command.celeriac(["beat", "-A", module, "-b", broker, "--pidfile", pidfile], { env })
    assert.strictEqual(second.code, 73)
    assert.strictEqual((await ask(node)(["pause", "tick"])).stdout, "tick is paused\n")
    await beat.stop("SIGINT")
    assert.strictEqual(await beat.exited, 0)
    const again = await asking(node)(["list", "--json", "--timeout", "0.3"])
    assert.strictEqual(again.code, 0)
  }, 120_000)

  it("says which schedulers there are, and what a module may export", async () => {
    const unknown = await Command.celeriac(["beat", "-A", module, "-b", broker, "-S", "django"], { env })
    assert.strictEqual(unknown.code, 2)
    assert.match(unknown.stderr, /there is no scheduler 'django' \(-S, beat_scheduler\): take broker, file or memory/)
    const embedded = await Command.celeriac(["beat", "-A", module, "-b", "memory://", "-S", "broker"], { env })
    assert.match(embedded.stderr, /the scheduler 'broker' needs RabbitMQ, and the broker is embedded/)
  })
})

describe("celeriac worker -B", () => {
  it("sends what is due, and runs it", async () => {
    const worker = await begin(
      ["worker", "-B", "-n", `b.${process.pid}@cli`, "--scheduler", "memory", "-l", "info", "--without-gossip"],
      "tick"
    )
    await until("a task", () => /Task beat\.tick\[\S+\] succeeded/.test(worker.output), 100_000, () => worker.output)
    worker.signal("SIGTERM")
    assert.strictEqual(await worker.exited, 0)
  }, 120_000)
})
