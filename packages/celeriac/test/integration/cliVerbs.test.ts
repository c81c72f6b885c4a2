/**
 * The commands that ask workers, brokers and backends, as a user runs them:
 * against a worker of ours and one of Python, beside what `celery` prints for the
 * same.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { CeleryCommand } from "../../../../test/peers/CeleryCommand.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker } from "../../../../test/peers/Python.ts"
import * as Command from "../fixtures/Command.ts"

const broker = brokerUrl()
const results = inject("redisUrl").replace(/\/\d*$/, "/7")
const nodes = { ours: `ours.${process.pid}@cli`, python: `python.${process.pid}@cli` }
const queues = { ours: `cli.ours.${process.pid}`, python: `cli.python.${process.pid}` }
const globals = ["-b", broker, "--result-backend", results]

const celeriac = (args: ReadonlyArray<string>, options?: Command.Options) =>
  Command.celeriac([...globals, ...args], options)

const python = new CeleryCommand()

const celery = (args: ReadonlyArray<string>) => python.run([...globals, ...args])

/** Both, side by side: what they print, but for the colouring library's last line, and how they end. */
const both = async (args: ReadonlyArray<string>) => {
  const [ours, theirs] = await Promise.all([celeriac(args), celery(args)])
  return [ours, theirs].map(({ code, stdout }) => [code, stdout.replace(/\n {4}\n/g, "\n")] as const) as [Shown, Shown] // two
}

type Shown = readonly [code: number | null, stdout: string]

let ours: Peer
let theirs: CeleryWorker

