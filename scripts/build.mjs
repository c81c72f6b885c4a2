/** `npm run build`: JavaScript, declarations and maps of every package in its `dist`, ready to be packed. */
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { condense } from "./condense.mjs"
import { install, node, root, run } from "./workspace.mjs"

/** What was built of a file that is gone would be packed too. */
const sweep = (folder) => {
  const dist = join(folder, "dist")
  if (!existsSync(dist)) return
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    const [, stem] = /^(.*?)\.(?:d\.ts|js)(?:\.map)?$/.exec(file) ?? []
    if (stem !== undefined && !existsSync(join(folder, "src", `${stem}.ts`))) rmSync(join(dist, file))
  }
}

const packages = join(root, "packages")
for (const name of readdirSync(packages)) sweep(join(packages, name))

install()
const { code, output } = await run(
  node,
  [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", "tsconfig.build.json", ...process.argv.slice(2)],
  { seconds: 180 }
)
process.stdout.write(output)
if (code === 0) await condense()
const command = join(root, "packages", "celeriac", "dist", "cli", "main.js")
if (existsSync(command)) chmodSync(command, 0o755)
process.exit(code)
