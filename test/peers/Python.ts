/** Real Celery, to talk to: a Python that has `celery` and `redis`, its scripts and its workers. */
import { execFileSync } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Peer, until } from "./Process.ts"

/** The versions that are tested besides Debian's, the reference first. */
export const celeries = ["5.7.0", "5.6.3"] as const

/** What is brought for the tests. */
export const cache = join(dirname(fileURLToPath(import.meta.url)), "..", "..", ".cache")

/** Where `ensure` puts a Celery, if pip can reach it. */
export const folderOf = (celery: typeof celeries[number]): string => join(cache, `celery-${celery}`)

const reference = join(folderOf(celeries[0]), "bin", "python")

/** By what names it: nothing, or `CELERIAC_PYTHON`. */
const found = new Map<string | undefined, string>()

/** A python that imports celery and redis: `CELERIAC_PYTHON`, or the one of the reference, or Debian's, or the first of PATH. */
export const findPython = (): string | undefined => {
  const named = process.env["CELERIAC_PYTHON"]
  const known = found.get(named)
  if (known !== undefined) return known
  for (const python of named === undefined ? [reference, "/usr/bin/python3", "python3"] : [named]) {
    try {
      execFileSync(python, ["-c", "import celery, kombu, redis"], { stdio: "ignore", timeout: 100_000 })
      found.set(named, python)
      return python
    } catch {
      // not this one
    }
  }
  return undefined
}

const python = (): string => {
  const path = findPython()
  if (path === undefined) throw new Error("no python with celery and redis was found; set CELERIAC_PYTHON")
  return path
}

/** Of the Celery that is talked to: `5.7.0`. */
export const celeryVersion = (): string =>
  execFileSync(python(), ["-c", "import celery; print(celery.__version__)"], { encoding: "utf8" }).trim()

/** Whether what came with this version of Celery is there: `has("5.5")`. */
export const has = (version: string): boolean => celeryVersion().localeCompare(version, "en", { numeric: true }) >= 0

/** Whether it can sign messages. */
export const signs = (): boolean => {
  try {
    execFileSync(python(), ["-c", "import celery.security"], { stdio: "ignore" })
    return !has("5.5") || execFileSync(python(), ["-c", newCryptography], { encoding: "utf8" }).trim() === "True"
  } catch {
    return false
  }
}

const newCryptography = "from cryptography import x509; print(hasattr(x509.Certificate, 'not_valid_after_utc'))"

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: ReadonlyArray<string>
  /** ms; default 100 s. */
  readonly timeout?: number
}

/** Runs python source to its end. Every line it prints is read as JSON. */
export const runPython = async (source: string, options: ScriptOptions = {}): Promise<ReadonlyArray<unknown>> => {
  const lines: Array<unknown> = []
  const other: Array<string> = []
  const peer = new Peer(python(), ["-u", "-c", source, ...(options.args ?? [])], {
    env: { PYTHONDONTWRITEBYTECODE: "1", ...options.env },
    onLine: (line) => {
      try {
        lines.push(JSON.parse(line))
      } catch {
        other.push(line)
      }
    }
  })
  const timer = setTimeout(() => peer.signal("SIGKILL"), options.timeout ?? 100_000)
  const code = await peer.exited
  clearTimeout(timer)
  if (code !== 0) throw new Error(`python ended with ${code}:\n${other.join("\n").slice(-4000)}`)
  return lines
}

export interface CeleryWorkerOptions {
  /** Path of the module file that has the Celery application, as `/x/proj.py`. */
  readonly module: string
  /** Options of `celery worker`, as `["-c", "2", "-P", "solo"]`. */
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

let nodes = 0

/** A name for who has none: a node's name is the address of its mailbox, and others use the same broker. */
const named = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.some((arg) => /^(?:-n|--hostname)/.test(arg))
    ? args
    : [...args, "--hostname", `python.${process.pid}.${++nodes}@%h`]

/** A `celery worker` of Python, ready for tasks. */
export class CeleryWorker {
  readonly peer: Peer
  private constructor(peer: Peer) {
    this.peer = peer
  }

  static async start(options: CeleryWorkerOptions): Promise<CeleryWorker> {
    const name = options.module.split("/").at(-1)?.replace(/\.py$/, "") ?? options.module
    let ready = false
    const peer = new Peer(python(), [
      ...["-u", "-m", "celery", "-A", name, "worker", "--loglevel", "INFO"],
      ...named(options.args ?? ["--concurrency", "2"])
    ], {
      env: {
        C_FORCE_ROOT: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        PYTHONPATH: dirname(options.module),
        ...options.env
      },
      onLine: (line) => {
        if (line.replaceAll(/\x1b\[[0-9;]*m/g, "").trimEnd().endsWith(" ready.")) ready = true
      }
    })
    try {
      await until(
        "the Celery worker's start",
        () => {
          if (!peer.running) throw new Error(`the Celery worker ended while starting:\n${peer.output}`)
          return ready
        },
        100_000,
        () => peer.output
      )
    } catch (error) {
      await peer.stop("SIGKILL")
      throw error
    }
    return new CeleryWorker(peer)
  }

  get output(): string {
    return this.peer.output
  }

  /** A warm shutdown; SIGKILL after a minute. */
  stop(): Promise<void> {
    return this.peer.stop("SIGTERM", 60_000)
  }

  kill(): Promise<void> {
    return this.peer.stop("SIGKILL")
  }
}

const longs = `
import json, os
from kombu import Connection
with Connection(os.environ["URL"]) as connection:
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).queue
    channel.basic_publish(channel.prepare_message(b"", headers={"n": -(2 ** 40)}), "", queue)
    print(json.dumps(channel.basic_get(queue, no_ack=True).headers["n"] < 0))
`

/**
 * Whether Python reads an integer below -2^31 in a header as Python wrote it.
 * It writes `L`, which RabbitMQ 4 hands out as `l`, and py-amqp before 5.3 takes
 * that for unsigned: what arrives is 2^64 more.
 */
export const readsOwnLongs = async (url: string): Promise<boolean> =>
  (await runPython(longs, { env: { URL: url } }))[0] === true
