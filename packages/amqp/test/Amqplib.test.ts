/** What is looked at before amqplib is used below its public API. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { vi } from "vitest"
import * as AmqpTransport from "../src/AmqpTransport.ts"
import { withAmqplib } from "./fixtures/OtherAmqplib.ts"

const installed = dirname(createRequire(import.meta.url).resolve("amqplib"))

/** What is said of a copy of amqplib in which files were changed: by their name, what is replaced by what. */
const verdict = async (changes: Readonly<Record<string, readonly [string | RegExp, string]>>) => {
  const folder = mkdtempSync(join(tmpdir(), "amqplib-"))
  try {
    cpSync(installed, folder, { recursive: true })
    for (const [file, [from, to]] of Object.entries(changes)) {
      const text = readFileSync(join(folder, file), "utf8")
      const changed = text.replaceAll(typeof from === "string" ? from : new RegExp(from, "g"), to)
      assert.notStrictEqual(changed, text, `${file} is changed`)
      writeFileSync(join(folder, file), changed)
    }
    return await withAmqplib(folder, async () => {
      vi.resetModules()
      const { load } = await import("../src/internal/Amqplib.ts")
      const result = load()
      return Result.isSuccess(result) ? "fits" : result.failure
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const version = (to: string) => ({ "package.json": [/"version": "[^"]+"/, `"version": "${to}"`] as const })

const advice = "Install amqplib@~2.3.1"

describe("amqplib", () => {
  it("fits as it is installed, and so does a later patch", async () => {
    assert.strictEqual(await verdict({}), "fits")
    assert.strictEqual(await verdict(version("2.3.99")), "fits")
  })

  it("is refused in another version, in a sentence that says which one fits", async () => {
    for (const other of ["2.3.0", "2.4.0", "3.3.1", "1.0.3", "2.3.1-rc.1"]) {
      assert.strictEqual(
        await verdict(version(other)),
        `amqplib ${other} does not fit @celeriac/amqp: it is another version. ${advice}`
      )
    }
  })

  it("is refused when a member is gone or is something else, and the sentence names it", async () => {
    const table: ReadonlyArray<readonly [file: string, from: string, to: string, named: string]> = [
      ["lib/connection.js", "onSocketError", "onSocketTrouble", "connection.onSocketError"],
      ["lib/connection.js", "this.sentSinceLastCheck = false", "this.sentSinceLastCheck = 0", "sentSinceLastCheck"],
      ["lib/channel.js", "closeBecause", "closeSince", "channel.closeBecause"],
      ["lib/channel.js", "module.exports.acceptMessage = ", "module.exports.takeMessage = ", "acceptMessage"],
      ["lib/defs.js", "module.exports.QueuePurge = ", "module.exports.QueueWash = ", "defs.QueuePurge"],
      ["lib/format.js", "with message", "saying", "format.closeMessage"],
      ["lib/codec.js", "module.exports.decodeFields = ", "module.exports.readFields = ", "decodeFields"],
      ["lib/error.js", "module.exports.stackCapture = ", "module.exports.traceCapture = ", "stackCapture"]
    ]
    for (const [file, from, to, named] of table) {
      const said = await verdict({ [file]: [from, to] })
      assert.include(said, named, `${file}: ${from}`)
      if (named !== "fits") {
        assert.match(said, /^amqplib 2\.3\.\d+ does not fit @celeriac\/amqp: it has no .+\. Install/)
      }
    }
  })

  it("is refused when it encodes tables itself, which Python's clients cannot read", async () => {
    assert.include(
      await verdict({
        "lib/defs.js": [/encodeTable\(SCRATCH/, "require('./codec').theirs(SCRATCH"],
        "lib/codec.js": [
          "module.exports.encodeTable = encodeTable;",
          "module.exports.encodeTable = encodeTable; module.exports.theirs = encodeTable;"
        ]
      }),
      "codec.encodeTable"
    )
  })

  it("is refused when a module of it is gone", async () => {
    assert.include(await verdict({ "lib/defs.js": [/^/, "throw new Error('gone');"] }), "it cannot be loaded: gone")
  })

  it.effect("that does not fit is a mistake in the configuration, and not tried again", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "amqplib-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      cpSync(installed, folder, { recursive: true })
      writeFileSync(join(folder, "package.json"), JSON.stringify({ version: "9.9.9", main: "channel_api.js" }))
      const error = yield* Effect.promise(() =>
        withAmqplib(folder, async () => {
          vi.resetModules()
          const fresh: typeof AmqpTransport = await import("../src/AmqpTransport.ts")
          const { make } = await import("../src/AmqpConfig.ts")
          const transport = fresh.make(Result.getOrThrow(make({ url: "amqp://localhost:1" })))
          return Effect.runPromise(Effect.scoped(Effect.flip(transport.connect())))
        })
      )
      assert.isFalse(error.isRecoverable)
      assert.include(error.message, "connect: amqplib 9.9.9 does not fit @celeriac/amqp")
    }))
})
