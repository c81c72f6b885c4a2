/**
 * The arguments of `celeriac multi`: names of nodes, and options for all of
 * them or for some: `-c 3 -c:1-2 10 -l:web,mail debug`. Nothing here knows what
 * an option means: a word behind one letter is its value, unless it begins with
 * a dash. Source: `celery multi` 5.7.0.
 */

/** By their names, dashes included, in order; `undefined` for one that has no value. */
export type Options = ReadonlyMap<string, string | undefined>

export interface Parsed {
  /** What is no option: the names of the nodes, or how many there are. */
  readonly values: ReadonlyArray<string>
  /** Of all nodes. */
  readonly options: Options
  /** By what stands behind the colon. */
  readonly spaces: ReadonlyMap<string, Options>
  /** `--`, and what follows it. */
  readonly passed: ReadonlyArray<string>
}

export const parse = (args: ReadonlyArray<string>): Parsed => {
  const values: Array<string> = []
  const options = new Map<string, string | undefined>()
  const spaces = new Map<string, Map<string, string | undefined>>()
  const words = args.filter((arg) => arg !== "")
  let passed: ReadonlyArray<string> = []
  const add = (prefix: string, name: string, value: string | undefined): void => {
    const [option = "", space] = name.split(":")
    if (space === undefined) return void options.set(prefix + option, value)
    if (!spaces.has(space)) spaces.set(space, new Map())
    spaces.get(space)?.set(prefix + option, value)
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === "--") {
      passed = words.slice(at)
      break
    }
    if (word.startsWith("--")) {
      const [, name = "", value] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? []
      add("--", name, value)
    } else if (word.startsWith("-")) {
      const next = words[at + 1]
      const hasValue = next !== undefined && !next.startsWith("-")
      add("-", word.slice(1), hasValue ? next : undefined)
      if (hasValue) at++
    } else values.push(word)
  }
  return { values, options, spaces, passed }
}

/** The signal that is named last among the options: `-9`, `-INT`, `-SIGINT`. */
export const signalAmong = (
  args: ReadonlyArray<string>,
  known: (name: string) => number | undefined
): number | undefined => {
  for (const arg of args.toReversed()) {
    const [, number, name] = /^-(?:(\d+)|(?:SIG)?([A-Z][A-Z0-9]+))$/.exec(arg) ?? []
    const found = number !== undefined ? Number(number) : name !== undefined ? known(`SIG${name}`) : undefined
    if (found !== undefined) return found
  }
  return undefined
}
