/**
 * The text of a module that holds the modules of amqplib which are used, and
 * exports what `AmqplibModules` does. Bundlers put it in that one's place.
 *
 * Each file of amqplib becomes a function, run when it is first asked for: so
 * the codec can be changed before the others take it, and the copy is nobody
 * else's, whatever else the bundle holds.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

/** What `Amqplib` asks for. */
const roots = ["codec.js", "connection.js", "channel.js", "defs.js", "format.js"]

/** Of the amqplib that is installed beside this package. */
export const make = (): string => {
  const folder = dirname(createRequire(import.meta.url).resolve("amqplib"))
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const files = filesOf(join(folder, "lib"))
  const builtins = Array.from(new Set(Array.from(files.values()).flatMap(requiresOf).filter(isBuiltin)))
  return [
    ...builtins.map((name, index) => `import builtin${index} from ${JSON.stringify(name)}`),
    `const builtins = { ${builtins.map((name, index) => `${JSON.stringify(name)}: builtin${index}`).join(", ")} }`,
    "const files = {",
    ...Array.from(files, ([name, text]) => `${JSON.stringify(name)}(module, exports, require) {\n${text}\n},`),
    "}",
    "export const find = () => {",
    "  const loaded = {}",
    "  const load = (name) => {",
    "    if (loaded[name] === undefined) {",
    "      const module = loaded[name] = { exports: {} }",
    "      files[name](module, module.exports, (path) => builtins[path] ?? load(path.slice(2).replace(/(\\.js)?$/, \".js\")))",
    "    }",
    "    return loaded[name].exports",
    "  }",
    `  return { version: ${JSON.stringify(version)}, use: (read) => read(load) }`,
    "}",
    ""
  ].join("\n")
}

/** By name, the roots and what they need. */
const filesOf = (lib: string): ReadonlyMap<string, string> => {
  const files = new Map<string, string>()
  const add = (name: string): void => {
    if (files.has(name)) return
    const text = readFileSync(join(lib, name), "utf8")
    files.set(name, text)
    for (const path of requiresOf(text)) {
      if (isBuiltin(path)) continue
      if (!path.startsWith("./")) throw new Error(`amqplib/lib/${name} needs ${path}, which is not put into bundles`)
      add(path.slice(2).replace(/(\.js)?$/, ".js"))
    }
  }
  for (const name of roots) add(name)
  return files
}

const requiresOf = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/\brequire\(\s*["']([^"']+)["']\s*\)/g), ([, path = ""]) => path)

const isBuiltin = (path: string): boolean => path.startsWith("node:")
