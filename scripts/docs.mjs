/**
 * `npm run docs`: writes the code that documents show from the examples that
 * tests run. A block under `<!-- cut: examples/01-quickstart/main.ts -->` is
 * that file without its opening comment; with `#name` behind the path it is
 * what stands between `// #region name` and `// #endregion`. Under
 * `<!-- drawn: a worker -->` stands what `celeriac graph` draws of one. It also
 * writes `docs/settings.md`, from the tables of settings, and `docs/cli/`, from
 * what the command says of itself.
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as Worker from "@celeriac/worker/Worker"
import * as Layer from "effect/Layer"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { pathToFileURL } from "node:url"
import { changelogPage, changelogText } from "./changelog.mjs"
import { cliPages } from "./cli.mjs"
import { filesIn } from "./files.mjs"
import { settingsPage, settingsText } from "./settings.mjs"
import { root } from "./workspace.mjs"

/**
 * The documents of the project.
 *
 * @returns {Array<string>}
 */
export const documents = () => filesIn(root, ".md").filter((file) => !file.includes("CHANGELOG"))

const dedent = (lines) => {
  const indents = lines.filter((line) => line.trim() !== "").map((line) => /^ */.exec(line)[0].length)
  return lines.map((line) => line.slice(Math.min(...indents))).join("\n")
}

/** The code that a marker names. */
export const cut = (source) => {
  const [path, region] = source.split("#")
  const text = readFileSync(join(root, path), "utf8")
  if (region === undefined) {
    return text.replace(/^\/\*\*[\s\S]*?\*\/\s*/, "").replace(/^ *\/\/ #(end)?region.*\n/gm, "").trim()
  }
  const lines = text.split("\n")
  const begin = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const length = lines.slice(begin).findIndex((line) => line.trim() === "// #endregion")
  if (begin === -1 || length === -1) throw new Error(`${path} has no region ${region}`)
  return dedent(lines.slice(begin + 1, begin + length)).trim()
}

const marked = /<!-- cut: (\S+) -->\n+```(\w+)\n[\s\S]*?\n?```/g

/** Both blueprints of a worker that has tasks: every step there is by default. */
export const drawing = () => Blueprint.toMermaid(Worker.make({ tasks: [Layer.empty] }).blueprint)

const drawn = /<!-- drawn: a worker -->\n+```mermaid\n[\s\S]*?\n?```/g

/** A document with every marked block as it should be. */
export const refresh = (text) =>
  text.replace(marked, (_, source, language) => `<!-- cut: ${source} -->\n\`\`\`${language}\n${cut(source)}\n\`\`\``)
    .replace(drawn, () => `<!-- drawn: a worker -->\n\`\`\`mermaid\n${drawing()}\n\`\`\``)

/** The TypeScript blocks of a document that are not cut from a file. */
export const ownBlocks = (text) =>
  Array.from(text.replace(marked, "").matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```/gm), (match) => match[1])

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [mode, ...rest] = process.argv.slice(2)
  if (!["--check", "--write"].includes(mode) || rest.length > 0) {
    console.error("usage: docs.mjs --check | --write")
    process.exit(2)
  }
  let stale = 0
  const written = new Map([[settingsPage, settingsText], [changelogPage, changelogText]])
  for (const [file, text] of await cliPages()) written.set(file, () => text)
  for (const file of new Set([...documents(), ...written.keys()])) {
    const text = existsSync(file) ? readFileSync(file, "utf8") : ""
    const fresh = written.get(file)?.() ?? refresh(text)
    if (fresh === text) continue
    stale++
    if (mode === "--write") {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, fresh)
    }
    console.log(`${mode === "--write" ? "wrote" : "out of date:"} ${relative(root, file)}`)
  }
  process.exit(mode === "--check" && stale > 0 ? 1 : 0)
}
