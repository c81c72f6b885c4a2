/**
 * What is sent and stored because a task has ended: what it sends itself, and
 * of what its message says that follows it: callbacks and the next step of its chain, or errbacks and the
 * failure of every step that will not run; and the parts of chords that are done
 * with it. Source: tasks §8, Celery's `trace` and `Backend.mark_as_failure`.
 *
 * @since 0.1.0
 */
import { CanvasMessages, Unsendable } from "@celeriac/tasks/canvas/CanvasMessages"
import { sum } from "@celeriac/tasks/canvas/CanvasShape"
import { type Embed, noEmbed, type SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Result from "effect/Result"
import { type Failure, failure, type Outcome } from "../../trace/Outcome.ts"
import * as Sends from "../../trace/Sends.ts"
import { Request } from "../Request.ts"
import { both, type Continuation, nothing, type Part, partOf, type Size } from "./Continued.ts"
import * as Replacement from "./Replacement.ts"
import type { Subject } from "./Subject.ts"
import { Unreached } from "./Unreached.ts"

export interface Continuing {
  /** What follows a task that has come to this; the failure that it comes to where that cannot be sent. */
  readonly after: (request: Request, outcome: Followed, now: number) => Result.Result<Continuation, Failure>
  /** What follows the last part of a chord. */
  readonly body: (
    part: Part,
    records: ReadonlyArray<ResultRecord.ResultRecord>,
    rootId: string,
    now: number
  ) => Continuation
}

/** What may be followed by something. */
type Followed = Outcome & { readonly _tag: "Success" | "Failure" | "Retry" | "Ignored" }

const isFollowed = (outcome: Outcome): outcome is Followed =>
  outcome._tag === "Success" || outcome._tag === "Failure" || outcome._tag === "Retry" || outcome._tag === "Ignored"

const followsOf = (outcome: Followed): Embed | undefined => "follows" in outcome ? outcome.follows : undefined

/** What follows a message that has come to this; nothing where its outcome is no end, or nothing follows. */
export const follow = (
  continuing: Continuing | undefined,
  subject: Subject,
  outcome: Outcome,
  now: number
): Result.Result<Continuation, Failure> | undefined => {
  if (!isFollowed(outcome)) return undefined
  const follows = followsOf(outcome)
  const isReplaced = outcome._tag === "Ignored" && outcome.by !== undefined
  if (follows === undefined && outcome.sends === undefined && !isReplaced) return undefined
  if (continuing === undefined || !(subject instanceof Request)) return undefined
  return Result.mapError(continuing.after(subject, outcome, now), (failure) => ({
    ...failure,
    // Its errbacks may be what cannot be sent.
    follows: follows === undefined || outcome._tag === "Success" ? follows : { ...follows, errbacks: undefined }
  }))
}

/** The outcome, with what was sent because of it. */
export const withChildren = (outcome: Outcome, { children }: Continuation): Outcome =>
  children.length === 0 || outcome._tag !== "Success"
    ? outcome
    : { ...outcome, children: [...outcome.children ?? [], ...children] }

/** `inherits`: tasks have the priority of the one that sends them. */
export const make = (write: SignatureMessage.Write, inherits: boolean): Continuing => {
  const unreached = new Unreached(write)

  const optionsOf = (request: Request) => ({
    parent_id: request.id,
    root_id: request.rootId,
    priority: inherits ? request.message.properties.priority : undefined
  })

  const succeeded = (request: Request, result: unknown, { callbacks = [], chain = [] }: Embed, now: number) => {
    const canvas = new CanvasMessages(write, request.id, now)
    const options = optionsOf(request)
    const groups = callbacks.length > 1 ? callbacks.filter(isGroup) : callbacks
    const tasks = callbacks.length > 1 ? callbacks.filter((callback) => !isGroup(callback)) : []
    for (const one of groups) canvas.apply(one, [result], options)
    if (tasks.length > 0) canvas.applyGroup(tasks, [result], options)
    const next = chain.at(-1)
    if (next !== undefined) {
      const rest = chain.slice(0, -1)
      canvas.apply(next, [result], { ...options, chain: rest.length === 0 ? undefined : rest })
    }
    return canvasOf(canvas)
  }

  const sent = (request: Request, sends: ReadonlyArray<Sends.Sent>, now: number): Continuation => {
    const canvas = Sends.messages(request, write, now)
    const sizes: Array<Size> = []
    let failed: Continuation = nothing
    for (const one of sends) {
      if (one._tag === "Send") canvas.apply(one.signature, one.args, optionsOf(request))
      else if (one._tag === "Add") {
        const { id } = canvas.apply(one.signature, [], optionsOf(request))
        for (let at = 0; at < sum([one.signature]); at++) {
          sizes.push({ groupId: one.groupId, added: at === 0 ? id : `${id}:${at}` })
        }
      } else failed = both(failed, unreached.body(one.signature, request.rootId, now, one.exception))
    }
    const own = canvasOf(canvas)
    return both({ ...own, sizes: [...sizes, ...own.sizes] }, failed)
  }

  const ended = (request: Request, outcome: Followed, embed: Embed, now: number): Continuation => {
    const part = (status: TaskState.TaskState, what: ResultRecord.Options) =>
      partOf(request.group, request.groupIndex, embed.chord, ResultRecord.make(request.id, status, what))
    switch (outcome._tag) {
      case "Success": {
        const { result } = outcome
        return { ...succeeded(request, result, embed, now), parts: part(TaskState.SUCCESS, { result }) }
      }
      case "Failure": {
        const behind = unreached.behind(request, outcome, embed, now)
        return { ...behind, parts: [...part(TaskState.FAILURE, { exception: outcome.exception }), ...behind.parts] }
      }
      case "Ignored": {
        if (outcome.by === undefined) return nothing
        const canvas = new CanvasMessages(write, `replaced:${request.id}:${request.attempt}`, now)
        canvas.apply(Replacement.of(outcome.by, request, embed), [], optionsOf(request))
        return { ...canvasOf(canvas), children: [] }
      }
      default:
        return nothing
    }
  }

  return {
    after: (request, outcome, now) => {
      try {
        const own = outcome.sends === undefined ? nothing : sent(request, outcome.sends, now)
        return Result.succeed(both(own, ended(request, outcome, followsOf(outcome) ?? noEmbed, now)))
      } catch (error) {
        return Result.fail(unsendable(error))
      }
    },
    body: ({ body, groupId, record }, records, rootId, now) => {
      const culprit = records.find(({ status }) => TaskState.isPropagated(status))
      try {
        if (culprit === undefined) {
          // The worker of the last part sends it, whatever part that is: its ids are the chord's.
          const canvas = new CanvasMessages(write, `chord:${groupId}`, now)
          canvas.apply(body, [records.map(({ result }) => result)], { parent_id: record.taskId, root_id: rootId })
          return { ...nothing, sizes: canvas.sizes, messages: canvas.messages }
        }
      } catch (error) {
        const why = `Callback error: ${Exceptions.repr(unsendable(error).exception)}`
        return unreached.body(body, rootId, now, Exceptions.chordError(why))
      }
      const { exception = Exceptions.make("Exception"), taskId } = culprit
      const why = `Dependency ${taskId} raised ${Exceptions.repr(exception)}`
      return unreached.body(body, rootId, now, Exceptions.chordError(why))
    }
  }
}

const canvasOf = ({ messages, sizes, trail }: CanvasMessages): Continuation => ({
  ...nothing,
  sizes,
  messages,
  children: trail
})

const isGroup = ({ subtask_type, task }: SignatureJson): boolean => subtask_type === "group" || task === "celery.group"

const unsendable = (error: unknown): Failure => {
  if (!(error instanceof Unsendable)) throw error
  return failure(
    Exceptions.make("EncodeError", [`what follows the task cannot be sent: ${error.message}`], "kombu.exceptions")
  )
}
