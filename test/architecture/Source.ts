/** A source file as the rules of the architecture see it. */
import { readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { filesIn } from "../../scripts/files.mjs"
import { packages, root } from "../../scripts/workspace.mjs"

export interface Source {
  /** From the root of the checkout, as `packages/worker/src/pool/Pool.ts`. */
  readonly path: string
  readonly text: string
  /** What it imports and re-exports, types and dynamic imports included. */
  readonly imports: ReadonlyArray<string>
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const clause = String.raw`(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\w+|(?:\w+\s*,\s*)?\{[^}]*\})\s+from\s+`

/** What a text imports. Lines of comments do not count. */
export const importsOf = (text: string): ReadonlyArray<string> => {
  const statements = text.matchAll(new RegExp(`^(?:import|export)\\s+(?:${clause})?["']([^"']+)["']`, "gm"))
  const code = text.replace(/^\s*(?:\*|\/[/*]).*$/gm, "")
  const expressions = code.matchAll(/\b(?:import|require|require\.resolve)\(\s*["']([^"']+)["']/g)
  return [...statements, ...expressions].map((match) => match[1]!)
}

/** A source made of its path and text: for the sources on disk, and for samples. */
export const make = (path: string, text: string): Source => ({ path, text, imports: importsOf(text) })

/** Every source file of the packages. */
export const sources: ReadonlyArray<Source> = packages.flatMap((name) =>
  filesIn(join(root, "packages", name, "src"), ".ts")
    .map((file) => make(relative(root, file).replaceAll("\\", "/"), readFileSync(file, "utf8")))
)

/** Whatever else may name what a package exports: tests, examples, benchmarks, scripts, documents. */
export const others: ReadonlyArray<Source> = filesIn(root, ".ts", ".mjs", ".md")
  .map((file) => make(relative(root, file).replaceAll("\\", "/"), readFileSync(file, "utf8")))
  .filter(({ path }) => !sources.some((source) => source.path === path))

/** Its package's folder. */
export const packageOf = (source: Source): string => source.path.split("/")[1]!

/** Its path inside its package's `src`. */
export const placeOf = (source: Source): string => source.path.split("/").slice(3).join("/")

/** Where a relative import leads, from the root of the checkout. */
export const resolve = (source: Source, name: string): string => join(dirname(source.path), name).replaceAll("\\", "/")

/** The file of the packages that an import leads to, be it there or not: relative, or by a package's name. */
export const fileOf = (source: Source, name: string): string => {
  if (name.startsWith(".")) return resolve(source, name)
  // Of what is installed some has the name of a folder here: redis.
  const [whole, folder = "celeriac", place = "index"] = /^(?:@celeriac\/([^/]+)|celeriac)(?:\/(.+))?$/.exec(name) ?? []
  return whole === undefined ? `node_modules/${name}` : `packages/${folder}/src/${place}.ts`
}

/** The name of the installed package that an import leads to. */
export const dependencyOf = (name: string): string => name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/")

/** The manifest in a folder, its lists never absent. */
export const manifestOf = (folder: string): Manifest => ({
  dependencies: {},
  peerDependencies: {},
  devDependencies: {},
  ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
})

/** The manifest of a package. */
export const manifest = (name: string): Manifest => manifestOf(join(root, "packages", name))
