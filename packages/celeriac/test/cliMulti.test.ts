/** Several workers of one machine, started and stopped: what is run is compared with Celery's in `integration`. */
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { vi } from "vitest"
import { until } from "../../../test/peers/Process.ts"
import * as Node from "../src/cli/multi/Node.ts"
import * as Options from "../src/cli/multi/Options.ts"
import * as Tool from "../src/cli/multi/Tool.ts"
import { celeriac, fixture } from "./fixtures/Command.ts"

const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "celeriac-multi-"))
  try {
    return await use(folder)
  } finally {
    for (const name of ["a", "b"]) {
      const file = join(folder, `run/${name}.pid`)
      if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8")), "SIGKILL")
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

const files = ["--pidfile=run/%n.pid", "--logfile=log/%n%I.log"]

describe("celeriac multi", () => {
  it(
    "starts nodes, starts them again one by one, waits for their end, and says who is down",
    () =>
      inFolder(async (cwd) => {
        const multi = (verb: string, ...more: ReadonlyArray<string>) =>
          celeriac(["-A", fixture("worker.ts"), "-b", "memory://", "multi", verb, "a@h", "b@h", ...more, ...files], {
            cwd
          })
        const pid = (name: string) => Number(readFileSync(join(cwd, `run/${name}.pid`), "utf8"))

        const started = await multi("start", "-c", "3", "-c:b", "7", "--nosplash")
        assert.deepStrictEqual(
          [started.code, started.stdout],
          [0, "> Starting nodes...\n\t> a@h: OK\n\t> b@h: OK\n"],
          started.stderr
        )
        const first = [pid("a"), pid("b")]
        const twice = await multi("start", "--nosplash")
        assert.strictEqual(twice.code, 1)
        assert.match(twice.stdout, /\t> a@h: \* Child terminated with exit code 73\nFAILED\n/)
        assert.include(twice.stderr, `Seems we're already running? (pid: ${first[0]})`)

        const again = await multi("restart", "-c", "4")
        assert.strictEqual(again.code, 0, again.stdout + again.stderr)
        assert.match(
          again.stdout,
          /^celeriac multi v[\d.]+\n> Stopping nodes\.\.\.\n\t> a@h: TERM -> \d+\n\t> b@h: TERM -> \d+\n> Waiting for 2 nodes -> \d+, \d+\.\.\.\.+/
        )
        assert.include(again.stdout, "\n\t> a@h: OK\n> Restarting node a@h: OK\n")
        const second = [pid("a"), pid("b")]
        assert.notDeepEqual(second, first)
        // It has its pidfile before it shows itself.
        const log = () => readFileSync(join(cwd, "log/b.log"), "utf8")
        await until(
          "the second start",
          () => /concurrency: 7[^]*Warm shutdown[^]*concurrency: 4/.test(log()),
          100_000,
          log
        )

        const stopped = await multi("stopwait", "--quiet")
        assert.deepStrictEqual([stopped.code, stopped.stdout], [0, ""])
        for (const gone of second) assert.throws(() => process.kill(gone, 0))
        const down = await multi("stop")
        assert.match(down.stdout, /> a@h: DOWN\n> b@h: DOWN\n$/)
      }),
    120_000
  )

  it("kills what does not stop, and finds a pidfile of somebody dead", () =>
    inFolder(async (cwd) => {
      const node = ["-A", fixture("worker.ts"), "-b", "memory://", "a@h", ...files]
      assert.strictEqual((await celeriac(["multi", "start", ...node], { cwd })).code, 0)
      const pid = Number(readFileSync(join(cwd, "run/a.pid"), "utf8"))
      const killed = await celeriac(["multi", "kill", ...node], { cwd })
      assert.match(killed.stdout, new RegExp(`Sending KILL to node a@h \\(${pid}\\)\n$`))
      writeFileSync(join(cwd, "run/a.pid"), "999999999\n")
      const stopped = await celeriac(["multi", "stop", ...node], { cwd })
      assert.match(stopped.stdout, /Could not signal a@h \(999999999\): No such process\n> a@h: DOWN\n/)
      rmSync(join(cwd, "run/a.pid"))
    }))

  for (
    const [args, code, said] of [
      [[], 1, /^celeriac multi v.*\nusage: celeriac multi start/],
      [["bogus", "a"], 1, /^Invalid command: bogus\nceleriac multi v.*\nusage: celeriac multi start/],
      [["show", "2", "-c:5", "3"], 2, /^$/],
      [["show", "a", "-c:0", "3"], 2, /^$/],
      [["get", "z@h", "a"], 1, /^$/]
    ] as const
  ) {
    it(`refuses ${["multi", ...args].join(" ")}`, async () => {
      let printed = ""
      const say = (text: unknown) => void (printed += `${String(text)}\n`)
      const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
        printed += String(text)
        return true
      })
      const run = Effect.provideService(Tool.run([], args), Console.Console, { ...console, log: say, error: say })
      const error = await Effect.runPromise(Effect.flip(run))
      write.mockRestore()
      assert.strictEqual(error.exitCode, code)
      assert.match(printed, said)
    })
  }

  it("has a help of its own", async () => {
    const { code, stdout } = await celeriac(["multi", "--help"])
    assert.strictEqual(code, 0)
    assert.include(stdout, "celeriac multi restart 3")
  })
})

describe("the options of celeriac multi", () => {
  it("name the signal that is last among them", () => {
    const known = (name: string) => ({ SIGINT: 2, SIGKILL: 9 })[name]
    assert.strictEqual(Options.signalAmong(["a", "-INT", "-E"], known), 2)
    assert.strictEqual(Options.signalAmong(["-SIGKILL"], known), 9)
    assert.strictEqual(Options.signalAmong(["-INT", "-15"], known), 15)
    assert.strictEqual(Options.signalAmong(["a", "-E", "--max"], known), undefined)
  })

  it("keep together what a shell keeps together", () =>
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z "\\%-]*$/)), (words) => {
      const quoted = words.map((word) => `'${word}'`).join(" ")
      assert.deepStrictEqual(Node.splitWords(quoted), words)
    })))

  it("are read whatever they are", () =>
    fc.assert(fc.property(fc.array(fc.string()), (args) => {
      const { options, passed, spaces, values } = Options.parse(args)
      assert.isAtMost(values.length + options.size + passed.length + spaces.size, args.length)
    })))
})
