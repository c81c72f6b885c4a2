/**
 * The built-in tasks that send a canvas: `celery.chunks`, and what Celery keeps
 * for messages of old versions, `celery.group`, `celery.chord` and
 * `celery.chain`. Source: Celery's `builtins`.
 *
 * Each comes to the result of what it sends, as results stand in records.
 *
 * @since 0.1.0
 */
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as Python from "@celeriac/tasks/Python"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import * as Task from "@celeriac/tasks/Task"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Run } from "../../Run.ts"

const list = Schema.Array(Schema.Unknown)
const success = Schema.Unknown

/** A task with so many items at once: a group of `celery.starmap`. */
export const chunks = Task.make("celery.chunks", {
  parameters: { task: Schema.Unknown, it: list, n: Schema.Int },
  success
}).toLayer(({ it, n, task }, request) =>
  send(request, () => {
    if (n < 1) return refuse("ValueError", "range() arg 3 must not be zero or below")
    const tasks: Array<SignatureJson> = []
    for (let at = 0; at < it.length; at += n) {
      tasks.push({
        task: "celery.starmap",
        args: [],
        kwargs: { task, it: it.slice(at, at + n) },
        options: {},
        subtask_type: "starmap",
        immutable: false
      })
    }
    return { signature: group(tasks), args: [] }
  })
)

/** Sends its tasks. Since Celery 3.1 whoever calls a group does so. */
export const oldGroup = Task.make("celery.group", {
  parameters: {
    tasks: list,
    result: Schema.Unknown,
    group_id: Schema.Unknown,
    partial_args: list,
    add_to_parent: Schema.optionalKey(Schema.Boolean)
  },
  success
}).toLayer(({ group_id, partial_args, tasks }, request) =>
  send(request, () => ({ signature: group(tasks, group_id), args: partial_args }))
)

/** Sends its header. Since Celery 3.1 whoever calls a chord does so. */
export const oldChord = Task.make("celery.chord", {
  parameters: {
    header: Schema.Unknown,
    body: Schema.Unknown,
    partial_args: Schema.optionalKey(list),
    interval: Schema.optionalKey(Schema.Unknown),
    countdown: Schema.optionalKey(Schema.Unknown),
    max_retries: Schema.optionalKey(Schema.Unknown),
    eager: Schema.optionalKey(Schema.Unknown),
    kwargs: Python.Kwargs(Schema.Unknown)
  },
  success,
  options: { ignoreResult: false }
}).toLayer(({ body, header, partial_args = [] }, request) =>
  send(request, () => ({
    signature: { task: "celery.chord", args: [], kwargs: { header, body }, options: {}, subtask_type: "chord" },
    args: partial_args
  }))
)

/** A chain is never a message of its own. */
export const oldChain = Task.make("celery.chain", {
  parameters: { args: Python.Args(Schema.Unknown), kwargs: Python.Kwargs(Schema.Unknown) },
  success
}).toLayer(() => Effect.sync(() => refuse("NotImplementedError", "chain is not a real task")))

interface Call {
  readonly signature: SignatureJson
  readonly args: ReadonlyArray<unknown>
}

const send = (request: TaskRequest, call: () => Call): Effect.Effect<unknown> =>
  Effect.sync(() => {
    const { args, signature } = call()
    // The worker makes every request itself.
    return ResultTuple.encode((request as Run).send(signature, args))
  })

const group = (tasks: unknown, id: unknown = undefined): SignatureJson => ({
  task: "celery.group",
  args: [],
  kwargs: { tasks },
  options: typeof id === "string" ? { task_id: id } : {},
  subtask_type: "group",
  immutable: false
})

const refuse = (excType: string, said: string): never => {
  throw Exceptions.toException(Exceptions.make(excType, [said]))
}
