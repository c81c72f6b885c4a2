/** `npm run clean`: removes what builds and tests have made; `-- --all` removes what was installed too. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { packages, root } from "./workspace.mjs"

const made = [".cache", "coverage", "packed", ...packages.map((name) => join("packages", name, "dist"))]
const installed = ["node_modules", join("tools", "node_modules")]
for (const path of process.argv.includes("--all") ? [...made, ...installed] : made) {
  rmSync(join(root, path), { recursive: true, force: true })
}
