/** `npm run pack`: builds every package and packs it into `packed`, to be installed elsewhere from there. */
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { install, node, npm, packages, root, run } from "./workspace.mjs"

install()
const { code, output } = await run(node, [join(root, "scripts", "build.mjs")], { seconds: 180 })
if (code !== 0) {
  process.stdout.write(output)
  process.exit(code)
}
const folder = join(root, "packed")
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const workspaces = packages.map((name) => `--workspace=packages/${name}`)
if (!npm(["pack", "--silent", `--pack-destination=${folder}`, ...workspaces])) process.exit(1)
console.log(`
Install it in a project of yours:

    npm install effect@4.1.0 @effect/platform-node@4.1.0 ${join(folder, "celeriac-*.tgz")}
`)
