/**
 * What is at hand in `celeriac shell`, by its names: the application, its
 * tasks, the client, remote control, and the words of canvas.
 */
import * as Task from "@celeriac/tasks/Task"
import * as Effect from "effect/Effect"
import * as promise from "../../promise.ts"
import type * as App from "../app/App.ts"
import type * as Verb from "../app/Verb.ts"

export type Names = Readonly<Record<string, unknown>>

export interface Bindings {
  /** To be set in the shell. */
  readonly names: Names
  /** The tasks that the module defines, by their names. */
  readonly tasks: Names
  /** Leaves the broker. */
  readonly close: () => Promise<void>
}

export const make = (verb: Verb.Verb, withoutTasks: boolean): Bindings => {
  const { app, brokerUrl, given, resultBackend } = verb
  // The broker that the command line names, whatever the module has.
  const ours = promise.celeriac({ settings: { ...given, brokerUrl, resultBackend } })
  const exports = app?.exports ?? {}
  const tasks = tasksIn(exports)
  const { client, control } = ours
  return {
    names: {
      app: exports["app"] ?? ours,
      worker: app?.worker,
      client,
      control,
      inspect: control.inspect,
      result: client.result,
      send: (name: string, args: ReadonlyArray<unknown> = [], kwargs: Names = {}) =>
        client.sendTask(name, { args, kwargs }),
      tasks,
      run: Effect.runPromise,
      Effect,
      Task,
      chain: promise.chain,
      group: promise.group,
      chord: promise.chord,
      signature: promise.signature,
      ...withoutTasks ? {} : named(exports)
    },
    tasks,
    close: ours.close
  }
}

/** What the module exports is at hand under the names that it has there, but for its default. */
const named = (exports: App.Exports): Names =>
  Object.fromEntries(Object.entries(exports).filter(([name]) => name !== "default" && name !== "module.exports"))

const tasksIn = (exports: App.Exports): Names =>
  Object.fromEntries(
    Object.values(exports).flatMap((value) => {
      const name = taskNameOf(value)
      return name === undefined ? [] : [[name, value] as const]
    }).toSorted(([one], [other]) => one < other ? -1 : 1)
  )

/** Of a task of either form: it has a name, and makes signatures. */
const taskNameOf = (value: unknown): string | undefined => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined
  return "s" in value && typeof value.s === "function" && "name" in value && typeof value.name === "string"
    ? value.name
    : undefined
}
