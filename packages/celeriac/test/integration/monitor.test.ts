/** `celeriac events` in a terminal, as a person sees it: workers of ours and of Python. */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker } from "../../../../test/peers/Python.ts"
import { Terminal } from "../../../../test/peers/Terminal.ts"
import * as Command from "../fixtures/Command.ts"

const broker = brokerUrl()
const results = inject("redisUrl").replace(/\/\d*$/, "/7")
const nodes = { ours: `mine.${process.pid}@tv`, python: `pyth.${process.pid}@tv` }
const queues = { ours: `tv.ours.${process.pid}`, python: `tv.python.${process.pid}` }
const globals = ["-b", broker, "--result-backend", results]

let ours: Peer
let python: CeleryWorker
const open: Array<Terminal> = []

beforeAll(async () => {
  ours = new Peer(process.execPath, [
    ...[Command.main, "worker", "-A", Command.fixture("cliWorker.ts"), ...globals, "-n", nodes.ours, "-Q", queues.ours],
    ...["-E", "--without-gossip", "--without-mingle"]
  ], { env: { NO_COLOR: "1" } })
  ;[python] = await Promise.all([
    CeleryWorker.start({
      module: Command.fixture("cli.py"),
      env: { BROKER: broker, RESULTS: results, QUEUE: queues.python },
      args: ["-n", nodes.python, "-E", "--pool", "solo", "--without-gossip", "--without-mingle"]
    }),
    until("our worker's start", () => ours.output.includes(" ready."), 100_000, () => ours.output)
  ])
})

afterEach(() => Promise.all(open.splice(0).map((terminal) => terminal.stop())))

afterAll(() => Promise.all([ours.stop("SIGKILL"), python.kill()]))

const events = (args: ReadonlyArray<string> = [], options: ConstructorParameters<typeof Terminal>[2] = {}) => {
  const terminal = new Terminal(process.execPath, [Command.main, "events", ...globals, ...args], {
    columns: 130,
    ...options
  })
  open.push(terminal)
  return terminal
}

const send = async (name: string, node: keyof typeof nodes, ...args: ReadonlyArray<string>) => {
  const { code, stderr, stdout } = await Command.celeriac(["call", name, ...globals, "--queue", queues[node], ...args])
  assert.strictEqual(code, 0, stderr)
  return stdout.trim()
}

/** What workers say to keys; who does not answer within a second is asked again, as a person would. */
const says = async (
  terminal: Terminal,
  what: RegExp,
  keys: ReadonlyArray<readonly [typed: string, shown: string]>
) => {
  const nobody = "No nodes replied"
  do {
    for (const [typed, shown] of keys) {
      terminal.type(typed)
      await terminal.shows(shown)
    }
    await terminal.shows(new RegExp(`${what.source}|${nobody}`))
  } while (terminal.screen.text.includes(nobody))
}

/** Escape alone, and not the beginning of an arrow. */
const escape = "\x1b"

