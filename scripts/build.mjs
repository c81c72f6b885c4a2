/** `npm run build`: JavaScript, declarations and maps of every package in its `dist`, ready to be packed. */
import { chmodSync, existsSync } from "node:fs"
import { join } from "node:path"
import { install, node, root, run } from "./workspace.mjs"

install()
const { code, output } = await run(
  node,
  [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", "tsconfig.build.json", ...process.argv.slice(2)],
  { seconds: 180 }
)
process.stdout.write(output)
const command = join(root, "packages", "celeriac", "dist", "cli", "main.js")
if (existsSync(command)) chmodSync(command, 0o755)
process.exit(code)
