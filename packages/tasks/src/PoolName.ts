/**
 * The kinds of pools that tasks run in, by the names that a worker's setting
 * `pool` and a task's option have for them.
 *
 * Celery's names are understood too: `prefork` is `processes`. Those of pools
 * that Python alone has are answered with what does the same here.
 *
 * @since 0.1.0
 */
import { nearest } from "./internal/Nearest.ts"

/** `fibers`: for what mostly waits. `threads`, `processes`: for what computes. `solo`: one task at a time. */
export const names = ["fibers", "threads", "processes", "solo"] as const

export type PoolName = typeof names[number]

/** Whether its tasks run in children, threads or processes, and not where the worker is. */
export const hasChildren = (name: string): boolean => name === "threads" || name === "processes"

const aliases: ReadonlyMap<string, PoolName> = new Map([
  ["prefork", "processes"],
  ["celery.concurrency.prefork:TaskPool", "processes"],
  ["celery.concurrency.thread:TaskPool", "threads"],
  ["celery.concurrency.solo:TaskPool", "solo"]
])

const greenlets = "fibers do what greenlets are for"

const elsewhere: ReadonlyMap<string, string> = new Map([
  ["gevent", greenlets],
  ["eventlet", greenlets],
  ["celery.concurrency.gevent:TaskPool", greenlets],
  ["celery.concurrency.eventlet:TaskPool", greenlets],
  ["custom", "a pool of one's own is a step that provides Pool: worker.replace(MyPool)"]
])

/** The pool that is meant by one of its names, ours or Celery's. */
export const read = (name: string): PoolName | undefined => names.find((one) => one === name) ?? aliases.get(name)

/** Of a name that means none: what to take instead, if that can be said. */
export const instead = (name: unknown): string | undefined => {
  if (typeof name !== "string") return undefined
  const near = nearest(name, [...names, ...aliases.keys()])
  return elsewhere.get(name) ?? (near === undefined ? undefined : `did you mean ${near}?`)
}

/** What a name must be, in words. */
export const expected = "fibers, threads, processes or solo"
