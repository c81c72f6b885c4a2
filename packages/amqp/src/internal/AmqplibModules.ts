/**
 * The modules of amqplib as a copy of our own: loaded once more, apart from the
 * copy that the application may use.
 *
 * They are found as files. In a bundle there may be none: `AmqpBundling` puts a
 * module with the same export in this one's place, which holds them.
 *
 * @since 0.1.0
 */
import { createRequire } from "node:module"
import { dirname, join, sep } from "node:path"

/** Loads a module by its name in amqplib's `lib`. What it exports is looked at by who asks. */
export type Load = (name: string) => any

interface Modules {
  readonly version: string
  /** Lets `read` load modules; Node's cache is as it was before when it returns. */
  readonly use: <A>(read: (load: Load) => A) => A
}

/** The amqplib that is installed. Throws when there is none. */
export const find = (): Modules => {
  const [require, folder] = installed()
  return {
    version: String(require(join(folder, "package.json")).version),
    use: (read) => {
      const inside = () => Object.keys(require.cache).filter((path) => path.startsWith(folder + sep))
      const theirs = inside().map((path) => [path, require.cache[path]] as const)
      for (const [path] of theirs) delete require.cache[path]
      try {
        return read((name) => require(join(folder, "lib", name)))
      } finally {
        for (const path of inside()) delete require.cache[path]
        for (const [path, module] of theirs) require.cache[path] = module
      }
    }
  }
}

const installed = (): readonly [require: NodeJS.Require, folder: string] => {
  for (const place of places()) {
    const require = createRequire(place)
    try {
      return [require, dirname(require.resolve("amqplib"))]
    } catch {
      // It is looked for elsewhere.
    }
  }
  throw new Error(
    `it is not installed where it is looked for (${
      places().join(", ")
    }). A bundle may hold it: see celeriac/AmqpBundling`
  )
}

/** This file, which in a bundle of CommonJS has another name; the program's; and the folder that it runs in. */
const places = (): ReadonlyArray<string> => {
  const url: unknown = import.meta.url
  const own = typeof url === "string" ? url : typeof __filename === "string" ? __filename : undefined
  return [own, process.argv[1], join(process.cwd(), "main.js")].filter((place) => place !== undefined)
}
