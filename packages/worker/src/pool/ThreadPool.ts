/**
 * A pool whose slots are threads of this process (`worker_threads`): for
 * handlers that compute. One that never waits holds up its own thread, and is
 * ended with it.
 *
 * A thread has a heap and modules of its own, and shares the process: a native
 * addon that crashes takes all with it. `ProcessPool` does not.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import type * as ChildPool from "./ChildPool.ts"
import * as Children from "./internal/Children.ts"
import * as Entry from "./internal/Entry.ts"
import type { Spawn } from "./internal/Link.ts"
import type { Pool } from "./Pool.ts"

/** Starts the threads, and ends them with the scope. Succeeds when the first is ready. */
export const make = (options: ChildPool.Options): Effect.Effect<Pool, ChildPool.ChildPoolError, Scope.Scope> =>
  Children.make("threads", options, spawn(options.program))

const spawn = ({ entry }: ChildPool.ChildProgram): Spawn => ({ onExit, onMessage }) => {
  const worker = new Worker(new URL(entry ?? Entry.url), { argv: Entry.args(), name: "celeriac" })
  let error: unknown
  worker.on("message", onMessage)
  worker.on("error", (thrown) => {
    error = thrown
  })
  worker.on("exit", (code) => onExit({ code, error }))
  const id = worker.threadId
  return {
    id,
    send: (message, moved) => worker.postMessage(message, moved),
    kill: () => void worker.terminate()
  }
}
