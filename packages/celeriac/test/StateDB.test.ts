import { afterAll, assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { celeriac, fixture } from "./fixtures/Command.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-statedb-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const worker = (file: string, after: string) =>
  celeriac(["worker", "-A", fixture("revoking.ts"), "-b", "memory://", "-n", "w1@host", "--statedb", file], {
    signals: [[after, "SIGKILL"]]
  })

describe("celeriac worker --statedb", () => {
  it("keeps what was revoked when it is killed in the same moment, again and again", async () => {
    const file = join(folder, "%n.db")
    let known = ""
    for (let n = 1; n <= 3; n++) {
      const revoked = `${known} task${n}`.trim()
      const { stderr } = await worker(file, `revoked: ${revoked}.`)
      assert.include(stderr, `known: ${known}.`)
      known = revoked
    }
  })
})