describe("celeriac events", () => {
  it("shows workers and tasks of both, finds one, and tells all of it", async () => {
    const terminal = events()
    await terminal.shows(`● ${nodes.ours}`)
    await terminal.shows(`● ${nodes.python}`)
    const [added, failed, theirs] = await Promise.all([
      send("cli.add", "ours", "-a", "[2, 3]"),
      send("cli.fail", "ours"),
      send("cli.add", "python", "-a", "[20, 22]")
    ])
    await terminal.shows(new RegExp(`✓ SUCCESS .*cli\\.add +\\[2, 3\\] +${nodes.ours} +${added}`))
    await terminal.shows(new RegExp(`✗ FAILURE .*cli\\.fail .*${nodes.ours} +${failed}`))
    await terminal.shows(new RegExp(`✓ SUCCESS .*cli\\.add +\\[20, 22\\] +${nodes.python} +${theirs}`))
    terminal.type(`/${theirs}\r`)
    await terminal.shows(`/${theirs} (1)`)
    await until("the others are gone", () => !terminal.screen.text.includes(failed))
    terminal.type("\r")
    await terminal.shows(/Result\n {2}42/)
    await terminal.shows(/args +\[20, 22\]/)
    terminal.type("q")
    await terminal.shows(`/${theirs} (1)`)
    terminal.type(`/\x15${failed}\r`)
    await terminal.shows(`/${failed} (1)`)
    terminal.type("t")
    await terminal.shows(/RangeError: no such day/)
    terminal.type(escape)
    await terminal.shows(`/${failed} (1)`)
    terminal.type(escape)
    await terminal.shows(added)
    terminal.type("q")
    assert.deepStrictEqual(await terminal.ended, { code: 0, same: true })
  })

  for (const node of ["ours", "python"] as const) {
    it(`revokes a task, and sets a rate limit, when it is asked to (${node})`, async () => {
      const terminal = events(["--no-color"])
      await terminal.shows(nodes[node])
      const id = await send("cli.whole", node, "--countdown", "600")
      await terminal.shows(id)
      terminal.type(`/${id}\r`)
      await says(terminal, /: tasks .* flagged as revoked/, [["c", `Revoke cli.whole ${id}? y yes`], ["y", ""]])
      const prompt = "Rate limit of cli.whole (10/s, 5/m, 0 is none):"
      await says(terminal, /new rate limit set successfully/, [["l", prompt], ["7/m\r", ""]])
      const { stdout } = await Command.celeriac(["inspect", "revoked", ...globals, "-d", nodes[node], "-t", "60", "-j"])
      assert.include(JSON.parse(stdout)[nodes[node]], id)
      assert.notMatch(terminal.raw, /\x1b\[[\d;]*3[0-7]m/)
      terminal.type("q")
      assert.strictEqual((await terminal.ended).code, 0)
      await Command.celeriac(["control", "rate_limit", "cli.whole", "0", ...globals, "-d", nodes[node]])
    })
  }

  it("follows the size of the terminal, however small", async () => {
    const terminal = events([], { columns: 60, rows: 10 })
    await terminal.shows("q quit")
    terminal.resize(100, 30)
    await terminal.shows("SOFTWARE")
    terminal.resize(24, 4)
    await terminal.shows(/^ celeriac events/)
    await until("lines that fit", () => terminal.screen.lines.every((line) => line.length <= 24))
    terminal.resize(80, 24)
    await terminal.shows("PROCESSED")
    terminal.type("?")
    await terminal.shows("revoke the task: it will not run")
  })

  for (
    const [what, end, code] of [
      ["ctrl-C", (terminal: Terminal) => terminal.type("\x03"), 0],
      ["SIGTERM", (terminal: Terminal) => terminal.signal(15), 130],
      ["SIGINT", (terminal: Terminal) => terminal.signal(2), 130]
    ] as const
  ) {
    it(`gives the screen back after ${what}`, async () => {
      const terminal = events()
      await terminal.shows("● ")
      assert.deepStrictEqual([terminal.screen.isOther, terminal.screen.hasCursor], [true, false])
      end(terminal)
      assert.deepStrictEqual(await terminal.ended, { code, same: true })
      assert.deepStrictEqual([terminal.screen.isOther, terminal.screen.hasCursor], [false, true])
      assert.strictEqual(terminal.screen.text, "")
    })
  }

  it("gives the screen back when it crashes, and the reason is seen", async () => {
    const crash =
      "data:text/javascript,process.on('SIGUSR2',()=>setImmediate(()=>{throw/**/new/**/Error('a%20broken%20wire')}))"
    const terminal = events([], { env: { NODE_OPTIONS: `--import ${crash}` } })
    await terminal.shows("● ")
    terminal.signal(12)
    const { code } = await terminal.ended
    assert.notStrictEqual(code, 0)
    assert.deepStrictEqual([terminal.screen.isOther, terminal.screen.hasCursor], [false, true])
    assert.include(terminal.screen.text, "a broken wire")
  })

  it("wants a terminal", async () => {
    const { code, stderr, stdout } = await Command.celeriac(["events", ...globals])
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.match(stderr, /^celeriac events: the monitor wants a terminal\. -d prints events/)
  })

  it("says when the broker is not there, on the ordinary screen", async () => {
    const terminal = new Terminal(process.execPath, [Command.main, "events", "-b", "amqp://127.0.0.1:1"])
    open.push(terminal)
    const { code } = await terminal.ended
    assert.strictEqual(code, 69)
    assert.match(terminal.screen.text, /^Error: Could not connect to the message broker\./)
    assert.notInclude(terminal.raw, "\x1b[?1049h")
  })
})

describe("celeriac events --camera", () => {
  it("calls a function with the state, again and again, also after it threw", async () => {
    const { code, stderr, stdout } = await Command.celeriac(
      ["events", ...globals, "-c", `${Command.fixture("camera.ts")}:save`, "-F", "0.2"],
      { signals: [["snapshot 4", "SIGINT"]] }
    )
    assert.strictEqual(code, 130)
    assert.match(stdout, /^-> evcam: Taking snapshots with .*camera\.ts:save \(every 0\.2 secs\.\)\n/)
    assert.match(stdout, /snapshot 4: workers .*mine\.\d+@tv/)
    assert.match(stderr, /the camera .*camera\.ts:save failed\nError: the disk is full/)
  })

  it("answers what is no camera in a sentence", async () => {
    for (
      const [camera, rate, says] of [
        ["nosuch.ts", "1/s", /^celeriac events: there is no module 'nosuch\.ts' .*FILE:EXPORT/],
        [
          `${Command.fixture("camera.ts")}:nosuch`,
          "1/s",
          /^celeriac: .*camera\.ts has no function nosuch\. Write: export/
        ],
        [`${Command.fixture("camera.ts")}:save`, "often", /^celeriac events: --maxrate: 'often' is no rate limit/]
      ] as const
    ) {
      const { code, stderr } = await Command.celeriac(["events", ...globals, "-c", camera, "-r", rate])
      assert.notStrictEqual(code, 0)
      assert.match(stderr, says)
    }
  })
})
