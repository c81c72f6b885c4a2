import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { celeriac, fixture, node } from "./fixtures/Command.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-build-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const out = (name: string): string => join(folder, name)

const build = (...args: ReadonlyArray<string>) => celeriac(["build", ...args])

const stopping = { signals: [["ready.", "SIGTERM"]] } as const

/** A module beside what it imports, in a folder of its own: files by their paths. */
const project = (name: string, files: Readonly<Record<string, string>>): string => {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path)
    mkdirSync(join(file, ".."), { recursive: true })
    writeFileSync(file, text)
  }
  return join(folder, name)
}

// One build after another: each has the processors to itself.
describe("celeriac build", { timeout: 120_000 }, () => {
  it("says what it takes, with examples", async () => {
    const { code, stdout } = await celeriac(["build", "--help"])
    assert.strictEqual(code, 0)
    for (const flag of ["-o, --outfile", "--external", "--minify", "--target", "celeriac build ./worker.ts -o"]) {
      assert.include(stdout, flag)
    }
  })

  it("makes one file and its source map, and says how large they are and how long it took", async () => {
    const { code, stderr, stdout } = await build(fixture("worker.ts"), "-o", out("said.mjs"))
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, /said\.mjs {2}[\d,]+ kB, [\d,]+ kB of source map, in \d+\.\d s\n$/)
    assert.strictEqual(stderr, "")
    assert.isTrue(existsSync(out("said.mjs.map")))
  })

  it("takes the module of -A too, and writes to dist when it is not told where", async () => {
    const cwd = project("usual", { "worker.js": "export default 1\n" })
    const { code, stderr } = await celeriac(["build", "-A", "worker"], { cwd })
    assert.strictEqual(code, 0, stderr)
    assert.isTrue(existsSync(join(cwd, "dist", "worker.mjs")))
  })

  it("makes a smaller file when it is asked to", async () => {
    const said = async (...args: ReadonlyArray<string>) => {
      const { stdout } = await build(fixture("worker.ts"), "-o", out(`size${args.length}.mjs`), ...args)
      return Number(/ {2}([\d,]+) kB/.exec(stdout)?.[1]?.replaceAll(",", ""))
    }
    assert.isBelow(await said("--minify"), 0.75 * (await said()))
    // It is two builds.
  }, 120_000)

  for (
    const [args, message] of [
      [["./nowhere.ts"], /^celeriac: there is no module '.\/nowhere\.ts'/],
      [[fixture("worker.ts"), "-o", fixture("worker.ts")], /is the module itself/],
      [[fixture("worker.ts"), "-o", "worker.cjs"], /has to end in \.mjs/]
    ] as const
  ) {
    it(`refuses ${args.at(-1)} in one line`, async () => {
      const { code, stderr } = await build(...args)
      assert.strictEqual(code, 2)
      assert.match(stderr, message)
      assert.strictEqual(stderr.trimEnd().split("\n").length, 1)
    })
  }
})

describe("a module that cannot become one file", { timeout: 120_000 }, () => {
  for (
    const [what, files, message] of [
      ["is wrong", { "worker.ts": "export const = 1\n" }, /^celeriac: .*worker\.ts:1: Expected identifier/],
      [
        "imports what is not there",
        { "worker.ts": `import "nowhere-to-be-found"\n` },
        /Could not resolve "nowhere-to-be-found"\. Is it installed\? Or leave it out: --external nowhere-to-be-found/
      ],
      [
        "needs a native addon, below a package",
        {
          "worker.ts": `import "fast-db"\n`,
          "node_modules/fast-db/index.js": `module.exports = require("fast-db-addon")`,
          "node_modules/fast-db-addon/index.js": `module.exports = require("./build/addon.node")`,
          "node_modules/fast-db-addon/build/addon.node": ""
        },
        /fast-db cannot be put into the file: it loads a native addon \(by fast-db-addon\).*Leave it out with --external fast-db, and install it where the file runs/
      ],
      [
        "loads what it names while it runs",
        {
          "worker.ts": `import "@acme/plugins"\n`,
          "node_modules/@acme/plugins/index.js": `module.exports = (name) => require(name)`
        },
        /@acme\/plugins cannot be put into the file: it makes the names of what it loads while it runs.*--external @acme\/plugins/
      ]
    ] as const
  ) {
    it(`since it ${what}, is told so`, async () => {
      const cwd = project(what.replaceAll(/\W+/g, "-"), files)
      const { code, stderr } = await celeriac(["build", "worker.ts"], { cwd })
      assert.strictEqual(code, 1, stderr)
      assert.match(stderr, message)
    })
  }

  it("can be built without the package, which is looked for when the file runs", async () => {
    const cwd = project("external", {
      "worker.ts": `import "@acme/plugins"\n`,
      "node_modules/@acme/plugins/package.json": `{ "main": "index.js" }`,
      "node_modules/@acme/plugins/index.js": `console.log("a plugin"); module.exports = (name) => require(name)`
    })
    const built = await celeriac(["build", "worker.ts", "--external", "@acme/plugins"], { cwd })
    assert.strictEqual(built.code, 0, built.stderr)
    assert.include((await node([join(cwd, "dist", "worker.mjs")])).stdout, "a plugin")
  })
})

