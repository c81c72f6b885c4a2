/**
 * Puts what every child of a pool loads into one file: of Effect, of these
 * packages, and what tasks are written with. Loading some 300 modules is most of
 * what it takes until a child is up, and of the memory it has then.
 *
 * Beside that file lies one for each module in it, which exports from there what
 * the module does: a child loads these in their places, see `Condensed`. Nothing
 * is left out, so that whatever else is loaded finds all that it may import.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./workspace.mjs"

const ours = ["bootsteps", "messaging", "tasks", "worker"]

const roots = [
  "@celeriac/worker/pool/internal/child/Host",
  "@celeriac/worker/pool/internal/child/Wire",
  "@celeriac/worker/pool/internal/child/Outline",
  "@celeriac/tasks/Task",
  "@celeriac/tasks/TaskContext",
  "effect/Effect",
  "effect/Layer",
  "effect/Context",
  "effect/Schema"
]

/** Of a checkout whose packages are built. */
export const condense = async (checkout = root) => {
  const { build } = await import("esbuild")
  const folders = new Map([
    ["effect", join(checkout, "node_modules", "effect")],
    ...ours.map((name) => [`@celeriac/${name}`, join(checkout, "packages", name)])
  ])
  const out = join(checkout, "packages", "worker", "dist", "pool", "internal", "child", "condensed")
  rmSync(out, { recursive: true, force: true })

  const fileOf = (specifier) => {
    for (const [name, folder] of folders) {
      if (specifier.startsWith(`${name}/`)) return join(folder, "dist", `${specifier.slice(name.length + 1)}.js`)
    }
    return undefined
  }
  const resolving = {
    name: "resolving",
    setup: ({ onResolve }) =>
      onResolve({ filter: /.*/ }, ({ importer, kind, path }) => {
        // What is loaded when it is needed stays where it is.
        if (kind === "dynamic-import" && path.startsWith(".")) {
          return { path: slashed(relative(out, join(dirname(importer), path))), external: true }
        }
        const file = fileOf(path)
        return file === undefined ? undefined : { path: file }
      })
  }
  const common = {
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    absWorkingDir: checkout,
    metafile: true,
    logLevel: "warning",
    plugins: [resolving]
  }
  const of = (contents) => ({ stdin: { contents: contents.join("\n"), resolveDir: checkout } })
  const { metafile } = await build({
    ...common,
    ...of(roots.map((path) => `import ${JSON.stringify(path)}`)),
    ignoreAnnotations: true,
    write: false
  })
  const files = Object.keys(metafile.inputs).filter((file) => file !== "<stdin>").map((file) => join(checkout, file))
  const lines = []
  const modules = []
  for (const [index, file] of files.entries()) {
    // It knows where it is.
    if (/import\.meta\./.test(withoutComments(readFileSync(file, "utf8")))) continue
    const [name, folder] = [...folders].find(([, folder]) => file.startsWith(join(folder, "dist") + sep)) ?? []
    if (name === undefined) continue
    const module = `${name}/${slashed(relative(join(folder, "dist"), file))}`
    const names = Object.keys(await import(pathToFileURL(file).href))
    const own = (as) => `m${index}$${as}`
    const path = JSON.stringify(file)
    lines.push(
      names.length === 0 ? `import ${path}` : `export {${names.map((as) => `${as} as ${own(as)}`)}} from ${path}`
    )
    const place = join(out, module)
    const whole = JSON.stringify(`./${slashed(relative(dirname(place), join(out, "all.js")))}`)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(
      place,
      names.length === 0 ? `import ${whole}\n` : `export {${names.map((as) => `${own(as)} as ${as}`)}} from ${whole}\n`
    )
    modules.push(module)
  }
  await build({
    ...common,
    ...of(lines),
    outfile: join(out, "all.js"),
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    banner: { js: "// With Effect, (c) Effectful Technologies Inc, MIT licence: see the package effect." }
  })
  const versions = Object.fromEntries(
    Array.from(
      folders,
      ([name, folder]) => [name, JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version]
    )
  )
  writeFileSync(join(out, "modules.json"), JSON.stringify({ versions, modules }))
}

const withoutComments = (code) => code.replace(/^\s*(\*|\/[/*]).*$/gm, "")

const slashed = (path) => path.split(sep).join("/")
