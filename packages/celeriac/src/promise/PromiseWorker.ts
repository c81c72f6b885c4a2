/** A worker of an application, started and stopped by promises. */
import * as Control from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Transport } from "@celeriac/messaging/Transport"
import type * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Signals from "@celeriac/worker/state/Signals"
import * as Worker from "@celeriac/worker/Worker"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Broker } from "../Broker.ts"
import type * as Settings from "../Settings.ts"
import type { Run } from "./Run.ts"

export type Options = Omit<Worker.Options<ReadonlyArray<never>, [], []>, "tasks" | "steps" | "agent">

/** The broker of an application, for the command: the operator may choose another, for all of it. */
export interface AppBroker {
  /** As the program has it, if it does. */
  readonly given: BrokerSettings.Some
  /** The one that its tasks are sent to as well. */
  readonly layer: (chosen: Settings.Given) => Layer.Layer<Broker, MessagingError | ResultError>
  /** From now on its tasks are sent with these: by a child of a pool, which has no connection. */
  readonly lend: (services: Context.Context<Broker>) => void
}

export interface PromiseWorker {
  /** The worker as the Effect side knows it. `celeriac worker -A` finds it here. */
  readonly definition: Worker.Definition<unknown, Transport | ResultWriter>
  /** That of its application. */
  readonly broker: AppBroker
  /** Whether it was started, and has not stopped. */
  readonly isRunning: boolean
  /** Boots it. Resolves when it is ready. */
  readonly start: () => Promise<void>
  /** Stops it warm: running tasks finish. Does nothing when it does not run. */
  readonly stop: () => Promise<void>
  /** Stops it cold: running tasks are given up, and their signals aborted. */
  readonly terminate: () => Promise<void>
  /**
   * Boots it and runs until it is stopped, by SIGTERM or Ctrl+C or `stop`: the
   * whole of a program that is a worker. Then the application leaves its broker,
   * so that the process ends when it has nothing else to do. A worker that
   * cannot go on tells so in the log, and by `process.exitCode`: it does not reject.
   */
  readonly run: () => Promise<void>
}

/** A worker that is up, or on its way: how to end it. */
interface Running {
  readonly stop: () => Promise<void>
  readonly terminate: () => Promise<void>
}

/** `ended` is told when a worker that was the whole of a program has ended, and what it failed with, if it did. */
export const make = (
  run: Run,
  define: () => PromiseWorker["definition"],
  broker: AppBroker,
  ended: (failure: unknown) => Promise<void>
): PromiseWorker => {
  let running: Promise<Running> | undefined

  const end = async (how: keyof Running): Promise<void> => {
    const current = running
    if (current === undefined) return
    await (await current)[how]()
    if (running === current) running = undefined
  }
  const program = async (control: Control.Control["Service"]): Promise<void> => {
    let failure: unknown
    try {
      await run(Effect.provideService(define().run, Signals.Switch, control))
    } catch (error) {
      failure = error
    }
    running = undefined
    await ended(failure)
  }

  return {
    broker,
    get definition() {
      return define()
    },
    get isRunning() {
      return running !== undefined
    },
    start: async () => {
      if (running !== undefined) throw alreadyRuns()
      const booting = boot(run, define)
      running = booting
      try {
        await booting
      } catch (error) {
        running = undefined
        throw error
      }
    },
    stop: () => end("stop"),
    terminate: () => end("terminate"),
    run: async () => {
      if (running !== undefined) throw alreadyRuns()
      const control = Control.makeUnsafe()
      const ask = (reason: StopReason.Shutdown | StopReason.Terminate) => async () => {
        Effect.runSync(control.request(reason))
        await whole
      }
      running = Promise.resolve({ stop: ask(StopReason.shutdown()), terminate: ask(StopReason.terminate()) })
      const whole = program(control)
      await whole
    }
  }
}

const alreadyRuns = () => new Error("this worker runs already: stop it first, or make another one")

const boot = async (run: Run, define: () => PromiseWorker["definition"]): Promise<Running> => {
  const scope = Scope.makeUnsafe()
  const exit = await run(Effect.exit(Layer.buildWithScope(define().layer, scope)))
  if (Exit.isFailure(exit)) {
    await Effect.runPromise(Scope.close(scope, exit))
    return run(Effect.failCause(exit.cause))
  }
  const { terminate } = Context.get(exit.value, Worker.Worker)
  const end = (before: Effect.Effect<void>) => () =>
    Effect.runPromise(Effect.andThen(before, Scope.close(scope, Exit.void)))
  return { stop: end(Effect.void), terminate: end(terminate) }
}
