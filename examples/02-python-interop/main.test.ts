/** Without its broker the example says what it needs; with one, `packages/celeriac/test/integration` runs it. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("main.ts", import.meta.url))

describe("the example 02-python-interop", () => {
  it("asks for a broker when it is told of none", async () => {
    const { CELERIAC_BROKER_URL: _1, CELERY_BROKER_URL: _2, ...env } = process.env
    const ended = await new Promise<{ code: number | null; output: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [main],
        { env, timeout: 100_000 },
        (_, stdout, stderr) => resolve({ code: child.exitCode, output: stdout + stderr })
      )
    })
    assert.strictEqual(ended.code, 1)
    assert.match(ended.output, /^This example needs a RabbitMQ: set CELERIAC_BROKER_URL, .*\n$/)
  })
})
