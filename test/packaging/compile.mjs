/**
 * Compiles a program with every compiler and setting that a user may have:
 * `node compile.mjs <program> <TypeScript with an API> <TypeScript's tsc> <folder of @types>`.
 * Prints what those say that complain, and nothing when all is well.
 */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

const [program, api, tsc, typeRoots] = process.argv.slice(2)
const lib = ["ES2024", "DOM", "DOM.AsyncIterable"]

const settings = ["NodeNext", "Bundler"].flatMap((moduleResolution) =>
  [true, false].flatMap((exactOptionalPropertyTypes) =>
    [["node"], []].map((types) => ({
      target: "ES2024",
      lib,
      module: moduleResolution === "Bundler" ? "ESNext" : "NodeNext",
      moduleResolution,
      exactOptionalPropertyTypes,
      types,
      typeRoots: [typeRoots],
      strict: true,
      noEmit: true,
      // Once is enough, and costs as much as all the rest: our own declarations, without those of Node.
      skipLibCheck: types.length > 0 || moduleResolution === "Bundler" || !exactOptionalPropertyTypes
    }))
  )
)

const shown = ({ exactOptionalPropertyTypes, moduleResolution, types }) =>
  `${moduleResolution}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes}, types [${types}]`

/** In one process, each file parsed once for each way of resolution. */
const compileByApi = () => {
  const ts = createRequire(import.meta.url)(api)
  const files = new Map()
  for (const setting of settings) {
    const { errors, options } = ts.convertCompilerOptionsFromJson({ ...setting, skipLibCheck: true }, process.cwd())
    const host = ts.createCompilerHost(options)
    const read = host.getSourceFile
    host.getSourceFile = (name, ...rest) => {
      const key = `${setting.moduleResolution} ${name}`
      if (!files.has(key)) files.set(key, read(name, ...rest))
      return files.get(key)
    }
    const found = [...errors, ...ts.getPreEmitDiagnostics(ts.createProgram([program], options, host))]
    if (found.length > 0) {
      console.log(`TypeScript ${ts.version}, ${shown(setting)}: ${ts.formatDiagnostics(found, host)}`)
    }
  }
}

/** In one process as well, as projects that know nothing of each other. */
const compileByCommand = () => {
  const projects = settings.map((setting, index) => {
    const file = join(process.cwd(), `tsconfig.${index}.json`)
    writeFileSync(file, JSON.stringify({ compilerOptions: setting, files: [program] }))
    return file
  })
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-b", ...projects], { encoding: "utf8" })
  if (status !== 0) console.log(`TypeScript of the project: ${stdout}`)
}

compileByApi()
compileByCommand()
