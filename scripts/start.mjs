/** `npm start`: installs what is missing and runs the quick start; further arguments are passed on. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { environment, install, node, root } from "./workspace.mjs"

install()
const { status, signal } = spawnSync(
  node,
  [join(root, "examples", "01-quickstart", "main.ts"), ...process.argv.slice(2)],
  { cwd: root, env: environment(), stdio: "inherit" }
)
process.exit(status ?? (signal === "SIGINT" ? 130 : 143))
