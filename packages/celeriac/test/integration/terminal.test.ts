/** What `celeriac` draws in a terminal, and its prompt: as a person sees and types it. */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { Terminal } from "../../../../test/peers/Terminal.ts"
import * as Command from "../fixtures/Command.ts"

const node = `seen.${process.pid}@tv`
const queue = `seen.${process.pid}`
const globals = ["-b", brokerUrl(), "--result-backend", inject("redisUrl").replace(/\/\d*$/, "/7")]
const module = ["-A", Command.fixture("cliWorker.ts")]
const folder = mkdtempSync(join(tmpdir(), "celeriac-terminal-"))
const open: Array<Terminal> = []
let worker: Terminal

const celeriac = (args: ReadonlyArray<string>, options: ConstructorParameters<typeof Terminal>[2] = {}) => {
  const terminal = new Terminal(process.execPath, [Command.main, ...args], options)
  open.push(terminal)
  return terminal
}

/** What it drew, to its end. */
const drawn = async (args: ReadonlyArray<string>, options?: ConstructorParameters<typeof Terminal>[2]) => {
  const terminal = celeriac(args, options)
  const { code } = await terminal.ended
  return { code, raw: terminal.raw, text: terminal.screen.text, lines: terminal.screen.lines }
}

beforeAll(async () => {
  worker = new Terminal(process.execPath, [
    ...[Command.main, "worker", ...module, ...globals, "-n", node, "-Q", queue, "-l", "info", "-E"],
    ...["--without-gossip", "--without-mingle"]
  ], { columns: 110, rows: 40 })
  await worker.shows(" ready.", 100_000)
})

afterEach(() => Promise.all(open.splice(0).map((terminal) => terminal.stop())))

afterAll(async () => {
  await worker.stop()
  rmSync(folder, { recursive: true, force: true })
})