beforeAll(async () => {
  const worker = fileURLToPath(new URL("../fixtures/cliWorker.ts", import.meta.url))
  ours = new Peer(process.execPath, [
    ...[Command.main, "worker", "-A", worker, ...globals, "-n", nodes.ours, "-Q", queues.ours],
    ...["--without-gossip", "--without-mingle"]
  ], { env: { NO_COLOR: "1", CELERIAC_RESULT_EXPIRES: "60" } })
  ;[theirs] = await Promise.all([
    CeleryWorker.start({
      module: fileURLToPath(new URL("../fixtures/cli.py", import.meta.url)),
      env: { BROKER: broker, RESULTS: results, QUEUE: queues.python },
      args: ["-n", nodes.python, "--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    }),
    until("our worker's start", () => ours.output.includes(" ready."), 100_000, () => ours.output)
  ])
})

afterAll(() => Promise.all([ours.stop("SIGKILL"), theirs.kill(), python.stop()]))

/** As soon as it has answered nobody is waited for. */
const patience = ["-t", "60"]

const one = (node: keyof typeof nodes) => ["-d", nodes[node], ...patience]

/** What changes nothing the second time, since both ask it. */
const asked = {
  ours: [
    ["status"],
    ["inspect", "ping"],
    ["inspect", "active"],
    ["inspect", "registered"],
    ["inspect", "active_queues"],
    ["inspect", "query_task", "one", "other"],
    ["inspect", "conf"],
    ["inspect", "report"],
    ["control", "rate_limit", "cli.add", "900/m"],
    ["control", "rate_limit", "nosuch", "10/m"],
    ["control", "time_limit", "cli.fail", "10", "20"],
    ["control", "disable_events"],
    ["control", "cancel_consumer", "nosuch"],
    ["control", "revoke", "never-sent"],
    ["control", "heartbeat"]
  ],
  python: [
    ["status"],
    ["inspect", "active_queues"],
    ["control", "rate_limit", "cli.add", "900/m"],
    ["control", "time_limit", "cli.fail", "10", "20"],
    ["control", "heartbeat"]
  ]
} as const

describe("celeriac, and celery, side by side", () => {
  for (const node of ["ours", "python"] as const) {
    for (const args of asked[node]) {
      it(`say the same of ${args.join(" ")} (${node})`, async () => {
        const [mine, theirs] = await both([...args, ...one(node)])
        assert.deepStrictEqual(mine, theirs)
        assert.include(mine[1], `->  ${nodes[node]}: `)
      })
    }

    it(`say the same in JSON (${node})`, async () => {
      for (const args of [["inspect", "ping"], ["inspect", "conf"], ["control", "pool_shrink", "0"]]) {
        const [mine, theirs] = await both([...args, ...one(node), "--json"])
        assert.deepStrictEqual([mine[0], JSON.parse(mine[1])], [theirs[0], JSON.parse(theirs[1])])
      }
    })

    it(`send what this worker runs, and read what it came to (${node})`, async () => {
      const send = async (name: string, ...args: ReadonlyArray<string>) => {
        const { code, stderr, stdout } = await celeriac(["call", name, "--queue", queues[node], ...args])
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /^[0-9a-f-]{36}\n$/)
        return stdout.trim()
      }
      const added = await send("cli.add", "-a", "[2]", "-k", `{"y": 3}`)
      assert.deepStrictEqual(await both(["result", added]), [[0, "5\n"], [0, "5\n"]])
      const whole = await send("cli.whole")
      const shown = "{'done': True, 'who': ['Ann', None], 'at': 1.5}\n"
      assert.deepStrictEqual(await both(["result", whole]), [[0, shown], [0, shown]])
      const json = await celeriac(["result", whole, "-j"])
      assert.deepInclude(JSON.parse(json.stdout), {
        id: whole,
        status: "SUCCESS",
        result: { done: true, who: ["Ann", null], at: 1.5 }
      })

      const failed = await send("cli.fail")
      const [mine, theirs] = await both(["result", failed])
      assert.deepStrictEqual([mine, theirs], [[1, ""], [1, ""]])
      assert.match(
        (await celeriac(["result", failed])).stderr,
        new RegExp(`^celeriac: task ${failed} failed: .*no such day`)
      )
      const [trace, trace2] = await both(["result", failed, "--traceback"])
      assert.match(trace[1], /no such day/)
      assert.deepStrictEqual(trace, trace2)
    })
  }

  it("end with 69 when nobody replies", async () => {
    for (const args of [["status"], ["inspect", "ping"], ["control", "heartbeat"]]) {
      const [mine, theirs] = await Promise.all([
        celeriac([...args, "-d", "nobody@cli"]),
        celery([...args, "-d", "nobody@cli"])
      ])
      assert.deepStrictEqual(mine, { code: 69, stdout: "", stderr: "Error: No nodes replied within time constraint\n" })
      assert.deepStrictEqual([mine.code, mine.stdout, mine.stderr], [theirs.code, theirs.stdout, theirs.stderr])
    }
  })

  it("throw away the same", async () => {
    const queue = `cli.purge.${process.pid}`
    for (let count = 0; count < 2; count++) {
      assert.strictEqual((await celeriac(["call", "cli.add", "--queue", queue])).code, 0)
    }
    const purge = ["purge", "-f", "-Q", `${queue},${queue}.nosuch`]
    assert.deepStrictEqual((await celeriac(purge)).stdout, "Purged 2 messages from 2 known task queues.\n")
    assert.strictEqual((await celeriac(["call", "cli.add", "--queue", queue])).code, 0)
    assert.deepStrictEqual((await celery(purge)).stdout, "Purged 1 message from 2 known task queues.\n")
    assert.deepStrictEqual(...await both(purge))
    assert.deepStrictEqual(...await both(["purge", "-Q", queue]))
    const { code, stdout } = await celeriac(["purge", "-f", "-j", "-Q", queue, "-X", queue])
    assert.deepStrictEqual([code, stdout], [0, ""])
  })

  it("refuse the same, with 2", async () => {
    for (
      const args of [
        ["inspect", "nosuch"],
        ["inspect"],
        ["control", "ping"],
        ["call"],
        ["call", "cli.add", "-a", "1"],
        ["call", "cli.add", "-k", "[1]"],
        ["call", "cli.add", "--eta", "soon"],
        ["call", "cli.add", "--expires", "soon"],
        ["result"],
        ["status", "-t", "long"],
        ["stauts"]
      ]
    ) {
      const [mine, theirs] = await Promise.all([celeriac(args), celery(args)])
      assert.deepStrictEqual(
        [mine.code, mine.stdout],
        [theirs.code, theirs.stdout],
        `${args.join(" ")}: ${mine.stderr}`
      )
      assert.strictEqual(mine.code, 2)
      assert.match(mine.stderr, /^celeriac[ :]/)
    }
  })
})

describe("celeriac's commands that ask workers", () => {
  const worker = fileURLToPath(new URL("../fixtures/cliWorker.ts", import.meta.url))

  it("show in JSON who is there, and nothing else", async () => {
    const { code, stdout } = await celeriac(["status", "-d", `${nodes.ours},${nodes.python}`, ...patience, "-j"])
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(JSON.parse(stdout), { [nodes.ours]: { ok: "pong" }, [nodes.python]: { ok: "pong" } })
  })

  it("count the nodes, and are silent about it when they are to be quiet", async () => {
    const args = ["status", "-d", `${nodes.ours},${nodes.python}`, ...patience]
    assert.match((await celeriac(args)).stdout, /\n\n2 nodes online\.\n$/)
    assert.notInclude((await celeriac(["-q", ...args])).stdout, "online")
  })

  it("know the commands that the module exports, and check their arguments", async () => {
    const module = ["-A", worker]
    const { stdout } = await celeriac([...module, "control", "--list"])
    assert.match(stdout, /^ {2}set_banner <text> \[times\] +What is written over the door\.$/m)
    const said = await celeriac([...module, "control", "set_banner", "closed", "3", ...one("ours")])
    assert.deepStrictEqual([said.code, said.stdout], [0, `->  ${nodes.ours}: OK\n        it says closed 3 times\n`])
    const unknown = await celeriac([...module, "control", "set_baner", "closed"])
    assert.match(unknown.stderr, /Command set_baner not recognized\. Did you mean set_banner\?/)
    assert.strictEqual((await celeriac([...module, "control", "set_banner"])).code, 2)
    const python = await celeriac([...module, "control", "set_banner", "closed", ...one("python")])
    assert.match(python.stdout, /: ERROR\n {8}KeyError\('set_banner'\)/)
  })

  it("say in Celery's words that there is no broker, with 69", async () => {
    const { code, stderr } = await Command.celeriac(["-b", "amqp://me:hush@127.0.0.1:1//", "status"])
    assert.strictEqual(code, 69)
    assert.match(stderr, /^Error: Could not connect to the message broker\. Please make sure your broker .* Reason: /)
    assert.notInclude(stderr, "hush")
    assert.strictEqual(stderr.trimEnd().split("\n").length, 1)
  })

  it("wait for a result no longer than they are told, and say who has those of rpc://", async () => {
    const waited = await celeriac(["result", "never-sent", "--timeout", "0.1"])
    assert.strictEqual(waited.code, 1)
    assert.match(waited.stderr, /^celeriac: .*never-sent/)
    const rpc = await Command.celeriac(["-b", broker, "result", "never-sent"])
    assert.match(rpc.stderr, /^celeriac: results of rpc:\/\/ go to who sent the task/)
  })

  it("purge after a yes, and not after anything else", async () => {
    const { code, stderr, stdout } = await celeriac(["purge", "-Q", "cli.none"])
    assert.deepStrictEqual([code, stderr], [1, "Aborted!\n"])
    assert.include(stdout, "This will remove all tasks from queue: cli.none.\n")
  })

  it("report what they go by, without secrets", async () => {
    const { code, stdout } = await Command.celeriac(["-b", "amqp://me:hush@rabbit//", "report"])
    assert.strictEqual(code, 0)
    assert.match(stdout, /\nsoftware -> celeriac:.*\nplatform -> (.*\n)+broker_url: 'amqp:\/\/me:\*{8}@rabbit/)
    assert.notInclude(stdout, "hush")
  })
})
