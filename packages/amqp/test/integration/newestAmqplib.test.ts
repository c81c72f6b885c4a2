/**
 * RabbitMQ through the newest patch of amqplib that the range allows does what
 * every transport must do: users may have it before we do.
 */
import { suite } from "@celeriac/messaging/testing/TransportConformance"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { afterAll } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import manifest from "../../package.json" with { type: "json" }
import { replaceAmqplib } from "../fixtures/OtherAmqplib.ts"

const run = promisify(execFile)
const range = manifest.dependencies.amqplib
const installed = dirname(createRequire(import.meta.url).resolve("amqplib"))
const scratch = mkdtempSync(join(tmpdir(), "amqplib-newest-"))
afterAll(() => rmSync(scratch, { recursive: true }))

const versionIn = (folder: string): string => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version

/** Where the newest is; the installed one when the registry is not reached. */
const folder = await run("npm", ["pack", `amqplib@${range}`, "--pack-destination", scratch, "--silent"], {
  cwd: scratch,
  timeout: 30_000
}).then(
  async ({ stdout }) => {
    await run("tar", ["-xzf", join(scratch, stdout.trim().split("\n").at(-1) ?? ""), "-C", scratch])
    return join(scratch, "package")
  },
  (error: unknown) => {
    const why = String(error instanceof Error ? error.message : error).split("\n")[0]
    process.stdout.write(`amqplib ${versionIn(installed)}, as installed: the registry was not reached (${why})\n`)
    return installed
  }
)

const restore = replaceAmqplib(folder)
const { load } = await import("../../src/internal/Amqplib.ts")
const loaded = load()
restore()

const AmqpTransport = await import("../../src/AmqpTransport.ts")

describe(`amqplib ${versionIn(folder)}`, () => {
  it(`is the newest of ${range}, and fits`, () => {
    assert.isTrue(Result.isSuccess(loaded), Result.isFailure(loaded) ? loaded.failure : "")
  })
})

suite(`amqp with amqplib ${versionIn(folder)}`, {
  layer: AmqpTransport.layer({ url: brokerUrl() }),
  exactPrefetch: false
})
