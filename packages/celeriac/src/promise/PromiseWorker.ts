/** A worker of an application, started and stopped by promises. */
import type { Transport } from "@celeriac/messaging/Transport"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Worker from "@celeriac/worker/Worker"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Run } from "./Run.ts"

export type Options = Omit<Worker.Options<ReadonlyArray<never>, [], []>, "tasks" | "steps">

export interface PromiseWorker {
  /** The worker as the Effect side knows it. `celeriac worker -A` finds it here. */
  readonly definition: Worker.Definition<unknown, Transport | ResultWriter>
  /** Boots it. Resolves when it is ready. */
  readonly start: () => Promise<void>
  /** Stops it warm: running tasks finish. Does nothing when it does not run. */
  readonly stop: () => Promise<void>
  /** Stops it cold: running tasks are given up, and their signals aborted. */
  readonly terminate: () => Promise<void>
  /**
   * Boots it and runs until the process is told to stop, by SIGTERM or Ctrl+C:
   * the whole of a program that is a worker. Rejects when it cannot go on.
   */
  readonly run: () => Promise<void>
}

interface Running {
  readonly scope: Scope.Closeable
  readonly worker: Worker.Worker["Service"]
}

export const make = (run: Run, define: () => PromiseWorker["definition"]): PromiseWorker => {
  let running: Promise<Running> | undefined

  const boot = async (): Promise<Running> => {
    const scope = Scope.makeUnsafe()
    const exit = await run(Effect.exit(Layer.buildWithScope(define().layer, scope)))
    if (Exit.isSuccess(exit)) return { scope, worker: Context.get(exit.value, Worker.Worker) }
    await Effect.runPromise(Scope.close(scope, exit))
    return run(Effect.failCause(exit.cause))
  }

  const end = async (before: (worker: Running["worker"]) => Effect.Effect<void>): Promise<void> => {
    const current = running
    if (current === undefined) return
    const { scope, worker } = await current
    await Effect.runPromise(Effect.andThen(before(worker), Scope.close(scope, Exit.void)))
    if (running === current) running = undefined
  }

  return {
    get definition() {
      return define()
    },
    start: async () => {
      if (running !== undefined) throw new Error("this worker runs already: stop it first, or make another one")
      const booting = boot()
      running = booting
      try {
        await booting
      } catch (error) {
        running = undefined
        throw error
      }
    },
    stop: () => end(() => Effect.void),
    terminate: () => end((worker) => worker.terminate),
    run: () => run(define().run)
  }
}
