/**
 * Names of workers and clients: `celery@host`.
 *
 * A worker's name is made from a pattern (`worker1@%h`), and has to be unique:
 * its control queue is named after it. Source: the guide's chapter on workers.
 *
 * @since 0.1.0
 */
import * as Os from "node:os"

/** The two sides of the `@`. */
export interface Parts {
  readonly name: string
  readonly host: string
}

/** The name of a worker that was not given one. */
export const defaultName = "celery"

/** The host as the system calls itself. Asked once. */
export const hostname = (): string => host ??= Os.hostname()

let host: string | undefined

/** What a client calls itself in the messages it sends: `gen<pid>@<host>`. */
export const origin = (): string => anonymous ??= `gen${process.pid}@${hostname()}`

let anonymous: string | undefined

/** `name@host`. */
export const make = (parts: Parts): string => `${parts.name}@${parts.host}`

/** At the first `@`. What has none is a host, and the name is the default one. */
export const split = (nodename: string): Parts => {
  const at = nodename.indexOf("@")
  return at === -1
    ? { name: defaultName, host: nodename }
    : { name: nodename.slice(0, at), host: nodename.slice(at + 1) }
}

/** What stands for the letters of a pattern. */
export interface ExpandOptions {
  /** Default: the system's. */
  readonly host?: string | undefined
  /** The number of the process in its pool, for `%i` and `%I`; 0 is the worker itself. Default 0. */
  readonly processIndex?: number | undefined
}

/**
 * The name of a worker from the pattern it was given: `%h` is the full host
 * name, `%n` its first label, `%d` the rest, `%i` the number of the process,
 * `%I` the same after a dash, `%%` a percent sign. A pattern without `@` is
 * the host, one without name or host gets the default. Other letters after a
 * percent sign stay as they are.
 */
export const expand = (pattern: string, options: ExpandOptions = {}): string => {
  const { name, host: given } = split(pattern)
  const full = options.host ?? hostname()
  const dot = full.indexOf(".")
  return replace(make({ name: name === "" ? defaultName : name, host: given === "" ? full : given }), {
    h: full,
    n: dot === -1 ? full : full.slice(0, dot),
    d: dot === -1 ? "" : full.slice(dot + 1),
    ...processIndex(options)
  })
}

/**
 * Expands a pattern (of a log file, a state file) for a worker that has its
 * name: `%p` is the whole name, `%n` what stands before the `@`, `%h` the host
 * after it, `%d` the domain of that host, `%i` and `%I` as in `expand`.
 */
export const format = (pattern: string, nodename: string, options: Omit<ExpandOptions, "host"> = {}): string => {
  const parts = split(nodename)
  const dot = parts.host.indexOf(".")
  return replace(pattern, {
    p: nodename,
    n: parts.name === "" ? defaultName : parts.name,
    h: parts.host,
    d: dot === -1 ? "" : parts.host.slice(dot + 1),
    ...processIndex(options)
  })
}

const processIndex = ({ processIndex: index = 0 }: ExpandOptions) => ({
  i: String(index),
  I: index === 0 ? "" : `-${index}`
})

const replace = (pattern: string, values: Readonly<Record<string, string>>): string =>
  pattern.replace(
    /%([a-zA-Z%])/g,
    (all, letter: string) => letter === "%" ? "%" : Object.hasOwn(values, letter) ? values[letter]! : all
  )
