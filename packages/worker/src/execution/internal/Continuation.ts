/**
 * What is sent and stored because a task has ended: what it sends itself, and
 * of what its message says that follows it: callbacks and the next step of its chain, or errbacks and the
 * failure of every step that will not run; and the parts of chords that are done
 * with it. Source: tasks §8, Celery's `trace` and `Backend.mark_as_failure`.
 *
 * @since 0.1.0
 */
import { CanvasMessages, Unsendable } from "@celeriac/tasks/canvas/CanvasMessages"
import * as CanvasReplacement from "@celeriac/tasks/canvas/CanvasReplacement"
import { sum } from "@celeriac/tasks/canvas/CanvasShape"
import * as ChainText from "@celeriac/tasks/protocol/ChainText"
import { type Embed, noEmbed, type SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import type * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Result from "effect/Result"
import type { Missing } from "../../trace/Followers.ts"
import { type Failure, failure, type Outcome, type Unrun } from "../../trace/Outcome.ts"
import * as Sends from "../../trace/Sends.ts"
import * as Aftermath from "../Aftermath.ts"
import { Request } from "../Request.ts"
import type { Complete } from "./Chords.ts"
import { both, type Continuation, nothing, type Part, partOf, type Size } from "./Continued.ts"
import { again, isAgain } from "./Duplicates.ts"
import type { Subject } from "./Subject.ts"
import { Unreached } from "./Unreached.ts"

export interface Continuing {
  /** What follows a task that has come to this; the failure that it comes to where that cannot be sent. */
  readonly after: (request: Request, outcome: Followed, now: number) => Result.Result<Continuation, Failure>
  /** Parts of chords that will not come, because of a message that came to this. */
  readonly missing: (
    missing: ReadonlyArray<Missing>,
    id: string | undefined,
    outcome: Unrun,
    now: number
  ) => Continuation
  /** Of a message that does not run, for its task has ended: all was sent then, but chords may not have been told. */
  readonly known: (subject: Subject, record: ResultRecord.ResultRecord, embed: Embed, now: number) => Continuation
  /** What follows the last part of a chord, which ended with this message. */
  readonly body: (subject: Subject, part: Part, complete: Complete, now: number) => Continuation
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

interface Options {
  /** Tasks have the priority of the one that sends them. */
  readonly inherits: boolean
  /** Somebody has called it off. */
  readonly isRevoked: (id: string) => boolean
}

export const make = (write: SignatureMessage.Write, options: Options): Continuing => {
  const once = new Sending(write, options)
  const more = new Sending(marked(write), options)
  const sendingOf = (subject: Subject) => subject.redelivered || isAgain(subject) ? more : once
  return {
    after: (request, outcome, now) => {
      const sending = sendingOf(request)
      const after = sending.after(request, outcome, now)
      if (sending === more || Result.isFailure(after) || after.success.parts.length === 0) return after
      // When its chord has ended, that was sent again.
      return Result.succeed({
        ...after.success,
        parts: Array.from(after.success.parts, (part) => ({ ...part, isFirst: true }))
      })
    },
    missing: (missing, id, outcome, now) => ({
      ...nothing,
      parts: missing.flatMap((one) => {
        const isOwnRevoked = outcome._tag === "Revoked" && one.id === id
        const status = isOwnRevoked ? TaskState.REVOKED : TaskState.FAILURE
        const what = { exception: Aftermath.reasonOf(outcome), dateDone: now }
        return partOf(one.groupId, one.index, one.body, ResultRecord.make(one.id, status, what))
      })
    }),
    known: (subject, record, { chain, chord }, now) => {
      if (!(subject instanceof Request)) return nothing
      const own = partOf(subject.group, subject.groupIndex, chord, record)
      const { exception } = record
      const behind = exception === undefined
        ? nothing
        : new Unreached(write, options.isRevoked).behind(
          subject,
          { exception, traceback: undefined },
          { chain, errbacks: undefined },
          now
        )
      return { ...nothing, parts: [...own, ...behind.parts] }
    },
    body: (subject, part, complete, now) => sendingOf(subject).body(subject, part, complete, now)
  }
}

/** It may have been sent before: whoever gets it looks whether it has run. */
const marked = (write: SignatureMessage.Write): SignatureMessage.Write => (signature, now, front) =>
  Result.map(write(signature, now, front), (written) => ({
    ...written,
    message: { ...written.message, headers: { ...written.message.headers, [again]: true } }
  }))

/** What a task sends that runs for the first time; or that may have run before. */
class Sending {
  private readonly write: SignatureMessage.Write
  private readonly inherits: boolean
  private readonly unreached: Unreached

  constructor(write: SignatureMessage.Write, { inherits, isRevoked }: Options) {
    this.write = write
    this.inherits = inherits
    this.unreached = new Unreached(write, isRevoked)
  }

  after(request: Request, outcome: Followed, now: number): Result.Result<Continuation, Failure> {
    try {
      const own = outcome.sends === undefined ? nothing : this.sent(request, outcome.sends, now)
      return Result.succeed(both(own, this.ended(request, outcome, followsOf(outcome) ?? noEmbed, now)))
    } catch (error) {
      return Result.fail(unsendable(error))
    }
  }

  body(
    subject: Subject,
    { body, groupId, record }: Part,
    { hasFailed, records, shape }: Complete,
    now: number
  ): Continuation {
    const rootId = subject instanceof Request ? subject.rootId : record.taskId
    const culprit = hasFailed ? records.find(({ status }) => TaskState.isPropagated(status)) : undefined
    try {
      if (culprit === undefined) {
        // The worker of the last part sends it, whatever part that is: its ids are the chord's.
        const canvas = new CanvasMessages(this.write, `chord:${groupId}`, now)
        canvas.apply(body, [valuesOf(records, shape)], { parent_id: record.taskId, root_id: rootId })
        return { ...canvasOf(canvas), children: [] }
      }
    } catch (error) {
      const why = `Callback error: ${Exceptions.repr(unsendable(error).exception)}`
      return this.unreached.body(body, rootId, now, Exceptions.chordError(why))
    }
    const { exception = Exceptions.make("Exception"), taskId } = culprit
    // A header that was saved is joined, in Celery's words.
    const raised = Exceptions.repr(exception)
    const why = shape === undefined ? `Dependency ${taskId} raised ${raised}` : `Join error: ${raised}`
    return this.unreached.body(body, rootId, now, Exceptions.chordError(why), exception)
  }

  private optionsOf(request: Request) {
    return {
      parent_id: request.id,
      root_id: request.rootId,
      priority: this.inherits ? request.message.properties.priority : undefined
    }
  }

  private ended(request: Request, outcome: Followed, embed: Embed, now: number): Continuation {
    const part = (status: TaskState.TaskState, what: ResultRecord.Options) =>
      partOf(request.group, request.groupIndex, embed.chord, ResultRecord.make(request.id, status, what))
    switch (outcome._tag) {
      case "Success": {
        const { result } = outcome
        return { ...this.succeeded(request, result, embed, now), parts: part(TaskState.SUCCESS, { result }) }
      }
      case "Failure": {
        const behind = this.unreached.behind(request, outcome, embed, now)
        return { ...behind, parts: [...part(TaskState.FAILURE, { exception: outcome.exception }), ...behind.parts] }
      }
      case "Ignored": {
        if (outcome.by === undefined) return nothing
        const canvas = new CanvasMessages(this.write, `replaced:${request.id}:${request.attempt}`, now)
        canvas.apply(CanvasReplacement.of(outcome.by, request, embed), [], this.optionsOf(request))
        return { ...canvasOf(canvas), children: [] }
      }
      default:
        return nothing
    }
  }

  private succeeded(request: Request, result: unknown, embed: Embed, now: number) {
    const { callbacks = [] } = embed
    // Not all of a long chain was read.
    const { end: chain = [], front } = ChainText.partsOf(embed) ?? { end: embed.chain }
    const canvas = new CanvasMessages(this.write, request.id, now)
    const options = this.optionsOf(request)
    const groups = callbacks.length > 1 ? callbacks.filter(isGroup) : callbacks
    const tasks = callbacks.length > 1 ? callbacks.filter((callback) => !isGroup(callback)) : []
    for (const one of groups) canvas.apply(one, [result], options)
    if (tasks.length > 0) canvas.applyGroup(tasks, [result], options)
    const next = chain.at(-1)
    if (next !== undefined) {
      const rest = chain.slice(0, -1)
      canvas.apply(next, [result], { ...options, chain: rest.length === 0 ? undefined : rest }, front)
    }
    return canvasOf(canvas)
  }

  private sent(request: Request, sends: ReadonlyArray<Sends.Sent>, now: number): Continuation {
    const canvas = Sends.messages(request, this.write, now)
    const sizes: Array<Size> = []
    let failed: Continuation = nothing
    for (const one of sends) {
      if (one._tag === "Send") canvas.apply(one.signature, one.args, this.optionsOf(request))
      else if (one._tag === "Add") {
        const { id } = canvas.apply(one.signature, [], this.optionsOf(request))
        for (let at = 0; at < sum([one.signature]); at++) {
          sizes.push({ groupId: one.groupId, added: at === 0 ? id : `${id}:${at}` })
        }
      } else failed = both(failed, this.unreached.body(one.signature, request.rootId, now, one.exception))
    }
    const own = canvasOf(canvas)
    return both({ ...own, sizes: [...sizes, ...own.sizes] }, failed)
  }
}

const valuesOf = (
  records: ReadonlyArray<ResultRecord.ResultRecord>,
  shape: ResultTuple | undefined
): ReadonlyArray<unknown> => {
  if (shape?.members === undefined) return records.map(({ result }) => result)
  const byId = new Map(records.map((record) => [record.taskId, record.result]))
  const valueOf = ({ id, members }: ResultTuple): unknown => members === undefined ? byId.get(id) : members.map(valueOf)
  return shape.members.map(valueOf)
}

const canvasOf = ({ messages, saves, sizes, trail }: CanvasMessages): Continuation => ({
  ...nothing,
  sizes: saves.length === 0 ? sizes : [...saves.map((shape) => ({ shape })), ...sizes],
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
