/**
 * What every child loads lies in one file besides, which `scripts/condense.mjs`
 * makes of the built packages: a child loads a module from there in the place of
 * the module itself, whoever imports it. It must be the same: where the packages
 * that are installed have other versions, and in a checkout, the modules are
 * loaded one by one.
 *
 * @since 0.1.0
 */
import { fileURLToPath } from "node:url"

/** As it is there: an import would load all that Node's streams and promises of files need, for three megabytes. */
const { existsSync, readFileSync } = process.getBuiltinModule("node:fs")

/** Where modules lie instead, by their URLs. */
type Condensed = (url: string) => string | undefined

/** What the file says of itself. */
interface Manifest {
  readonly versions: Readonly<Record<string, string>>
  readonly modules: ReadonlyArray<string>
}

/** `resolve` finds packages, by one of their paths each. */
export const find = (
  packages: ReadonlyArray<readonly [name: string, path: string]>,
  resolve: (specifier: string) => string
): Condensed => {
  const folder = new URL("./condensed/", import.meta.url).href
  const manifest = fileURLToPath(new URL("modules.json", folder))
  if (!existsSync(manifest)) return nowhere
  const { modules, versions } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest // so it is written
  const roots = packages.map(([name, path]) => ({ name, prefix: prefixOf(resolve(`${name}/${path}`)) }))
  if (roots.some(({ name, prefix }) => versionOf(prefix) !== versions[name])) return nowhere
  const known = new Set(modules)
  return (url) => {
    const root = roots.find(({ prefix }) => url.startsWith(prefix))
    if (root === undefined) return undefined
    const module = `${root.name}/${url.slice(root.prefix.length)}`
    return known.has(module) ? folder + module : undefined
  }
}

const nowhere: Condensed = () => undefined

const dist = "/dist/"

const prefixOf = (url: string): string => url.slice(0, url.lastIndexOf(dist) + dist.length)

const versionOf = (prefix: string): string | undefined =>
  /"version":\s*"([^"]+)"/.exec(readFileSync(new URL("../package.json", prefix), "utf8"))?.[1]
