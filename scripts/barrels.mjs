/**
 * `npm run barrels`: writes each package's `src/index.ts`, one line per module.
 *
 * A module is a file named by a noun (`Pool.ts`). Files in lower case are entry
 * points of processes and threads, `internal/` is nobody's business, and
 * `testing/` is imported by its own path, so that no production import loads
 * it. `celeriac` holds no modules of its own and says by hand what it exports.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { pathToFileURL } from "node:url"
import { filesIn } from "./files.mjs"
import { packages, root } from "./workspace.mjs"

const capital = (word) => word[0].toUpperCase() + word.slice(1)

/** The modules of a package by the name under which the barrel exports them. */
export const modulesOf = (source) => {
  const files = filesIn(source, ".ts")
    .map((file) => relative(source, file).replaceAll("\\", "/"))
    .filter((file) => !/(^|\/)(internal|testing)\//.test(file) && /(^|\/)[A-Z]\w*\.ts$/.test(file))
  const nameOf = (file) => file.split("/").at(-1).replace(".ts", "")
  const folderOf = (file) => file.split("/").at(-2) ?? ""
  const rivals = (file) => files.filter((other) => nameOf(other) === nameOf(file))
  // The plain name goes to the module nearest to the roof, or in the folder of its own name.
  const owns = (file) =>
    rivals(file).length === 1 || !file.includes("/") ||
    capital(folderOf(file)) === nameOf(file) && rivals(file).every((other) => other.includes("/"))
  return files
    .map((file) => ({ file, name: owns(file) ? nameOf(file) : capital(folderOf(file)) + nameOf(file) }))
    .sort((a, b) => a.name < b.name ? -1 : 1)
}

/** What `src/index.ts` should be; its own opening comment is kept. */
export const barrel = (source, packageName) => {
  const index = join(source, "index.ts")
  const opening = existsSync(index) ? /^\/\*\*[\s\S]*?\*\/\n/.exec(readFileSync(index, "utf8"))?.[0] : undefined
  const modules = modulesOf(source)
  const lines = modules.map(({ file, name }) => `export * as ${name} from "./${file}"\n`)
  return `${opening ?? `/** Every module of \`${packageName}\`, by its name. */\n`}${lines.join("") || "export {}\n"}`
}

/** The packages whose barrel is generated, with what it should be. */
export const barrels = () =>
  packages.filter((name) => name !== "celeriac").map((name) => {
    const source = join(root, "packages", name, "src")
    return { index: join(source, "index.ts"), text: barrel(source, `@celeriac/${name}`) }
  })

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [mode, ...rest] = process.argv.slice(2)
  if (!["--check", "--write"].includes(mode) || rest.length > 0) {
    console.error("usage: barrels.mjs --check | --write")
    process.exit(2)
  }
  const stale = barrels().filter(({ index, text }) => !existsSync(index) || readFileSync(index, "utf8") !== text)
  for (const { index, text } of stale) {
    if (mode === "--write") writeFileSync(index, text)
    console.log(`${mode === "--write" ? "wrote" : "out of date:"} ${relative(root, index)}`)
  }
  process.exit(mode === "--check" && stale.length > 0 ? 1 : 0)
}
