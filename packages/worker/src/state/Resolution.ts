/**
 * Where the imports inside of this package, of those that it is made of, and of
 * Effect lead, told by their text.
 *
 * Node asks the file system for every import: the folders upwards for its
 * package, then the file, its links, the manifest above it. A worker has some
 * 2,500 imports, and that is half of the time and a fifth of the memory of
 * loading it. Inside of these packages the answer is always the same: a relative
 * import is beside the file, and a path of a package beside its other paths. All
 * other imports, those of users' modules among them, are resolved by Node.
 *
 * It loads nothing, so that it can come before everything.
 *
 * @since 0.1.0
 */
import * as module from "node:module"

/**
 * Until it is told to end. Where something else may want to resolve modules its own way, nothing happens. `packages`
 * are those with such imports, which `resolve` finds: `import.meta.resolve` of whoever has them.
 */
export const shorten = (packages: ReadonlyArray<Package>, resolve: (specifier: string) => string): () => void => {
  if (!isOurs()) return () => {}
  const roots = packages.map((found) => rootOf(found, resolve))
  const hooks = module.registerHooks({
    resolve: (specifier, context, next) => {
      const parent = context.parentURL
      if (parent === undefined || !roots.some(({ prefix }) => parent.startsWith(prefix))) {
        return next(specifier, context)
      }
      const url = specifier.startsWith(".") ? new URL(specifier, parent).href : urlOf(roots, specifier)
      return url === undefined
        ? next(specifier, context)
        : { url, shortCircuit: true, ...(url.endsWith(".js") ? { format: "module" } : {}) }
    }
  })
  return () => hooks.deregister()
}

/** Whether nothing else has been asked to resolve or load modules in this process. */
export const isOurs = (): boolean =>
  !others.test([...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ").replace(ours, ""))

const ours = /--import[ =]celeriac\/preload/

const others = /(^| )(-r|-C|--require|--import|--(experimental-)?loader|--conditions|--preserve-symlinks)/

/** A package, and one of its paths. */
export type Package = readonly [name: string, path: string]

/** Those that this one is made of. */
export const own: ReadonlyArray<Package> = [
  ["effect", "Effect"],
  ["@celeriac/bootsteps", "Blueprint"],
  ["@celeriac/messaging", "Message"],
  ["@celeriac/tasks", "Task"],
  ["@celeriac/worker", "Worker"]
]

interface Root {
  readonly name: string
  /** Before and after a path of the package. */
  readonly prefix: string
  readonly suffix: string
}

const rootOf = ([name, path]: Package, resolve: (specifier: string) => string): Root => {
  const url = resolve(`${name}/${path}`)
  const suffix = url.slice(url.lastIndexOf(path) + path.length)
  return { name: `${name}/`, prefix: url.slice(0, -(path + suffix).length), suffix }
}

const urlOf = (roots: ReadonlyArray<Root>, specifier: string): string | undefined => {
  const root = roots.find(({ name }) => specifier.startsWith(name))
  return root === undefined ? undefined : `${root.prefix}${specifier.slice(root.name.length)}${root.suffix}`
}
