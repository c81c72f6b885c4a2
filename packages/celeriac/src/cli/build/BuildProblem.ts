/**
 * What keeps a module from becoming one file, in sentences: a mistake in the
 * user's own code with its place; a package that cannot be put in, with how to
 * leave it out.
 */
import type * as Esbuild from "esbuild"
import { because, type CliFailure } from "../output/CliFailure.ts"

/** A package that makes the names of what it loads while it runs would fail then: it fails here. */
export const levels: Record<string, Esbuild.LogLevel> = { "unsupported-require-call": "error" }

/** Who imports whom, by packages: a user knows the package that was asked for, not what lies below it. */
export class Importers {
  readonly #importers = new Map<string, string>()

  readonly plugin: Esbuild.Plugin = {
    name: "celeriac-importers",
    setup: ({ onResolve }) =>
      onResolve({ filter: /^[^./]/ }, ({ importer, path }) => {
        const imported = /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
        if (imported !== undefined && !this.#importers.has(imported)) this.#importers.set(imported, importer)
        return undefined
      })
  }

  /** From the package that a user's own file imports to this one. */
  wayTo(name: string): ReadonlyArray<string> {
    const way = [name]
    for (let first = this.above(name); first !== undefined && !way.includes(first); first = this.above(first)) {
      way.unshift(first)
    }
    return way
  }

  above(name: string): string | undefined {
    return packageOf(this.#importers.get(name) ?? "")
  }
}

/** What esbuild refused. */
export const tell = (error: unknown, importers: Importers): CliFailure => {
  const errors = typeof error === "object" && error !== null && "errors" in error
    ? error.errors as ReadonlyArray<Esbuild.Message> // a `BuildFailure` of esbuild has them
    : []
  if (errors.length === 0) return because(error instanceof Error ? error.message : String(error), error)
  return because(Array.from(new Set(errors.map((message) => sentence(message, importers)))).join("\n"))
}

const sentence = ({ location, text, ...message }: Esbuild.Message, importers: Importers): string => {
  const file = location?.file ?? /"([^"]+\.node)"/.exec(text)?.[1] ?? ""
  const name = packageOf(file)
  const place = location === null ? "" : `${location.file}:${location.line}: `
  const why = message.id === "unsupported-require-call"
    ? "it makes the names of what it loads while it runs, which no bundler can follow"
    : /No loader is configured for "\.node"/.test(text)
    ? "it loads a native addon"
    : undefined
  if (name === undefined) {
    return why === undefined
      ? `${place}${text}${hintFor(text)}`
      : `${place}a require whose argument is no text cannot be put into one file: use import()`
  }
  const [first = name, ...below] = importers.wayTo(name)
  const through = below.length === 0 ? "" : ` (by ${below.join(", by ")})`
  return `${first} cannot be put into the file: ${why === undefined ? text : `${why}${through}`} (${
    location === null ? file : `${location.file}:${location.line}`
  }). Leave it out with --external ${first}, and install it where the file runs`
}

const hintFor = (text: string): string => {
  const [, name] = /^Could not resolve "([^"]+)"/.exec(text) ?? []
  return name === undefined || /^[./]/.test(name) ? "" : `. Is it installed? Or leave it out: --external ${name}`
}

/** The package that a file is of; undefined for the user's own. */
const packageOf = (file: string): string | undefined =>
  /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]?.replaceAll("\\", "/")
