/**
 * Python's worker and one of ours with results in one Redis, for canvases whose
 * tasks run on either: what the tests that compare the two are run in.
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { CeleryWorker, runPython } from "../../../../test/peers/Python.ts"
import * as Broker from "../../src/Broker.ts"

export interface Options {
  /** Of the queues, and of the node of ours. */
  readonly name: string
  /** The module of Python with the application, among the fixtures. It finds `BROKER`, `RESULTS` and `QUEUE` in its environment. */
  readonly module: string
  /** Number of the database of Redis, which no other file has. */
  readonly database: number
  /** Results that are messages, and not in Redis. Modules write what they note to Redis all the same: `JOURNAL`. */
  readonly isRpc?: boolean | undefined
}

export const make = ({ database, isRpc = false, module, name }: Options) => {
  const journal = inject("redisUrl").replace(/\/\d*$/, `/${database}`)
  const results = isRpc ? "rpc://" : journal
  const broker = brokerUrl()
  /** The queues of the two. */
  const python = `${name}.${process.pid}`
  const ours = `${name}.ours.${process.pid}`
  const path = fileURLToPath(new URL(`../fixtures/${module}`, import.meta.url))
  const env = { BROKER: broker, RESULTS: results, JOURNAL: journal, QUEUE: python }
  return {
    results,
    journal,
    python,
    ours,
    /** Client and result backend. */
    broker: Broker.layer(broker, { results }),
    /** What a worker of ours is made with, besides its tasks. */
    node: { nodename: `${name}.${process.pid}@canvas`, concurrency: 4, queues: [ours] },
    /** Python's worker, until the scope closes. */
    celery: Effect.acquireRelease(
      Effect.promise(() =>
        CeleryWorker.start({
          module: path,
          env,
          // What its solo pool reads while it publishes may lie there for ten seconds.
          args: ["--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        })
      ),
      (worker) => Effect.promise(() => worker.kill())
    ),
    /** Runs the module, or what else is said, as a program of Python's: every line that it printed. */
    program: (args: ReadonlyArray<string> = [], source = readFileSync(path, "utf8"), timeout = 60_000) =>
      Effect.promise(() => runPython(source, { env, args, timeout }))
  }
}
