/**
 * The packages as people install them, in a temporary folder: JavaScript in
 * `node_modules`, and the scenarios beside it. Stripping types at run time
 * would cost memory and time that no user pays.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { run } from "../test/peers/Process.ts"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ours = ["bootsteps", "messaging", "amqp", "tasks", "worker"] as const

export interface Published {
  /** The file of a program in JavaScript: `raw`, `celeriac`. */
  readonly program: (name: string) => string
  readonly remove: () => void
}

export const publish = async (): Promise<Published> => {
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", join(root, "tsconfig.build.json")])
  const folder = mkdtempSync(join(tmpdir(), "celeriac-bench-"))
  const modules = join(folder, "node_modules")
  mkdirSync(join(modules, "@celeriac"), { recursive: true })
  for (const name of ours) {
    const source = join(root, "packages", name)
    const target = join(modules, "@celeriac", name)
    const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"))
    cpSync(join(source, "dist"), join(target, "dist"), { recursive: true })
    writeFileSync(join(target, "package.json"), JSON.stringify({ ...manifest, ...manifest.publishConfig }))
  }
  for (const name of ["effect", "amqplib"]) symlinkSync(join(root, "node_modules", name), join(modules, name))

  const scenarios = join(root, "bench", "scenarios")
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  for (const file of readdirSync(scenarios)) {
    const code = stripTypeScriptTypes(readFileSync(join(scenarios, file), "utf8"))
    writeFileSync(join(folder, file.replace(/\.ts$/, ".js")), code.replace(/(from "\.\/\w+)\.ts"/g, "$1.js\""))
  }
  return {
    program: (name) => join(folder, `${name}.js`),
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}