describe("a package with an Effect of its own", { timeout: 120_000 }, () => {
  it("has it in the file too", async () => {
    const cwd = project("own-effect", {
      "worker.ts": `import "acme-tasks"\n`,
      "node_modules/acme-tasks/package.json": `{ "type": "module", "exports": "./index.js" }`,
      "node_modules/acme-tasks/index.js": `import { whose } from "effect/Whose"; console.log(whose)`,
      "node_modules/acme-tasks/node_modules/effect/package.json":
        `{ "type": "module", "exports": { "./*": "./*.js" } }`,
      "node_modules/acme-tasks/node_modules/effect/Whose.js": `export const whose = "acme's own"`
    })
    const built = await celeriac(["build", "worker.ts"], { cwd })
    assert.strictEqual(built.code, 0, built.stderr)
    assert.include((await node([join(cwd, "dist", "worker.mjs")])).stdout, "acme's own")
  })
})

describe.concurrent("the file that was built", { timeout: 120_000 }, () => {
  const worker = out("worker.mjs")
  beforeAll(async () => {
    const { code, stderr } = await build(fixture("worker.ts"), "-o", worker, "--minify")
    assert.strictEqual(code, 0, stderr)
  })

  const run = (...args: ReadonlyArray<string>) => node([worker, "-b", "memory://", ...args], stopping)

  it("needs nothing beside it, and imports nothing but Node", () => {
    const imports = readFileSync(worker, "utf8").matchAll(/(?:^|;)import[^;()]*?from"([^"]+)"/gm)
    assert.deepStrictEqual(Array.from(imports, ([, name]) => name).filter((name) => !name!.startsWith("node:")), [])
  })

  it("does as celeriac worker does: banner, settings, flags, a warm stop", async () => {
    const built = await run("-c", "3", "-n", "w1@example.com", "-l", "info")
    assert.strictEqual(built.code, 0, built.stderr)
    const args = ["worker", "-A", fixture("worker.ts"), "-b", "memory://", "-c", "3", "-n", "w1@example.com"]
    const command = await celeriac([...args, "-l", "info"], stopping)
    assert.strictEqual(built.stdout, command.stdout)
    const untimed = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\d [\d:,]+/g, "")
    assert.strictEqual(untimed(built.stderr), untimed(command.stderr))
  })

  it("reads the environment", async () => {
    const env = { CELERIAC_BROKER_URL: "memory://", CELERIAC_CONCURRENCY: "5" }
    const { stdout } = await node([worker], { ...stopping, env })
    assert.include(stdout, ".> concurrency: 5 (fibers)")
  })

  it("stops cold on SIGQUIT", async () => {
    const { code } = await node([worker, "-b", "memory://"], { signals: [["ready.", "SIGQUIT"]] })
    assert.strictEqual(code, 1)
  })

  it("holds amqplib", async () => {
    const { stderr } = await node([worker, "-b", "amqp://127.0.0.1:1//"])
    assert.match(stderr, /Cannot connect to amqp:\/\/guest:\*\*@127\.0\.0\.1:1\/.*ECONNREFUSED|refused/)
    assert.notInclude(stderr, "amqplib")
  })

  it("says what its flags are, and its version", async () => {
    const help = await node([worker, "--help"])
    assert.strictEqual(help.code, 0)
    for (const flag of ["-b, --broker URL", "-Q, --queues NAMES", "-l, --loglevel LEVEL", "--json-logs"]) {
      assert.include(help.stdout, flag)
    }
    assert.match((await node([worker, "--version"])).stdout, /^celeriac v\d/)
  })

  for (
    const [args, message, code] of [
      [["--concurency", "3"], /^celeriac: there is no flag --concurency\. See --help\n$/, 2],
      [["-c", "0"], /^celeriac: -c is "0", and must be a whole number of at least 1.*\. See --help\n$/, 2],
      [["-l", "loud"], /-l is "loud", and must be one of debug, info/, 2],
      [["-c"], /-c wants a value/, 2],
      [["-c", "1", "--concurrency=2"], /--concurrency is there twice/, 2],
      [["-A", "other.ts"], /this file is made of .*worker\.ts, and runs no other module: leave -A out/, 2]
    ] as const
  ) {
    it(`refuses ${args.join(" ")}`, async () => {
      const ended = await node([worker, ...args])
      assert.strictEqual(ended.code, code)
      assert.match(ended.stderr, message)
    })
  }

  it("names the lines of the sources when it fails, and the classes as they were called", async () => {
    const lines = readFileSync(fixture("failing.ts"), "utf8").split("\n")
    const line = lines.findIndex((text) => text.includes("throw new OutOfStock")) + 1
    await build(fixture("failing.ts"), "-o", out("failing.mjs"), "--minify")
    const { stderr } = await node([out("failing.mjs"), "-b", "memory://"], {
      signals: [["nothing left for 3", "SIGTERM"]]
    })
    assert.include(stderr, `OutOfStock: nothing left for 3`)
    assert.match(stderr, new RegExp(`File ".*/fixtures/failing\\.ts", line ${line}, in ship`))
  })

  it("says what the module throws when it is loaded, and where", async () => {
    const cwd = project("throwing", { "worker.ts": "type A = 1\n\nthrow new RangeError(\"too far\")\n" })
    await celeriac(["build", "worker.ts"], { cwd })
    const { code, stderr } = await node(["dist/worker.mjs"], { cwd })
    assert.strictEqual(code, 1)
    assert.strictEqual(stderr, "celeriac: worker.ts could not be loaded: RangeError: too far (worker.ts:3)\n")
  })
})
