/**
 * One node of `celeriac multi`: its name, the command that starts it, and where
 * its process id is. Source: `celery multi` 5.7.0.
 */
import * as Nodename from "@celeriac/tasks/Nodename"
import { homedir } from "node:os"
import type { Options } from "./Options.ts"

export interface Node {
  readonly name: string
  readonly executable: string
  /** What the executable is given; words in which nobody looks for spaces. */
  readonly args: ReadonlyArray<string>
  /** As one line has them. */
  readonly line: string
  readonly pidfile: string
  readonly logfile: string
  /** A pattern for this node. */
  readonly expand: (pattern: string) => string
}

export interface How {
  /** Between the executable and the options. */
  readonly command: ReadonlyArray<string>
  readonly executable: string
  readonly append: string
  readonly passed: ReadonlyArray<string>
}

export const make = (name: string, given: Options, how: How): Node => {
  const expand = expander(name)
  const options = withDefaults(name, given, how.executable)
  const command = [...how.command]
  const at = placeOf(command)
  const own: Array<string> = []
  const shown: Array<string> = []
  for (const [option, value] of options) {
    const isGlobal = globals.has(option)
    const expanded = value === undefined || value === "" ? undefined : valueOf(option, expand(value))
    const words = wordsOf(option, expanded)
    if (isGlobal) command.splice(at, 0, ...words)
    else {
      own.push(...words)
      shown.push(words.join(" "))
    }
  }
  const append = how.append === "" ? [] : [expand(how.append)]
  const pattern = (long: string, short: string) => expand(options.get(long) ?? options.get(short) ?? "")
  return {
    name,
    executable: options.get("--executable") ?? how.executable,
    args: [...command.map(expand), ...own, ...how.passed, ...append.flatMap(splitWords)],
    line: [command.map(expand).join(" "), ...shown, how.passed.join(" "), ...append].join(" "),
    // The worker reads its patterns again.
    pidfile: atHome(Nodename.format(pattern("--pidfile", "-p"), name)),
    logfile: atHome(pattern("--logfile", "-f")),
    expand
  }
}

/** Words of a text, as a shell splits them: what stands in quotes stays together. */
export const splitWords = (text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g),
    ([word]) =>
      word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double, single, one) => double ?? single ?? one)
  )

/** Of all commands: they stand before the name of this one. */
const globals: ReadonlySet<string> = new Set([
  ...["-A", "--app", "-b", "--broker", "--result-backend", "--loader", "--config", "--workdir"],
  ...["-C", "--no-color", "-q", "--quiet"]
])

/** Behind the program, whichever it is. */
const placeOf = (command: ReadonlyArray<string>): number => {
  const worker = command.indexOf("worker")
  const program = command.indexOf("celery")
  return program >= 0 ? program + 1 : worker >= 0 ? worker : Math.min(1, command.length)
}

const paths: ReadonlySet<string> = new Set(["--pidfile", "-p", "--logfile", "-f", "--workdir"])

const valueOf = (option: string, value: string): string => paths.has(option) ? atHome(value) : value

const wordsOf = (option: string, value: string | undefined): ReadonlyArray<string> =>
  value === undefined ? [option] : option.startsWith("--") ? [`${option}=${value}`] : [option, value]

const atHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir())

const withDefaults = (name: string, given: Options, executable: string): Options => {
  const options = new Map(given)
  options.set("-n", name)
  const otherwise = (alternatives: ReadonlyArray<string>, value: string): void => {
    if (!alternatives.some((option) => options.has(option))) options.set(alternatives[0]!, value)
  }
  otherwise(["--pidfile", "-p"], "/var/run/celery/%n.pid")
  otherwise(["--logfile", "-f"], "/var/log/celery/%n%I.log")
  otherwise(["--executable"], executable)
  return options
}

/** `%h` is the whole name here, and `%d` its host; `%i` and `%I` are left for the worker. */
const expander = (name: string) => {
  const { host, name: short } = Nodename.split(name)
  const values: Readonly<Record<string, string>> = { p: name, n: short, N: short, h: name, d: host, "%": "%" }
  return (pattern: string): string =>
    pattern.replace(/%([a-zA-Z%])/g, (all, letter: string) => Object.hasOwn(values, letter) ? values[letter]! : all)
}
