/**
 * Which nodes the arguments of `celeriac multi` mean: those that they name, or
 * as many as they say, each with its own options. Source: `celery multi` 5.7.0.
 */
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Result from "effect/Result"
import * as Node from "./Node.ts"
import type { Options, Parsed } from "./Options.ts"

export interface Program {
  readonly executable: string
  /** Of one worker, in the background. */
  readonly command: ReadonlyArray<string>
}

/** Or what is wrong with them. */
export const make = (parsed: Parsed, program: Program): Result.Result<ReadonlyArray<Node.Node>, string> => {
  const options = new Map(parsed.options)
  const take = (name: string): string | undefined => {
    const value = options.get(name)
    options.delete(name)
    return value
  }
  const command = take("--cmd")
  const append = take("--append")
  const short = take("-n")
  const host = take("--hostname") ?? short ?? Nodename.hostname()
  const given = take("--prefix") ?? ""
  const suffix = take("--suffix") ?? ""
  const rangePrefix = take("--range-prefix") ?? ""
  const count = parsed.values.length === 1 ? countOf(parsed.values[0]!) : undefined
  const names = count === undefined ? parsed.values : Array.from({ length: count }, (_, index) => String(index + 1))
  const spaces = spacesOf(parsed.spaces, names, count !== undefined)
  const prefix = count === undefined ? given : rangePrefix === "" ? Nodename.defaultName : rangePrefix
  const behind = suffix === "" ? host : suffix === "\"\"" || suffix === "''" ? "" : suffix
  return Result.map(spaces, (spaces) =>
    names.map((name) => {
      const nodename = nameOf(name, prefix, behind)
      const space = spaces.get(nodename) ?? spaces.get(name.includes("@") ? Nodename.split(nodename).name : name)
      const own = new Map(options)
      for (const [option, value] of space ?? []) own.set(option, value)
      return Node.make(nodename, own, {
        executable: program.executable,
        command: command === undefined ? program.command : Node.splitWords(command),
        append: append ?? "",
        passed: parsed.passed
      })
    }))
}

const countOf = (text: string): number | undefined => /^\d+$/.test(text) ? Number(text) : undefined

const nameOf = (name: string, prefix: string, host: string): string => {
  if (name.includes("@")) return withHost(name)
  return withHost(`${prefix}${name}@${host}`)
}

/** `%h` and the like of the machine. */
const withHost = (name: string): string => {
  const host = Nodename.hostname()
  const dot = host.indexOf(".")
  return Nodename.split(name).host === "" ? name : name.replace(/%([hnd%])/g, (_, letter: string) =>
    letter === "%"
      ? "%"
      : letter === "h"
      ? host
      : dot === -1
      ? (letter === "n" ? host : "")
      : letter === "n"
      ? host.slice(0, dot)
      : host.slice(dot + 1))
}

type Spaces = ReadonlyMap<string, Options>

/** By the names of nodes: what was said of lists, of ranges and of places in the list of names. */
const spacesOf = (
  given: Spaces,
  names: ReadonlyArray<string>,
  isCount: boolean
): Result.Result<Spaces, string> => {
  const placed = (spaces: Spaces): Result.Result<Spaces, string> => {
    const result = new Map(spaces)
    for (const [space, options] of spaces) {
      if (!/^\d+$/.test(space)) continue
      const name = names[Number(space) - 1]
      if (Number(space) === 0) return Result.fail(`Indexes start at 1 got: '${space}'`)
      if (name === undefined) return Result.fail(`No node at index '${space}'`)
      merge(result, name, options)
    }
    return Result.succeed(result)
  }
  // Of a range that goes further than there are nodes, what is beyond is nobody's.
  return isCount
    ? Result.map(placed(given), (spaces) => spread(spaces, isCount))
    : placed(spread(given, isCount))
}

const merge = (spaces: Map<string, Options>, name: string, options: Options): void => {
  spaces.set(name, new Map([...spaces.get(name) ?? [], ...options]))
}

/** Lists, and ranges where there is a count, taken apart. */
const spread = (spaces: Spaces, ranges: boolean): Spaces => {
  const result = new Map<string, Options>()
  for (const [space, options] of spaces) if (!isMany(space, ranges)) merge(result, space, options)
  for (const [space, options] of spaces) {
    if (!isMany(space, ranges)) continue
    for (const part of space.split(",")) {
      const [, from, to] = (ranges ? /^(\d+)-(\d+)$/ : /$^/).exec(part) ?? []
      if (from === undefined) merge(result, part, options)
      else for (let at = Number(from); at <= Math.min(Number(to), mostNodes); at++) merge(result, String(at), options)
    }
  }
  return result
}

const mostNodes = 10_000

const isMany = (space: string, ranges: boolean): boolean => space.includes(",") || (ranges && space.includes("-"))
