/**
 * A pool whose slots are processes (`child_process.fork`): for handlers that
 * compute, and for code that may crash. The pool of Celery's `prefork`.
 *
 * A child does not listen to the signals that end a worker: who stops the worker
 * stops them. It ends when its parent is gone, however that went.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { fork } from "node:child_process"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"
import type * as ChildPool from "./ChildPool.ts"
import * as Children from "./internal/Children.ts"
import * as Entry from "./internal/Entry.ts"
import * as Guardian from "./internal/Guardian.ts"
import * as Leash from "./internal/Leash.ts"
import type { Exited, Spawn } from "./internal/Link.ts"
import type { FromChild } from "./internal/Protocol.ts"
import type { Pool } from "./Pool.ts"

/** Starts the processes, and ends them with the scope. Succeeds when the first is ready. */
export const make = (options: ChildPool.Options): Effect.Effect<Pool, ChildPool.ChildPoolError, Scope.Scope> =>
  Effect.flatMap(
    Effect.all([Guardian.make(), Leash.make()]),
    ([guardian, leash]) => Children.make("processes", options, spawn(options.program, guardian, leash))
  )

const spawn = (
  { entry }: ChildPool.ChildProgram,
  guardian: Guardian.Guardian,
  leash: Partial<Leash.Leash>
): Spawn =>
({ onExit, onMessage }) => {
  const child = fork(fileURLToPath(entry ?? Entry.url), Entry.args(), { ...leash, serialization: "advanced" })
  const { pid } = child
  if (pid !== undefined) guardian.guard(pid)
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
    if (pid !== undefined) guardian.forget(pid)
    const signal = name === null ? undefined : { name, number: constants.signals[name] }
    exited = { code: code ?? -1, signal }
    end()
  })
  // It could not be started, or not be told something: its exit says the rest, where there is one.
  child.on("error", (error) => {
    if (pid !== undefined) return
    isConnected = false
    exited = { code: -1, error }
    end()
  })
  return {
    id: pid ?? 0,
    send: (message) => {
      if (isConnected) child.send(message)
    },
    kill: (signum) => {
      try {
        child.kill(signum)
      } catch {
        // No signal of this system.
        child.kill("SIGKILL")
      }
    }
  }
}
