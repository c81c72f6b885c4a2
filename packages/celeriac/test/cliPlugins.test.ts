/** Commands of installed packages. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { celeriac, fixture } from "./fixtures/Command.ts"

let cwd: string

const command = (name: string, body: string) =>
  [
    `import * as Command from "effect/cli/Command"`,
    `import * as Flag from "effect/cli/Flag"`,
    `import * as Console from "effect/Console"`,
    `import * as Effect from "effect/Effect"`,
    `export default Command.make("${name}", { port: Flag.Int("port").pipe(Flag.withDefault(5555)) }, ({ port }) => ${body})`
  ].join("\n")

const manifest = (name: string, commands: object, more: object = {}) =>
  JSON.stringify({ name, type: "module", celeriac: { commands }, ...more })

beforeAll(() => {
  cwd = mkdtempSync(fixture("plugins-"))
  const files = {
    "package.json": manifest("proj", { own: "./own.js" }, {
      dependencies: { "celeriac-flower": "1", "celeriac-broken": "1", "not-there": "1" }
    }),
    "own.js": command("own", `Console.log("own " + port)`),
    "node_modules/celeriac-flower/package.json": manifest("celeriac-flower", {
      flower: "../../../flower.ts",
      worker: "../../../flower.ts"
    }),
    "node_modules/celeriac-broken/package.json": manifest("celeriac-broken", {
      broken: "./broken.js",
      nothing: "./nothing.js",
      renamed: "./renamed.js"
    }),
    "node_modules/celeriac-broken/broken.js": `throw new Error("no amqp://u:s3cret@host/")`,
    "node_modules/celeriac-broken/nothing.js": `export const nothing = 1`,
    "node_modules/celeriac-broken/renamed.js": command("other", "Effect.void"),
    "sub/folder/keep": ""
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
})

afterAll(() => rmSync(cwd, { recursive: true, force: true }))

describe.concurrent("commands of installed packages", () => {
  it("are run, with the broker and their own flags", async () => {
    const { code, stderr, stdout } = await celeriac(["-b", "memory://", "-q", "flower", "--port", "8080"], { cwd })
    assert.deepStrictEqual([code, stdout], [0, "port 8080, quiet true, sent one\n"], stderr)
  })

  it("may be the project's own, and are found from the folders in it", async () => {
    const { code, stderr, stdout } = await celeriac(["own"], { cwd: join(cwd, "sub", "folder") })
    assert.deepStrictEqual([code, stdout], [0, "own 5555\n"], stderr)
  })

  it("are listed in the help, and meant by what is nearly their name", async () => {
    const { stdout } = await celeriac(["--help"], { cwd })
    assert.match(stdout, /Of installed packages:\n(.*\n)* +flower +Of the package celeriac-flower/)
    assert.match((await celeriac(["flowr"], { cwd })).stderr, /there is no command flowr\. Did you mean flower\?/)
  })

  it("do not take the place of ours", async () => {
    const { stdout } = await celeriac(["worker", "--help"], { cwd })
    assert.include(stdout, "--concurrency")
  })

  for (
    const [name, why] of [
      ["broken", /could not be loaded: no amqp:\/\/u:\*\*@host/],
      ["nothing", /nothing\.js has no command as its default export/],
      ["renamed", /the command calls itself 'other'/]
    ] as const
  ) {
    it(`that do not load say so when they are called, and spoil nothing: ${name}`, async () => {
      const { code, stderr } = await celeriac([name], { cwd })
      assert.strictEqual(code, 1)
      assert.match(
        stderr,
        new RegExp(`^celeriac: the command ${name} of the package celeriac-broken could not be loaded`)
      )
      assert.match(stderr, why)
    })
  }
})
