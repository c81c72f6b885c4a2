/**
 * What is sent and stored because a task has ended, of what its message says
 * that follows it: callbacks and the next step of its chain, or errbacks and the
 * failure of every step that will not run; and the parts of chords that are done
 * with it. Source: tasks §8, Celery's `trace` and `Backend.mark_as_failure`.
 *
 * @since 0.1.0
 */
import { CanvasMessages, type ChordSize, Unsendable } from "@celeriac/tasks/canvas/CanvasMessages"
import type { Embed, SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import type { ChordPart } from "@celeriac/tasks/result/ChordCounter"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import type * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Result from "effect/Result"
import * as Canvas from "../../trace/Canvas.ts"
import { type Failure, failure, type Outcome } from "../../trace/Outcome.ts"
import type { Other, Outgoing } from "../Aftermath.ts"
import { Request } from "../Request.ts"
import type { Subject } from "./Subject.ts"

/** A part of a chord that has ended, and what is sent after the last of them. */
export interface Part extends ChordPart {
  readonly body: SignatureJson
}

export interface Continuation {
  /** To be known before anything is published. */
  readonly sizes: ReadonlyArray<ChordSize>
  readonly messages: ReadonlyArray<Outgoing>
  /** To be stored: of tasks that will not run. */
  readonly others: ReadonlyArray<Other>
  /** Sent by the task, as its result knows them. */
  readonly children: ReadonlyArray<ResultTuple>
  /** To be counted when all else is safe. */
  readonly parts: ReadonlyArray<Part>
}

export interface Continuing {
  /** What follows a task that has come to this; the failure that it comes to where that cannot be sent. */
  readonly after: (
    request: Request,
    outcome: Outcome & { readonly _tag: "Success" | "Failure" },
    embed: Embed,
    now: number
  ) => Result.Result<Continuation, Failure>
  /** What follows the last part of a chord. */
  readonly body: (
    part: Part,
    records: ReadonlyArray<ResultRecord.ResultRecord>,
    rootId: string,
    now: number
  ) => Continuation
}

/** What follows a message that has come to this; nothing where its outcome is no end, or nothing follows. */
export const follow = (
  continuing: Continuing | undefined,
  subject: Subject,
  outcome: Outcome,
  now: number
): Result.Result<Continuation, Failure> | undefined => {
  if (outcome._tag !== "Success" && outcome._tag !== "Failure") return undefined
  const { follows } = outcome
  if (follows === undefined || continuing === undefined || !(subject instanceof Request)) return undefined
  return Result.mapError(continuing.after(subject, outcome, follows, now), (failure) => ({
    ...failure,
    // Its errbacks may be what cannot be sent.
    follows: outcome._tag === "Success" ? follows : { ...follows, errbacks: undefined }
  }))
}

/** The outcome, with what was sent because of it. */
export const withChildren = (outcome: Outcome, { children }: Continuation): Outcome =>
  children.length === 0 || outcome._tag !== "Success"
    ? outcome
    : { ...outcome, children: [...outcome.children ?? none, ...children] }

/** `inherits`: tasks have the priority of the one that sends them. */
export const make = (write: SignatureMessage.Write, inherits: boolean): Continuing => {
  const succeeded = (request: Request, result: unknown, { callbacks = [], chain = [] }: Embed, now: number) => {
    const canvas = new CanvasMessages(write, request.id, now)
    const priority = inherits ? request.message.properties.priority : undefined
    const options = { parent_id: request.id, root_id: request.rootId, priority }
    const groups = callbacks.length > 1 ? callbacks.filter(isGroup) : callbacks
    const tasks = callbacks.length > 1 ? callbacks.filter((callback) => !isGroup(callback)) : []
    for (const one of groups) canvas.apply(one, [result], options)
    if (tasks.length > 0) canvas.applyGroup(tasks, [result], options)
    const next = chain.at(-1)
    if (next !== undefined) {
      const rest = chain.slice(0, -1)
      canvas.apply(next, [result], { ...options, chain: rest.length === 0 ? undefined : rest })
    }
    return canvas
  }

  const failed = (
    about: { readonly id: string; readonly rootId: string },
    { exception, traceback }: Pick<Failure, "exception" | "traceback">,
    { chain = [], errbacks = [] }: Pick<Embed, "chain" | "errbacks">,
    now: number
  ) => {
    const canvas = new CanvasMessages(write, about.id, now)
    if (errbacks.length > 0) {
      canvas.applyGroup(errbacks, [about.id], { parent_id: about.id, root_id: about.rootId })
    }
    const what = { exception, traceback, dateDone: now }
    const others = Canvas.steps(chain).map(({ group, id, replyTo }): Other => ({
      record: ResultRecord.make(id, TaskState.FAILURE, { ...what, groupId: group }),
      addressee: { replyTo, correlationId: id }
    }))
    const parts = Canvas.bodies(chain).flatMap(({ options }) =>
      partOf(
        options?.group_id,
        options?.group_index,
        options?.chord as SignatureJson | undefined, // it was looked at before the task ran
        typeof options?.task_id === "string" ? ResultRecord.make(options.task_id, TaskState.FAILURE, what) : undefined
      )
    )
    return { canvas, others, parts }
  }

  return {
    after: (request, outcome, embed, now) => {
      try {
        const part = (status: TaskState.TaskState, what: ResultRecord.Options) =>
          partOf(request.group, request.groupIndex, embed.chord, ResultRecord.make(request.id, status, what))
        if (outcome._tag === "Success") {
          const { messages, sizes, trail } = succeeded(request, outcome.result, embed, now)
          const parts = part(TaskState.SUCCESS, { result: outcome.result })
          return Result.succeed({ sizes, messages, others: none, children: trail, parts })
        }
        const { canvas: { messages, sizes }, others, parts } = failed(request, outcome, embed, now)
        const own = part(TaskState.FAILURE, { exception: outcome.exception })
        return Result.succeed({ sizes, messages, others, children: none, parts: [...own, ...parts] })
      } catch (error) {
        return Result.fail(unsendable(error))
      }
    },
    body: (part, records, rootId, now) => {
      const culprit = records.find(({ status }) => TaskState.isPropagated(status))
      const { body } = part
      try {
        if (culprit === undefined) {
          // The worker of the last part sends it, whatever part that is: its ids are the chord's.
          const canvas = new CanvasMessages(write, `chord:${part.groupId}`, now)
          canvas.apply(body, [records.map(({ result }) => result)], { parent_id: part.record.taskId, root_id: rootId })
          return { ...nothing, sizes: canvas.sizes, messages: canvas.messages }
        }
      } catch (error) {
        return failing(part, rootId, now, chordError(`Callback error: ${Exceptions.repr(unsendable(error).exception)}`))
      }
      const { exception = Exceptions.make("Exception"), taskId } = culprit
      return failing(part, rootId, now, chordError(`Dependency ${taskId} raised ${Exceptions.repr(exception)}`))
    }
  }

  /** The body will not run, nor what is behind it. */
  function failing({ body }: Part, rootId: string, now: number, exception: Exceptions.ExceptionRecord): Continuation {
    const { chain, link_error, task_id } = body.options ?? {}
    const id = typeof task_id === "string" ? task_id : ""
    const errbacks = link_error == null ? [] : Array.isArray(link_error) ? link_error : [link_error]
    const behind = { chain: [...Array.isArray(chain) ? chain : [], body], errbacks }
    try {
      const { canvas, others, parts } = failed({ id, rootId }, { exception, traceback: undefined }, behind, now)
      return { ...nothing, sizes: canvas.sizes, messages: canvas.messages, others, parts }
    } catch {
      const { others, parts } = failed({ id, rootId }, { exception, traceback: undefined }, {
        ...behind,
        errbacks: undefined
      }, now)
      return { ...nothing, others, parts }
    }
  }
}

const none: ReadonlyArray<never> = []

const nothing: Continuation = { sizes: none, messages: none, others: none, children: none, parts: none }

const partOf = (
  groupId: unknown,
  index: unknown,
  body: SignatureJson | undefined,
  record: ResultRecord.ResultRecord | undefined
): ReadonlyArray<Part> =>
  body == null || record === undefined || typeof groupId !== "string"
    ? none
    : [{ groupId, index: typeof index === "number" ? index : Infinity, record, body }]

const isGroup = ({ subtask_type, task }: SignatureJson): boolean => subtask_type === "group" || task === "celery.group"

const chordError = (text: string): Exceptions.ExceptionRecord =>
  Exceptions.make("ChordError", [text], "celery.exceptions")

const unsendable = (error: unknown): Failure => {
  if (!(error instanceof Unsendable)) throw error
  return failure(
    Exceptions.make("EncodeError", [`what follows the task cannot be sent: ${error.message}`], "kombu.exceptions")
  )
}
