import { afterAll, assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL("..", import.meta.url))
// Below the checkout, where its imports are found.
const folder = mkdtempSync(join(here, "test", "fixtures", "autoreload-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

const worker = `
import * as Worker from "celeriac/Worker"
import { version } from "./version.ts"
console.error("this is " + version)
export default Worker.make({ tasks: [] })
`

describe("celeriac worker --autoreload", () => {
  it(
    "starts anew with what has changed in a file that the module imports, and goes on as it was when that does not load",
    async () => {
      write("worker.ts", worker)
      write("version.ts", "export const version = \"one\"\n")
      let said = ""
      const child = spawn(
        process.execPath,
        [join(here, "src/cli/main.ts"), "worker", "-A", "worker.ts", "-b", "memory://", "--autoreload", "-l", "info"],
        { cwd: folder, env: { ...process.env, NO_COLOR: "1" }, stdio: ["ignore", "ignore", "pipe"], timeout: 100_000 }
      )
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
      /** Until it has said so after what it had said before; it says what it said when it ends without. */
      const hears = (text: string) =>
        new Promise<void>((resolve, reject) => {
          const from = said.length
          const look = () => {
            if (!said.slice(from).includes(text)) return
            child.stderr.off("data", look)
            resolve()
          }
          child.stderr.on("data", look)
          child.on("close", () => reject(new Error(said)))
        })
      child.stderr.on("data", (data) => {
        said += data
      })
      try {
        await hears(" ready.")
        assert.include(said, "this is one")
        const refused = hears("The worker goes on as it was")
        write("version.ts", "export const version = \n")
        await refused
        assert.match(said, /autoreload: worker\.ts could not be loaded: SyntaxError: .*version\.ts/)
        const again = hears(" ready.")
        write("version.ts", "export const version = \"two\"\n")
        await again
        assert.include(said, "worker: Restarting (MainProcess)")
        assert.isAbove(said.lastIndexOf("this is two"), said.indexOf("worker: Restarting"))
        child.kill("SIGTERM")
        assert.strictEqual(await ended, 0)
      } finally {
        child.kill("SIGKILL")
      }
    },
    120_000
  )
})
