import { afterAll, assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { celeriac, fixture, main, node, program } from "./fixtures/Command.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-pools-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Compiled by one, loaded by all that come after. */
const env = { NODE_COMPILE_CACHE: join(folder, "cache"), CELERIAC_PROC_ALIVE_TIMEOUT: "100" }

const on = (pool: string) => ["-b", "memory://", "-c", "1", "-P", pool]

const told = (stdout: string): unknown => JSON.parse(/^\[\{.*\]$/m.exec(stdout)?.[0] ?? "null")

describe("a worker runs its tasks, and those send others,", { timeout: 120_000 }, () => {
  const worker = (name: string, pool: string) => celeriac(["worker", "-A", fixture(name), ...on(pool)], { env })

  it("in fibers, and loads nothing of children then", async () => {
    const hook = fixture("loadedChildren.mjs")
    const { stderr, stdout } = await node(
      ["--import", hook, main, "worker", "-A", fixture("asksItself.ts"), ...on("fibers")],
      { env }
    )
    assert.deepStrictEqual(told(stdout), [{ thread: false, child: false }, 36], stderr)
    assert.include(stdout, "0 files of children")
  })

  it("in threads", async () => {
    const { stderr, stdout } = await worker("asksItself.ts", "threads")
    assert.deepStrictEqual(told(stdout), [{ thread: true, child: true }, 36], stderr)
  })

  it("in processes, of an application of promises too", async () => {
    const { stderr, stdout } = await worker("asksPromises.ts", "processes")
    assert.deepStrictEqual(told(stdout), [{ thread: false, child: true }, 36], stderr)
  })

  it("of a program in one file, which is its own child", async () => {
    const file = join(folder, "built.mjs")
    const built = await celeriac(["build", fixture("asksItself.ts"), "-o", file], { env })
    assert.strictEqual(built.code, 0, built.stderr)
    for (const [pool, thread] of [["threads", true], ["processes", false]] as const) {
      const { code, stderr, stdout } = await program(file, on(pool), { env })
      assert.deepStrictEqual(told(stdout), [{ thread, child: true }, 36], stderr)
      assert.strictEqual(code, 0)
    }
  })
})
