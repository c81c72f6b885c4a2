/** What a worker is as a daemon: its pidfile, its log, its title, its signals, as whom it runs. */
import { assert, describe, it } from "@effect/vitest"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { hostname, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { until } from "../../../test/peers/Process.ts"
import * as ProcessTitle from "../src/cli/daemon/ProcessTitle.ts"
import { celeriac, fixture } from "./fixtures/Command.ts"

const args = (...more: ReadonlyArray<string>) => [
  ...["worker", "-A", fixture("worker.ts"), "-b", "memory://", "-q", "-l", "info"],
  ...more
]

const stopping = { signals: [["ready.", "SIGTERM"]] } as const

const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "celeriac-daemon-"))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const textOf = (file: string): string => existsSync(file) ? readFileSync(file, "utf8") : ""

/** Started with these arguments in the background, it is ended when it has been used. */
const detached = (
  more: ReadonlyArray<string>,
  use: (daemon: { readonly pid: number; readonly cwd: string; readonly log: () => string }) => Promise<void>
) =>
  inFolder(async (cwd) => {
    const started = await celeriac(args("-D", "--pidfile=%n.pid", "-f", "%n%I.log", "-n", "d1@%h", ...more), { cwd })
    assert.deepStrictEqual(started, { code: 0, stdout: "", stderr: "" })
    const log = () => textOf(join(cwd, "d1.log"))
    await until("the daemon's start", () => log().includes(" ready."), 100_000, log)
    const pid = Number(textOf(join(cwd, "d1.pid")))
    assert.isAbove(pid, 1)
    try {
      await use({ pid, cwd, log })
    } finally {
      if (isAlive(pid)) process.kill(pid, "SIGKILL")
    }
  })

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // One that nobody has waited for is dead all the same.
    return !/^State:\s+Z/m.test(textOf(`/proc/${pid}/status`))
  } catch {
    return false
  }
}

const titleOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`).replaceAll("\0", "")

describe.concurrent("a pidfile", () => {
  it("has the process id as long as the worker runs, and is removed when it has stopped", () =>
    inFolder(async (cwd) => {
      const file = join(cwd, "w1.pid")
      const { code, stderr } = await celeriac(args("--pidfile", "%n.pid", "-n", "w1@%h"), { ...stopping, cwd })
      assert.strictEqual(code, 0, stderr)
      assert.isFalse(existsSync(file))
    }))

  it("of a process that lives refuses another, in Celery's words, with 73, and is left as it is", () =>
    inFolder(async (cwd) => {
      const file = join(cwd, "w.pid")
      writeFileSync(file, `${process.pid}\n`)
      const { code, stderr, stdout } = await celeriac(args("--pidfile", "w.pid"), { cwd })
      assert.deepStrictEqual([code, stdout, stderr], [
        73,
        "",
        `ERROR: Pidfile (w.pid) already exists.\nSeems we're already running? (pid: ${process.pid})\n`
      ])
      assert.strictEqual(textOf(file), `${process.pid}\n`)
    }))

  for (
    const [what, text, said] of [
      ["of a process that is dead", "999999999\n", "Stale pidfile exists - Removing it.\n"],
      ["that is broken", "12", "Broken pidfile found - Removing it.\n"]
    ] as const
  ) {
    it(`${what} is taken over, and said so`, () =>
      inFolder(async (cwd) => {
        writeFileSync(join(cwd, "w.pid"), text)
        const { code, stderr } = await celeriac(args("--pidfile", "w.pid"), { ...stopping, cwd })
        assert.strictEqual(code, 0, stderr)
        assert.include(stderr, said)
        assert.isFalse(existsSync(join(cwd, "w.pid")))
      }))
  }

  it("is removed by a worker that leaves at once, too", () =>
    inFolder(async (cwd) => {
      const { code } = await celeriac(args("--pidfile", "w.pid"), { signals: [["ready.", "SIGQUIT"]], cwd })
      assert.strictEqual(code, 1)
      assert.isFalse(existsSync(join(cwd, "w.pid")))
    }))
})

describe.concurrent("a log file", () => {
  it("has what would be on stderr, without colours, behind what it had", () =>
    inFolder(async (cwd) => {
      const file = join(cwd, `w1-${hostname()}.log`)
      writeFileSync(file, "before\n")
      const { code, stderr } = await celeriac(args("-f", "%n%I-%h.log", "-n", "w1@%h", "--pidfile", "w.pid"), {
        signals: [],
        cwd,
        env: { FORCE_COLOR: "1", NO_COLOR: "" },
        beside: async (child) => {
          await until("the start", () => textOf(file).includes(" ready."), 100_000, () => textOf(file))
          child.kill("SIGTERM")
        }
      })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(textOf(file), /^before\n\[.*INFO\/MainProcess\] Connected[^]* ready\.\n[^]*Warm shutdown/)
      assert.notInclude(textOf(file), "\x1b[")
    }))
})

