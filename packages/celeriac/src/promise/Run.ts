/**
 * Runs effects on the broker of an application: it is connected to at the first
 * use, and again at the next one after it was left.
 */
import type { RemoteControl } from "@celeriac/tasks/control/RemoteControl"
import { TaskContext } from "@celeriac/tasks/TaskContext"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { AsyncLocalStorage } from "node:async_hooks"
import type { Broker } from "../Broker.ts"
import * as CurrentTask from "../internal/CurrentTask.ts"

/** What an application runs on. */
export type Around = Broker | RemoteControl

/** The request that is being run, for what its handler calls: promises have no other way to know of it. */
export const requests: Requests = new AsyncLocalStorage<TaskRequest>()

CurrentTask.provide(() => requests.getStore())

/** What is used of Node's, whose types not everybody has. */
interface Requests {
  readonly run: <A, Args extends ReadonlyArray<unknown>>(
    request: TaskRequest,
    call: (...args: Args) => A,
    ...args: Args
  ) => A
  readonly getStore: () => TaskRequest | undefined
}

/** Runs it for the task whose handler called, if one did. */
export type Run = <A, E>(effect: Effect.Effect<A, E, Around>, signal?: AbortSignal) => Promise<A>

/** Runs what needs no broker. */
export type Read = <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal) => Promise<A>

export interface Connected {
  readonly run: Run
  /** What it is connected with. */
  readonly context: () => Promise<Context.Context<Around>>
  /** Closes what is open: nothing of it keeps the process any more. What is under way rejects. */
  readonly leave: () => Promise<void>
  /** The same, for good. */
  readonly close: () => Promise<void>
}

export const make = <E>(broker: Layer.Layer<Around, E>): Connected => {
  let current: ManagedRuntime.ManagedRuntime<Around, E> | undefined
  let isClosed = false

  const leave = async (): Promise<void> => {
    const left = current
    current = undefined
    await left?.dispose()
  }

  const connected = () => {
    if (isClosed) throw new Error("this application is closed: nothing can be sent or run with it any more")
    return current ??= ManagedRuntime.make(broker)
  }

  return {
    context: async () => connected().context(),
    run: async (effect, signal) => {
      const runtime = connected()
      const request = requests.getStore()
      const own = request === undefined ? effect : Effect.provideService(effect, TaskContext, request)
      const exit = await runtime.runPromiseExit(own, signal === undefined ? {} : { signal })
      if (Exit.isSuccess(exit)) return exit.value
      if (runtime !== current && Cause.hasInterruptsOnly(exit.cause)) {
        throw new Error("the application has left its broker meanwhile: it was closed, or its worker was stopped")
      }
      throw Cause.squash(exit.cause)
    },
    leave,
    close: () => {
      isClosed = true
      return leave()
    }
  }
}
