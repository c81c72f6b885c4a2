/**
 * The packages as people install them, in a temporary folder: JavaScript in
 * `node_modules`, and the scenarios beside it. Stripping types at run time
 * would cost memory and time that no user pays.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { run } from "../test/peers/Process.ts"

const here = dirname(dirname(fileURLToPath(import.meta.url)))
const ours = ["bootsteps", "messaging", "amqp", "tasks", "redis", "worker", "beat", "celeriac"] as const

export interface Published {
  /** The file of a program in JavaScript: `raw`, `celeriac`, `worker`. */
  readonly program: (name: string) => string
  /** The file of the `celeriac` command. */
  readonly command: string
  readonly remove: () => void
}

/** The packages of a checkout; a scenario that it does not have is taken from this one. */
export const publish = async (root: string = here): Promise<Published> => {
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", join(root, "tsconfig.build.json")])
  // One of before has none.
  const condense = join(root, "scripts", "condense.mjs")
  if (existsSync(condense)) await (await import(condense)).condense(root)
  const folder = mkdtempSync(join(tmpdir(), "celeriac-bench-"))
  const modules = join(folder, "node_modules")
  mkdirSync(join(modules, "@celeriac"), { recursive: true })
  // What the contenders need that no package of ours does.
  const borrowed = new Set<string>(["bullmq", "ioredis"])
  for (const name of ours) {
    const source = join(root, "packages", name)
    const target = join(modules, name === "celeriac" ? name : join("@celeriac", name))
    const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"))
    cpSync(join(source, "dist"), join(target, "dist"), { recursive: true })
    writeFileSync(join(target, "package.json"), JSON.stringify({ ...manifest, ...manifest.publishConfig }))
    for (const other of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) borrowed.add(other)
  }
  for (const name of borrowed) {
    if (name.startsWith("@celeriac/")) continue
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, "node_modules", name), join(modules, name))
  }

  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  const scenarios = new Map([here, root].flatMap((checkout) => {
    const files = join(checkout, "bench", "scenarios")
    return readdirSync(files).map((file) => [file, join(files, file)])
  }))
  for (const [file, path] of scenarios) {
    const code = stripTypeScriptTypes(readFileSync(path, "utf8"))
    writeFileSync(join(folder, file.replace(/\.ts$/, ".js")), code.replace(/(from "\.\/\w+)\.ts"/g, "$1.js\""))
  }
  return {
    program: (name) => join(folder, `${name}.js`),
    command: join(modules, "celeriac", "dist", "cli", "main.js"),
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}