describe.concurrent("in the background", () => {
  it("a worker has its own session, its log, its title; another log takes the place of one that was moved; SIGTERM stops it", () =>
    detached([], async ({ cwd, log, pid }) => {
      assert.match(titleOf(pid), /^\[celeried: d1@[^\]]*:MainProcess\] -active- \(worker -A /)
      const [, , , , , session] = textOf(`/proc/${pid}/stat`).replace(/\(.*\) /, "x ").split(" ")
      assert.strictEqual(Number(session), pid)
      const again = await celeriac(args("-D", "--pidfile=%n.pid", "-f", "%n%I.log", "-n", "d1@%h"), { cwd })
      assert.deepStrictEqual([again.code, again.stderr.startsWith("ERROR: Pidfile (d1.pid)")], [73, true])
      renameSync(join(cwd, "d1.log"), join(cwd, "d1.log.1"))
      process.kill(pid, "SIGTERM")
      await until("its end", () => !isAlive(pid), 100_000)
      assert.include(log(), "Warm shutdown")
      assert.notInclude(log(), " ready.")
      assert.isFalse(existsSync(join(cwd, "d1.pid")))
    }))

  it("SIGUSR1 tells what it is at, and SIGHUP starts it again as the same process", () =>
    detached([], async ({ cwd, log, pid }) => {
      process.kill(pid, "SIGUSR1")
      await until("what it is at", () => log().includes("keeps the process: "), 100_000, log)
      assert.match(log(), /^running: 0, waiting: 0$/m)
      assert.match(log(), /^ {2}event loop +running/m)
      process.kill(pid, "SIGHUP")
      await until("its return", () => log().split(" ready.").length === 3, 100_000, log)
      assert.strictEqual(Number(textOf(join(cwd, "d1.pid"))), pid)
      assert.isTrue(isAlive(pid))
      assert.notInclude(log(), "pidfile exists")
    }))

  it("SIGUSR1 tells where a task waits: the spans and named functions that it is inside of", async () => {
    const { stderr } = await celeriac(["worker", "-A", fixture("waiting.ts"), "-b", "memory://", "-l", "info"], {
      signals: [["asks one", "SIGUSR1"], ["keeps the process", "SIGQUIT"]]
    })
    assert.match(stderr, /^running: 1, waiting: 0$/m)
    assert.match(
      stderr,
      /^ {2}proj\.wait\[[\w-]+\] for \d+\.\d s\n {4}in fetchOrders \(.*waiting\.ts:\d+:\d+\)\n {4}in import orders \(.*waiting\.ts:\d+:\d+\)$/m
    )
  })

  it("is not gone to by what cannot start: it is told where it was started", () =>
    inFolder(async (cwd) => {
      for (
        const [more, said, code] of [
          [["-A", "nosuch.ts"], /there is no module 'nosuch\.ts'/, 2],
          [["-f", "nowhere/w.log"], /--logfile nowhere\/w\.log cannot be written: ENOENT/, 1],
          [["--executable", "/nowhere/node"], /\/nowhere\/node cannot be run/, 1]
        ] as const
      ) {
        const { code: ended, stderr } = await celeriac(
          ["worker", ...(more[0] === "-A" ? [] : ["-A", fixture("worker.ts")]), "-b", "memory://", "-D", ...more],
          { cwd }
        )
        assert.strictEqual(ended, code, stderr)
        assert.match(stderr, said)
      }
    }))
})

/** Whoever is somebody else loads the module, and the command: each folder on the way there lets others through. */
const isOpen = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpen(dirname(path)))

// Only root may become somebody else, who can do nothing in a checkout that is root's alone.
describe.skipIf(process.getuid?.() !== 0 || !isOpen(import.meta.dirname)).concurrent("as somebody else", () => {
  it("a worker runs as --uid and its group, with its umask, and comes back from SIGHUP as that", () =>
    inFolder(async (folder) => {
      chmodSync(folder, 0o755)
      const cwd = join(folder, "own")
      mkdirSync(cwd)
      chmodSync(cwd, 0o777)
      const file = join(cwd, "w.log")
      const more = ["--uid", "nobody", "--umask", "027", "-f", "w.log", "--pidfile", "w.pid"]
      const { code, stderr } = await celeriac(args(...more), {
        cwd,
        beside: async (child) => {
          await until("the start", () => textOf(file).includes(" ready."), 100_000, () => textOf(file))
          const ids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\nGid:\s+(\d+)/m.exec(textOf(`/proc/${child.pid}/status`))
          assert.strictEqual(new Set(ids?.slice(1, 5)).size, 1)
          assert.notStrictEqual(ids?.[1], "0")
          assert.notStrictEqual(ids?.[5], "0")
          assert.strictEqual(statSync(file).uid, Number(ids?.[1]))
          assert.strictEqual(statSync(file).mode & 0o777, 0o640)
          child.kill("SIGHUP")
          await until("its return", () => textOf(file).split(" ready.").length === 3, 100_000, () => textOf(file))
          child.kill("SIGTERM")
        }
      })
      assert.strictEqual(code, 0, stderr)
    }))
})

describe("a process's title", () => {
  it("shows who it is, how it was started, and no password", () => {
    const args = ["worker", "-b", "amqp://me:hush@host//"]
    assert.strictEqual(
      ProcessTitle.text({ program: "celeried", nodename: "w@h" }, args),
      "[celeried: w@h:MainProcess] -active- (worker -b amqp://me:**@host//)"
    )
    assert.strictEqual(ProcessTitle.text({ program: "celeriac beat" }, ["beat"]), "[celeriac beat] beat")
  })
})
