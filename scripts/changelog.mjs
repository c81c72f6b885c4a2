/**
 * The changelog, from `.changeset`: what is not released yet, what is new
 * before what is mended. `npm run docs` writes it; past releases stay as they
 * are below.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./workspace.mjs"

export const changelogPage = join(root, "CHANGELOG.md")

const folder = join(root, ".changeset")

/** A change: the word for its version, the packages it is about, and what it says. */
const read = (file) => {
  const [, head, text] = /^---\n([\s\S]*?)\n---\n\n?([\s\S]*)$/.exec(readFileSync(join(folder, file), "utf8"))
  const bumps = Array.from(head.matchAll(/^"([^"]+)": (\w+)$/gm), ([, name, word]) => ({ name, word }))
  const word = ["major", "minor", "patch"].find((word) => bumps.some((bump) => bump.word === word))
  return { word, names: bumps.map(({ name }) => name), text: text.trim().replace(/\s*\n\s*/g, " ") }
}

const titles = { major: "What has to be changed", minor: "New", patch: "Mended" }

const section = (word, changes) => {
  const own = changes.filter((change) => change.word === word)
  if (own.length === 0) return ""
  return `### ${titles[word]}\n\n${own.map(({ names, text }) => `- ${text} (${names.join(", ")})`).join("\n")}\n\n`
}

/** The whole page: what is not released yet, above the releases that the page holds already. */
export const changelogText = () => {
  const changes = readdirSync(folder).filter((file) => file.endsWith(".md") && file !== "README.md").sort().map(read)
  const page = existsSync(changelogPage) ? readFileSync(changelogPage, "utf8") : ""
  const released = page.slice(page.search(/^## \d/m) >>> 0)
  const news = Object.keys(titles).map((word) => section(word, changes)).join("")
  return `# Changelog\n\n## Not released yet\n\n${news}${released}`.trimEnd() + "\n"
}
