/**
 * Commands of installed packages: those that the `package.json` of the project, or
 * of what it depends on, names under `celeriac.commands`.
 *
 * Names are read, and nothing is loaded before its command is called. One that
 * does not load, or is no command, says so when it is called, and spoils nothing.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { because } from "../output/CliFailure.ts"

export interface Plugin {
  readonly name: string
  readonly doc: string
  readonly load: () => Promise<Command.Command.Any>
}

/** Seen from this folder. What is named as a command of `taken` is left out, and so is the second of one name. */
export const find = (folder: string, taken: ReadonlySet<string>): ReadonlyArray<Plugin> => {
  const project = projectOf(folder)
  if (project === undefined) return []
  const manifest = manifestOf(project)
  const names = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.keys(tableOf(manifest[kind]))
  )
  const found = new Map<string, Plugin>()
  for (const root of [project, ...names.flatMap((name) => installed(project, name) ?? [])]) {
    for (const plugin of pluginsOf(root)) {
      if (!taken.has(plugin.name) && !found.has(plugin.name)) found.set(plugin.name, plugin)
    }
  }
  return Array.from(found.values())
}

type Table = Readonly<Record<string, unknown>>

/** The nearest folder upwards that has a `package.json`. */
const projectOf = (folder: string): string | undefined =>
  existsSync(join(folder, "package.json"))
    ? folder
    : dirname(folder) === folder
    ? undefined
    : projectOf(dirname(folder))

/** Where Node would find a package. */
const installed = (folder: string, name: string): string | undefined => {
  const path = join(folder, "node_modules", name)
  if (existsSync(join(path, "package.json"))) return path
  return dirname(folder) === folder ? undefined : installed(dirname(folder), name)
}

const pluginsOf = (root: string): ReadonlyArray<Plugin> => {
  const manifest = manifestOf(root)
  const commands = tableOf(tableOf(manifest["celeriac"])["commands"])
  const from = typeof manifest["name"] === "string" ? manifest["name"] : root
  return Object.entries(commands).flatMap(([name, module]) =>
    typeof module === "string"
      ? [{ name, doc: `Of the package ${from}`, load: () => load(name, from, resolve(root, module)) }]
      : []
  )
}

const load = async (name: string, from: string, file: string): Promise<Command.Command.Any> => {
  try {
    const exports: Table = await import(pathToFileURL(file).href)
    const command = exports["default"]
    if (!Command.isCommand(command)) return broken(name, from, `${file} has no command as its default export`)
    return command.name === name ? command : broken(name, from, `the command calls itself '${command.name}'`)
  } catch (error) {
    return broken(name, from, error instanceof Error ? error.message : String(error))
  }
}

/** Takes its place. */
const broken = (name: string, from: string, why: string): Command.Command.Any =>
  Command.make(
    name,
    {},
    () => Effect.fail(because(`the command ${name} of the package ${from} could not be loaded: ${maskIn(why)}`))
  )

const manifestOf = (root: string): Table => {
  try {
    return tableOf(JSON.parse(readFileSync(join(root, "package.json"), "utf8")))
  } catch {
    // What cannot be read names no commands.
    return {}
  }
}

const tableOf = (value: unknown): Table =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Table // as was asked
    : {}