const colors = /\x1b\[[\d;]*3[0-7]/

describe("In a terminal", () => {
  it("a worker shows who it is, where it is connected to, what it listens to and what it runs", () => {
    const { text } = worker.screen
    assert.match(text, new RegExp(`${node} v\\d+\\.\\d+\\.\\d+ \\(celeriac\\)`))
    for (
      const part of [
        "[config]",
        ".> transport:   amqp://guest:**@",
        ".> results:     redis://",
        "[queues]",
        `.> ${queue}`
      ]
    ) {
      assert.include(text, part)
    }
    assert.match(text, /\[tasks\]\n {2}\. cli\.add\n {2}\. cli\.fail\n {2}\. cli\.whole/)
  })

  it("status and inspect have colours there, and none where they are not wanted", async () => {
    const [colored, plain, quiet] = await Promise.all([
      drawn(["status", ...globals, "-d", node, "-t", "60"]),
      drawn(["inspect", "ping", ...globals, "-d", node, "-t", "60", "--no-color"]),
      drawn(["inspect", "active_queues", ...globals, "-d", node, "-t", "60"], { env: { NO_COLOR: "1" } })
    ])
    assert.match(colored.raw, colors)
    assert.match(colored.text, new RegExp(`^-> {2}${node}: OK\n\n1 node online\\.$`))
    assert.notMatch(plain.raw, /\x1b/)
    assert.include(plain.text, "pong")
    assert.notMatch(quiet.raw, /\x1b/)
    assert.include(quiet.text, queue)
  })

  it("a doctor's findings fit, with colours", async () => {
    const { code, raw, text } = await drawn(["doctor", ...globals, ...module], { rows: 60 })
    assert.include([0, 1], code)
    assert.match(raw, colors)
    assert.match(text, /^broker\n {2}✓ RabbitMQ /)
  })

  it("the steps of a worker and the workers of a cluster are drawn", async () => {
    const steps = await drawn(["graph", "bootsteps", ...module, "-f", "levels"], { rows: 60 })
    assert.match(steps.text, /^Worker\n {2}1 {2}\S/)
    assert.match(steps.text, /\nConsumer\n {2}1 {2}\S/)
    const tree = new RegExp(`^amqp://guest:\\*\\*@[^]*[├└]─ ${node} \\(\\d+ slots?\\)`)
    // Who does not answer within a second is not drawn.
    await until(
      "the worker is drawn",
      async () => tree.test((await drawn(["graph", "workers", ...globals, "-f", "levels"])).text)
    )
  })

  it("a plan of the topology says what is to be made, and what is", async () => {
    const { text } = await drawn(["topology", "plan", ...globals, ...module, "-Q", `${queue},nosuch.${queue}`], {
      columns: 120
    })
    assert.match(text, new RegExp(`= same +queue +${queue} +durable`))
    assert.match(text, new RegExp(`\\+ create +queue +nosuch\\.${queue} +durable`))
  })

  it("a new project is made, and what to do next is said", async () => {
    const { code, text } = await drawn(["new", "shop"], { cwd: folder })
    assert.strictEqual(code, 0, text)
    assert.include(text, "shop")
    assert.include(readFileSync(join(folder, "shop", "package.json"), "utf8"), "celeriac")
  })

  it("a mistake gets the usage, a sentence, and how to get the help", async () => {
    const { code, lines } = await drawn(["status", "--destinaton", "x"])
    assert.strictEqual(code, 2)
    assert.deepStrictEqual(lines.filter((line) => line !== ""), [
      "Usage: celeriac status [flags]",
      "celeriac status: there is no flag --destinaton. Did you mean --destination?",
      "See: celeriac status --help"
    ])
  })
})

describe("celeriac shell", () => {
  const history = join(folder, "history")

  const shell = async (env: Readonly<Record<string, string>> = {}) => {
    const terminal = celeriac(["shell", ...module, ...globals], {
      columns: 110,
      env: { CELERIAC_HISTORY: history, CELERIAC_DEFAULT_QUEUE: queue, ...env }
    })
    await terminal.shows("celeriac>")
    return terminal
  }

  it("sends tasks, asks workers, waits for promises and Effects", async () => {
    const terminal = await shell()
    await terminal.shows(/celeriac shell \d+\.\d+\.\d+, Node .*\n.*client control inspect[^]*tasks: cli\.add/)
    terminal.type("await (await client.delay(Add.s({ x: 20, y: 22 }))).get()\r")
    await terminal.shows(/^42$/m)
    terminal.type(`const r = await send("cli.add", [1, 2])\rr\r`)
    await terminal.shows(/Result\([0-9a-f-]{36}\): await _\.get\(\)/)
    terminal.type("_.get()\r")
    await terminal.shows(/^3$/m)
    terminal.type(`Effect.delay(Effect.succeed("run " + "it"), 50)\r`)
    await terminal.shows("'run it'")
    terminal.type(`inspect.ping(undefined, { destination: "${node}", timeoutMs: 60_000 })\r`)
    await terminal.shows(`'${node}': 'pong'`)
    terminal.type(`(await send("cli.fail")).get()\r`)
    await terminal.shows(/Uncaught[^]*no such day/)
    terminal.type(".exit\r")
    assert.deepStrictEqual(await terminal.ended, { code: 0, same: true })
    assert.include(readFileSync(history, "utf8"), "client.delay(Add.s({ x: 20, y: 22 }))")
  })

  /** And not only suggested, in grey. */
  const isWritten = (terminal: Terminal, text: string) =>
    until(
      `the completion to ${text}`,
      () =>
        terminal.screen.cells.some((row) => {
          const at = row.map(({ text }) => text).join("").indexOf(text)
          return at >= 0 && row.slice(at, at + text.length).every(({ marks }) => !marks.includes(90))
        }),
      100_000,
      () => terminal.screen.text
    )

  it("completes names, remembers what was typed, and gives up what takes too long", async () => {
    const terminal = await shell()
    terminal.type(`send("cli.ad`)
    await terminal.shows(`> send("cli.ad`)
    terminal.type("\t")
    await isWritten(terminal, `send("cli.add`)
    terminal.type(`", [1, 2]).then(() => "sent it")\r`)
    await terminal.shows("'sent it'")
    terminal.type("inspe")
    await terminal.shows("> inspe")
    terminal.type("\t")
    await isWritten(terminal, "inspect")
    terminal.type(".ping.name\r")
    terminal.type("Effect.never\r")
    await terminal.shows("> Effect.never")
    terminal.type("\x03")
    await terminal.shows("Uncaught Error: given up")
    terminal.type("\x1b[A\x1b[A\x1b[A")
    await terminal.shows(/> send\("cli\.add", [^]*> send\("cli\.add", /)
    terminal.type("\x15\x04")
    assert.strictEqual((await terminal.ended).code, 0)
  })

  it("runs what it is given, and what comes from a pipe, as one program", async () => {
    const run = (code: string) =>
      Command.celeriac(["shell", ...module, ...globals, "-e", code], { env: { CELERIAC_DEFAULT_QUEUE: queue } })
    const [sum, text, thrown, syntax] = await Promise.all([
      run("const r = await client.delay(Add.s({ x: 2, y: 3 }))\nconsole.log('sent')\nawait r.get()"),
      run("Effect.succeed('as it is')"),
      run("nosuch.name"),
      run("if (")
    ])
    assert.deepStrictEqual([sum.code, sum.stdout], [0, "sent\n5\n"])
    assert.deepStrictEqual([text.code, text.stdout], [0, "as it is\n"])
    assert.deepStrictEqual([thrown.code, thrown.stderr], [1, "celeriac: ReferenceError: nosuch is not defined\n"])
    assert.strictEqual(syntax.code, 1)
    assert.match(syntax.stderr, /^celeriac: SyntaxError: /)
    const piped = new Terminal("sh", [
      "-c",
      `printf '%s\\n' 'const x = await Promise.resolve(6)' 'x * 7' | "$0" "$1" shell -b memory://`,
      process.execPath,
      Command.main
    ])
    open.push(piped)
    assert.strictEqual((await piped.ended).code, 0)
    assert.strictEqual(piped.screen.text, "42")
  })
})
