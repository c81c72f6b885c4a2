/**
 * `docs/cli/`: a page for each command of `celeriac`, which is what its `--help`
 * says. `npm run docs` writes them, with the other documents.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import * as Cli from "../packages/celeriac/src/cli/Cli.ts"
import { tree } from "../packages/celeriac/src/cli/commands/Celeriac.ts"
import { root } from "./workspace.mjs"

const folder = join(root, "docs", "cli")

/** What `--help` prints behind these names. */
const helpOf = async (path) => {
  const said = []
  const console_ = { ...console, log: (...texts) => void said.push(texts.join(" ")) }
  const args = [...path, "--help"]
  await Effect.runPromise(
    Effect.provideService(
      Effect.flatMap(tree(args), (command) => Cli.run(command, args, { columns: 100 })),
      Console.Console,
      console_
    )
  )
  return said.join("\n").replaceAll(/\x1b\[[0-9;]*m/g, "").replaceAll(/ +$/gm, "").trim()
}

const section = async (path, level) =>
  [`${"#".repeat(level)} celeriac ${path.join(" ")}`.trimEnd(), "", "```text", await helpOf(path), "```", ""].join("\n")

const page = async (command) => {
  const parts = [await section([command.name], 1)]
  for (const { commands } of command.subcommands) {
    for (const { name } of commands) parts.push(await section([command.name, name], 2))
  }
  return parts.join("\n")
}

/** By their files: of no command (what all take, and a list), and of each. */
export const cliPages = async () => {
  const pages = new Map()
  const commands = (await Effect.runPromise(tree(["--completions"]))).subcommands
  const list = commands.flatMap(({ commands, group }) => [
    `## ${group}`,
    "",
    ...commands.map(({ name, shortDescription, description }) =>
      `* [${name}](${name}.md): ${shortDescription ?? description ?? ""}`.trimEnd()
    ),
    ""
  ])
  pages.set(join(folder, "README.md"), [await section([], 1), ...list].join("\n"))
  for (const { commands: some } of commands) {
    for (const command of some) pages.set(join(folder, `${command.name}.md`), await page(command))
  }
  return pages
}
