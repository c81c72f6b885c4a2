/**
 * A pool whose slots are processes (`child_process.fork`): for handlers that
 * compute, and for code that may crash. The pool of Celery's `prefork`.
 *
 * A child does not listen to the signals that end a worker: who stops the worker
 * stops them. It ends by itself when its parent is gone, however that went.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { fork } from "node:child_process"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"
import type * as ChildPool from "./ChildPool.ts"
import * as Children from "./internal/Children.ts"
import * as Entry from "./internal/Entry.ts"
import type { Exited, Spawn } from "./internal/Link.ts"
import type { FromChild } from "./internal/Protocol.ts"
import type { Pool } from "./Pool.ts"

/** Starts the processes, and ends them with the scope. Succeeds when the first is ready. */
export const make = (options: ChildPool.Options): Effect.Effect<Pool, ChildPool.ChildPoolError, Scope.Scope> =>
  Children.make("processes", options, spawn(options.program))

const spawn = ({ entry }: ChildPool.ChildProgram): Spawn => ({ onExit, onMessage }) => {
  const child = fork(fileURLToPath(entry ?? Entry.url), Entry.args(), { serialization: "advanced" })
  let exited: Exited | undefined
  let isConnected = true
  // Its last messages may be read after it is known that it is gone.
  const end = () => {
    if (exited === undefined || isConnected) return
    onExit(exited)
  }
  child.on("message", (message) => onMessage(message as FromChild)) // its other end is `child/main`
  child.on("disconnect", () => {
    isConnected = false
    end()
  })
  child.on("exit", (code, name) => {
    const signal = name === null ? undefined : { name, number: constants.signals[name] }
    exited = { code: code ?? -1, signal }
    end()
  })
  // It could not be started, or not be told something: its exit says the rest, where there is one.
  child.on("error", (error) => {
    if (child.pid !== undefined) return
    isConnected = false
    exited = { code: -1, error }
    end()
  })
  return {
    id: child.pid ?? 0,
    send: (message) => {
      if (isConnected) child.send(message)
    },
    kill: (signum) => void child.kill(signum)
  }
}
