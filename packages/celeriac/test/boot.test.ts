/** What the command does so that a worker starts quickly, and that nobody notices it. */
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as SettingFlags from "../src/cli/flags/SettingFlags.ts"
import * as PlainArguments from "../src/cli/worker/PlainArguments.ts"
import { celeriac, fixture, node } from "./fixtures/Command.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-boot-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const cli = (name: string): string => join(import.meta.dirname, "..", "src", "cli", name)

const stopping = { signals: [["ready.", "SIGTERM"]] } as const

const inMemory = ["worker", "-A", fixture("worker.ts"), "-b", "memory://"]

describe("plain arguments", () => {
  it("are read as the library of the command line reads them", () => {
    const plain = Result.getOrThrow(
      PlainArguments.read(["-A", "a.ts", "-c", "3", "--queues=a,b", "-l", "info", "--no-color", "-n=w@h"])
    )
    assert.deepStrictEqual(plain, {
      app: Option.some("a.ts"),
      flags: {
        settings: { concurrency: 3, queues: ["a", "b"], nodename: "w@h" },
        own: {},
        detach: false,
        pidfile: Option.none(),
        logfile: Option.none(),
        uid: Option.none(),
        gid: Option.none(),
        umask: Option.none(),
        executable: Option.none(),
        purge: false,
        loglevel: "info",
        jsonLogs: false,
        noColor: true,
        quiet: false,
        config: Option.none(),
        workdir: Option.none()
      }
    })
  })

  it("say with several switches what one setting is", () => {
    const { flags } = Result.getOrThrow(PlainArguments.read(["--without-mingle", "--without-heartbeat"]))
    assert.deepStrictEqual(flags.settings, { without: ["mingle", "heart"] })
    const argv = { without: [false, true, true], concurrency: Option.some(2), queues: Option.none() }
    assert.deepStrictEqual<object>(SettingFlags.given(WorkerSettings.everything, argv), {
      without: ["mingle", "heart"],
      concurrency: 2
    })
    assert.deepStrictEqual(SettingFlags.given(WorkerSettings.everything, { without: [false, false, false] }), {})
  })

  for (
    const args of [
      ["--help"],
      ["--without-mingle=yes"],
      ["-c"],
      ["-c", "0"],
      ["-c", "1", "-c", "2"],
      ["-l", "loud"],
      ["extra"],
      ["--no-color=x"],
      ["-c", "-1"]
    ]
  ) {
    it(`are not ${args.join(" ")}`, () => assert.isTrue(Result.isFailure(PlainArguments.read(args))))
  }
})

describe.concurrent("imports inside of these packages", () => {
  const loaded = async (name: string, shortened: boolean): Promise<ReadonlyArray<string>> => {
    const file = join(folder, `${name}.mjs`)
    writeFileSync(
      file,
      [
        `import { registerHooks } from "node:module"`,
        `import * as Resolution from ${JSON.stringify(cli("app/Resolution.ts"))}`,
        shortened ? "Resolution.shorten()" : "",
        `const urls = new Set()`,
        `registerHooks({ resolve(specifier, context, next) {`,
        `  const found = next(specifier, context)`,
        `  urls.add(found.url)`,
        `  return found`,
        `} })`,
        `for (const name of ["CommandLine", "Cli", "commands/Celeriac", "build/Build"]) await import(${
          JSON.stringify(`${cli("")}/`)
        } + name + ".ts")`,
        `await import(${JSON.stringify(fixture("worker.ts"))})`,
        `console.log(Array.from(urls).sort().join("\\n"))`
      ].join("\n")
    )
    const { code, stderr, stdout } = await node([file])
    assert.strictEqual(code, 0, stderr)
    return stdout.trim().split("\n")
  }

  it("lead where Node finds them", async () => {
    const urls = await loaded("short", true)
    assert.isAbove(urls.length, 300)
    assert.deepStrictEqual(urls, await loaded("long", false))
  })

  it("are left to Node where something else was preloaded", async () => {
    const hook = join(folder, "hook.mjs")
    writeFileSync(
      hook,
      [
        `import { registerHooks } from "node:module"`,
        `registerHooks({ resolve(specifier, context, next) {`,
        `  if (specifier === "effect/Effect") process.stdout.write("asked\\n")`,
        `  return next(specifier, context)`,
        `} })`
      ].join("\n")
    )
    const { code, stdout } = await node(["--import", hook, cli("main.ts"), ...inMemory], stopping)
    assert.strictEqual(code, 0)
    assert.include(stdout, "asked\n")
  })

  it("are resolved likewise for a program that preloads celeriac/preload", async () => {
    const file = join(folder, "preloaded.mjs")
    writeFileSync(file, `await import(${JSON.stringify(cli("CommandLine.ts"))})\nconsole.log("loaded")\n`)
    const preload = join(import.meta.dirname, "..", "src", "preload.ts")
    assert.include((await node(["--import", preload, file])).stdout, "loaded")
  })
})

describe.concurrent("the compile cache", () => {
  const run = (env: Readonly<Record<string, string>>) => celeriac(inMemory, { ...stopping, env })

  it("is where NODE_COMPILE_CACHE says", async () => {
    const cache = join(folder, "cache")
    assert.strictEqual((await run({ NODE_COMPILE_CACHE: cache })).code, 0)
    assert.isTrue(existsSync(cache))
  })

  it("is nowhere when NODE_DISABLE_COMPILE_CACHE is set", async () => {
    const cache = join(folder, "disabled")
    assert.strictEqual((await run({ NODE_COMPILE_CACHE: cache, NODE_DISABLE_COMPILE_CACHE: "1" })).code, 0)
    assert.isFalse(existsSync(cache))
  })

  it("is done without where it cannot be written", async () => {
    const file = join(folder, "a-file")
    writeFileSync(file, "")
    assert.strictEqual((await run({ NODE_COMPILE_CACHE: join(file, "cache") })).code, 0)
  })

  it("lies in the node_modules of an installation", async () => {
    const installed = join(folder, "app", "node_modules", "celeriac")
    mkdirSync(installed, { recursive: true })
    const enable = join(installed, "CompileCache.mjs")
    writeFileSync(enable, stripTypeScriptTypes(readFileSync(cli("app/CompileCache.ts"), "utf8")))
    const main = join(folder, "app", "main.mjs")
    writeFileSync(
      main,
      `import { enable } from ${
        JSON.stringify(enable)
      }\nimport * as module from "node:module"\nenable()\nconsole.log(module.getCompileCacheDir())\n`
    )
    const { stdout } = await node([main])
    assert.include(stdout, join("app", "node_modules", ".cache", "celeriac"))
  })
})
