/**
 * How a worker was set up: its name, how much it runs at once, what it listens
 * to. One value for each worker; steps read it.
 *
 * @since 0.1.0
 */
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Context from "effect/Context"
import { availableParallelism } from "node:os"
import type { Prefetch } from "./Prefetch.ts"
import { InvalidSetting } from "./WorkerError.ts"

export interface Settings {
  /** `celery@host`. */
  readonly nodename: string
  /** How many tasks run at once. */
  readonly concurrency: number
  /** The names of the queues to consume from; undefined is the default queue and every configured one. */
  readonly queues: ReadonlyArray<string> | undefined
  readonly prefetch: Prefetch
  /** How often to try to connect again before giving up; 0 is without end. `broker_connection_max_retries`. */
  readonly connectionMaxRetries: number
}

export const defaults = (): Settings => ({
  nodename: Nodename.expand(Nodename.defaultName + "@%h"),
  concurrency: availableParallelism(),
  queues: undefined,
  prefetch: "adaptive",
  connectionMaxRetries: 100
})

/** What is to be otherwise. `nodename` is a pattern: see `Nodename.expand`. */
export interface Changes {
  readonly nodename?: string
  readonly concurrency?: number
  readonly queues?: ReadonlyArray<string>
  readonly prefetch?: Prefetch
  readonly connectionMaxRetries?: number
}

/** Leaves what is not said as it is. Throws an `InvalidSetting` for what would make a worker that never runs anything. */
export const change = (settings: Settings, changes: Changes): Settings =>
  checked({
    nodename: changes.nodename === undefined ? settings.nodename : Nodename.expand(changes.nodename),
    concurrency: changes.concurrency ?? settings.concurrency,
    queues: changes.queues ?? settings.queues,
    prefetch: changes.prefetch ?? settings.prefetch,
    connectionMaxRetries: changes.connectionMaxRetries ?? settings.connectionMaxRetries
  })

export const WorkerSettings: Context.Reference<Settings> = Context.Reference("@celeriac/worker/state/WorkerSettings", {
  defaultValue: defaults
})

const checked = (settings: Settings): Settings => {
  const { concurrency, connectionMaxRetries, prefetch, queues } = settings
  expect("concurrency", concurrency, Number.isInteger(concurrency) && concurrency >= 1, "a whole number of at least 1")
  expect("connectionMaxRetries", connectionMaxRetries, isCount(connectionMaxRetries), "a whole number, or 0 for no end")
  if (prefetch !== "adaptive") {
    if ("count" in prefetch) {
      expect("prefetch.count", prefetch.count, isCount(prefetch.count), "a whole number, or 0 for no bound")
    } else {
      const { multiplier } = prefetch
      expect(
        "prefetch.multiplier",
        multiplier,
        Number.isFinite(multiplier) && multiplier >= 0,
        "a number, or 0 for no bound"
      )
    }
  }
  for (const queue of queues ?? []) expect("list of queues", JSON.stringify(queues), queue !== "", "names alone")
  return settings
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0

const expect = (setting: string, value: unknown, isValid: boolean, expected: string): void => {
  if (!isValid) throw new InvalidSetting({ setting, value: String(value), expected })
}
