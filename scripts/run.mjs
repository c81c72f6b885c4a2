/** Installs what is missing, then runs a file or one of the installed commands with the project's Node. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { install, node, root, run } from "./workspace.mjs"

const [what, ...args] = process.argv.slice(2)
if (what === undefined) {
  console.error("usage: run.mjs <file.ts | tsc | vitest | …> [arguments]")
  process.exit(2)
}
install()
const bin = join(root, "node_modules", ".bin", what)
const { code } = await run(node, [existsSync(bin) ? bin : what, ...args], { quiet: false })
process.exit(code)
