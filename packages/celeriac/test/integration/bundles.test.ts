/**
 * Programs that start their worker themselves, by bundlers as people use them:
 * amqplib is inside, with the plugin, or is found where the program runs.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as AmqpBundling from "celeriac/AmqpBundling"
import * as esbuild from "esbuild"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { esbuilt, rolled } from "../fixtures/Bundles.ts"
import { fixture, node } from "../fixtures/Command.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-bundles-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Where amqplib is installed, and nothing else. */
const withAmqplib = join(folder, "with")
const without = join(folder, "without")
mkdirSync(join(withAmqplib, "node_modules"), { recursive: true })
mkdirSync(without)
symlinkSync(
  dirname(createRequire(import.meta.url).resolve("amqplib")),
  join(withAmqplib, "node_modules", "amqplib")
)

/** No broker is there, which is noticed by who has an amqplib. */
const away = "amqp://127.0.0.1:1//"

const triesToConnect = async (file: string, cwd: string) => {
  const { stderr } = await node([file, away], { cwd })
  assert.match(stderr, /Cannot connect to amqp:\/\/guest:\*\*@127\.0\.0\.1:1\//)
  assert.notInclude(stderr, "amqplib")
}

describe("a bundle", () => {
  for (const [bundler, make] of [["esbuild", esbuilt], ["rollup", rolled]] as const) {
    for (const format of ["esm", "cjs"] as const) {
      const name = format === "esm" ? "main.mjs" : "main.cjs"

      it(`of ${bundler}, ${format}, with amqplib inside, runs where nothing is installed`, async () => {
        const file = join(without, `${bundler}-${name}`)
        await make(format, file, "inside")
        await triesToConnect(file, without)
      }, 120_000)

      it(
        `of ${bundler}, ${format}, with amqplib outside, takes the one beside it, and says when there is none`,
        async () => {
          const file = join(withAmqplib, `${bundler}-${name}`)
          await make(format, file, "outside")
          await triesToConnect(file, folder)
          const other = join(without, `outside-${bundler}-${name}`)
          copyFileSync(file, other)
          const { stderr } = await node([other, away], { cwd: without })
          assert.match(stderr, /amqplib .*cannot be loaded: it is not installed where it is looked for .*AmqpBundling/)
        },
        120_000
      )
    }
  }

  it("leaves the application's own amqplib as it is", async () => {
    const entry = join(without, "own.mjs")
    const amqplib = createRequire(import.meta.url).resolve("amqplib")
    writeFileSync(
      entry,
      [
        `import codec from ${JSON.stringify(join(dirname(amqplib), "lib", "codec.js"))}`,
        `import { load } from ${JSON.stringify(fixture("../../../amqp/src/internal/Amqplib.ts"))}`,
        `const before = codec.encodeTable`,
        `console.log(load()._tag, codec.encodeTable === before)`
      ].join("\n")
    )
    const outfile = join(without, "own-bundle.mjs")
    const plugins = [AmqpBundling.esbuild()]
    await esbuild.build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      plugins,
      ...requires
    })
    assert.strictEqual((await node([outfile])).stdout, "Success true\n")
  })
})

/** What esbuild leaves to its users for CommonJS inside of ESM. */
const requires = {
  banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)` }
}
