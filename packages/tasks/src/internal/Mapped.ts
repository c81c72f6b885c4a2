/** One task called for each of many arguments in one message: Celery's `map`, `starmap` and `chunks`. */
import * as Result from "effect/Result"
import * as Outcome from "../Outcome.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import type * as Task from "../Task.ts"
import { because, InvalidOption } from "../TaskError.ts"
import * as Composed from "./Composed.ts"
import * as Signed from "./Signed.ts"

/** Each is the one argument, in a list. */
export const map = (task: Task.Any, items: ReadonlyArray<ReadonlyArray<unknown>>): Signed.Signed => {
  const { it, problem } = encoded(task, items)
  return make("celery.map", task, it.map(([item]) => item), problem)
}

/** Each is all of the arguments. */
export const starmap = (task: Task.Any, items: ReadonlyArray<ReadonlyArray<unknown>>): Signed.Signed => {
  const { it, problem } = encoded(task, items)
  return make("celery.starmap", task, it, problem)
}

export const chunks = (task: Task.Any, items: ReadonlyArray<ReadonlyArray<unknown>>, size: number): Signed.Signed => {
  const isSize = Number.isInteger(size) && size > 0
  const tasks: Array<Signed.Signed> = []
  for (let at = 0; isSize && at < items.length; at += size) tasks.push(starmap(task, items.slice(at, at + size)))
  const group = Composed.make({ kind: "group", tasks, isList: true })
  if (isSize) return group
  const detail = `the size of a chunk is a whole number from 1, and not ${size}`
  const problem = because("send", new InvalidOption({ option: "size", detail }))
  return new Composed.Composed({ ...group.state, problem }, group.shape)
}

const make = (name: string, task: Task.Any, it: ReadonlyArray<unknown>, problem: Signed.State["problem"]) =>
  Signed.make({
    task: name,
    args: [],
    kwargs: { task: plain(task.name), it },
    isImmutable: true,
    sendable: sendable(name, task),
    problem
  })

/** As Celery writes `task.s()`. */
const plain = (task: string): SignatureJson => ({
  task,
  args: [],
  kwargs: {},
  options: {},
  subtask_type: null,
  immutable: false
})

/** It goes the way of the task that it calls, and comes to the list of its results. */
export const sendable = (name: string, task: Signed.Sendable): Signed.Sendable => ({
  name,
  options: task.options,
  outcome: listOf(task.outcome),
  isNamed: task.isNamed,
  routed: task
})

const listOf = (outcome: Outcome.Outcome<any, any>): Outcome.Outcome<ReadonlyArray<unknown>, unknown> => ({
  ...outcome,
  encodeSuccess: Outcome.untyped.encodeSuccess,
  decodeSuccess: (values) =>
    Array.isArray(values)
      ? Result.all(values.map((value) => outcome.decodeSuccess(value)))
      : Result.fail("Expected the list of the results")
})

const encoded = (task: Task.Any, items: ReadonlyArray<ReadonlyArray<unknown>>) => {
  const it: Array<ReadonlyArray<unknown>> = []
  for (const [index, item] of items.entries()) {
    const one = task.arguments.encode(item as Task.Input<Task.Any>) // its types are those of `Canvas`
    if (Result.isFailure(one)) {
      return { it, problem: Signed.misfit(task.name, `item ${index}: ${one.failure.message}`) }
    }
    it.push(one.success.args)
  }
  return { it, problem: undefined }
}
