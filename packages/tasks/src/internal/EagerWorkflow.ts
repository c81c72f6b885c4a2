/**
 * Runs a message and all that follows it, one after the other, as workers would
 * between them: callbacks, the rest of a chain, the parts of a chord and its
 * body, errbacks, and what takes the place of a task.
 *
 * Whoever waits for a task that does not run because another has failed finds
 * that failure.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { CanvasMessages, type ChordSize, Unsendable } from "../canvas/CanvasMessages.ts"
import * as CanvasReplacement from "../canvas/CanvasReplacement.ts"
import { kindOf, linksOf, membersOf } from "../canvas/CanvasShape.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as Exceptions from "../result/ExceptionRecord.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import type { ResultTuple } from "../result/ResultTuple.ts"
import type * as SignatureMessage from "../SignatureMessage.ts"
import * as TaskError from "../TaskError.ts"
import { TaskId } from "../TaskId.ts"
import type { Registered } from "../TaskRegistry.ts"
import * as TaskState from "../TaskState.ts"
import type { EagerMessage } from "./EagerRequest.ts"
import type * as EagerRun from "./EagerRun.ts"

/** What is run, and what is to be known before. */
export interface Work {
  readonly messages: ReadonlyArray<EagerMessage>
  readonly sizes: ReadonlyArray<ChordSize>
  /** The shapes of headers that are no lists. */
  readonly saves: ReadonlyArray<ResultTuple>
}

interface Parts<E> {
  readonly run: EagerRun.Run
  readonly registered: (task: string) => Effect.Effect<Registered, TaskError.TaskError>
  readonly write: SignatureMessage.Write
  /** Told of each that has come to something, and of who is to be told. */
  readonly store: (
    ran: EagerRun.Ran,
    registered: Registered,
    replyTo: string | undefined
  ) => Effect.Effect<void, E>
}

/** The records of all that ran, and of all that did not because of a failure, by their ids. */
export const perform = <E>(
  { messages, saves, sizes }: Work,
  { registered, run, store, write }: Parts<E>
): Effect.Effect<ReadonlyMap<string, ResultRecord.ResultRecord>, E | TaskError.TaskError> =>
  Effect.gen(function*() {
    const newId = yield* TaskId
    const clock = yield* Clock.Clock
    const workflow = new Workflow(() => new CanvasMessages(write, newId, clock.currentTimeMillisUnsafe()))
    workflow.send(messages, sizes, saves)
    for (let next = workflow.next(); next !== undefined; next = workflow.next()) {
      const task = yield* registered(String(next.message.headers["task"]))
      const ran = yield* run(next, task)
      if (ran.by === undefined) yield* store(ran, task, next.message.properties.replyTo)
      yield* Effect.try({ try: () => workflow.ended(ran), catch: unsendable })
    }
    return workflow.records
  })

/** A chord whose parts are counted. */
interface Counted {
  readonly parts: Map<string, Part>
  size: number
}

interface Part {
  readonly index: number
  readonly record: ResultRecord.ResultRecord
}

/** Where a signature stands: the chord that it is a part of. */
type Place = Readonly<Record<string, unknown>>

class Workflow {
  readonly records = new Map<string, ResultRecord.ResultRecord>()
  private readonly canvas: () => CanvasMessages
  /** What runs next stands last. */
  private readonly line: Array<EagerMessage> = []
  private readonly chords = new Map<string, Counted>()
  private readonly shapes = new Map<string, ResultTuple>()

  constructor(canvas: () => CanvasMessages) {
    this.canvas = canvas
  }

  next(): EagerMessage | undefined {
    return this.line.pop()
  }

  /** In this order, and before all that waits already. */
  send(
    messages: ReadonlyArray<EagerMessage>,
    sizes: ReadonlyArray<ChordSize>,
    saves: ReadonlyArray<ResultTuple>
  ): void {
    for (const { groupId, size } of sizes) this.chord(groupId).size = size
    for (const shape of saves) this.shapes.set(shape.id, shape)
    this.line.push(...messages.toReversed())
  }

  /** One has come to something. Throws what cannot be sent. */
  ended({ by, received: { body, headers }, record }: EagerRun.Ran): void {
    const { id, rootId } = headers
    const { callbacks = [], chain = [], chord, errbacks = [] } = body.embed
    const options = { parent_id: id, root_id: rootId }
    if (by !== undefined) {
      const replaced = { ...headers, group: headers.group, groupIndex: headers.groupIndex, replyTo: undefined }
      return this.follow((canvas) => canvas.apply(CanvasReplacement.of(by, replaced, body.embed), [], options))
    }
    this.records.set(id, record)
    const place = { chord, group_id: headers.group, group_index: headers.groupIndex }
    if (record.status === TaskState.SUCCESS) {
      this.follow((canvas) => {
        for (const callback of callbacks) canvas.apply(callback, [record.result], options)
        const next = chain.at(-1)
        if (next !== undefined) canvas.apply(next, [record.result], { ...options, chain: chain.slice(0, -1) })
      })
      this.count(place, record)
    } else if (TaskState.isPropagated(record.status)) {
      if (errbacks.length > 0) this.follow((canvas) => canvas.applyGroup(errbacks, [id], options))
      this.count(place, record)
      for (const step of chain.toReversed()) this.unreached(step, record)
    }
  }

  private follow(apply: (canvas: CanvasMessages) => void): void {
    const canvas = this.canvas()
    apply(canvas)
    const messages = canvas.messages.map(({ message, to }) => ({ id: String(message.headers["id"]), message, to }))
    this.send(messages, canvas.sizes, canvas.saves)
  }

  private chord(groupId: string): Counted {
    const known = this.chords.get(groupId)
    if (known !== undefined) return known
    const chord: Counted = { parts: new Map(), size: Infinity }
    this.chords.set(groupId, chord)
    return chord
  }

  /** After the last part comes the body; not after one that has failed. */
  private count({ chord: body, group_id, group_index }: Place, record: ResultRecord.ResultRecord): void {
    if (typeof group_id !== "string" || body == null) return
    const { parts, size } = this.chord(group_id)
    parts.set(record.taskId, { index: typeof group_index === "number" ? group_index : Infinity, record })
    if (parts.size !== size) return
    this.chords.delete(group_id)
    const records = Array.from(parts.values()).sort((a, b) => a.index - b.index).map((part) => part.record)
    const culprit = records.find(({ status }) => TaskState.isPropagated(status))
    if (culprit !== undefined) return this.failed(body as SignatureJson, culprit) // it stands in an embed
    const values = valuesOf(records, this.shapes.get(group_id))
    this.follow((canvas) => canvas.apply(body as SignatureJson, [values], { parent_id: record.taskId }))
  }

  /** The body will not run, nor what is behind it. */
  private failed(body: SignatureJson, { exception = unknownFailure, taskId }: ResultRecord.ResultRecord): void {
    const why = Exceptions.chordError(`Dependency ${taskId} raised ${Exceptions.repr(exception)}`)
    const record = ResultRecord.make(taskId, TaskState.FAILURE, { exception: why })
    const { chain, task_id } = body.options ?? {}
    const errbacks = linksOf(body, "link_error") as ReadonlyArray<SignatureJson> // as above
    if (errbacks.length > 0) this.follow((canvas) => canvas.applyGroup(errbacks, [task_id], { parent_id: taskId }))
    this.unreached(body, record)
    if (Array.isArray(chain)) { for (const step of chain.toReversed()) this.unreached(step as SignatureJson, record) } // as above
  }

  /** Whoever waits for any task of it finds why it did not run, and a chord that it is a part of has failed. */
  private unreached(signature: SignatureJson, why: ResultRecord.ResultRecord, around: Place = {}): void {
    const { options = {} } = signature
    const own = options ?? {}
    const place = own.chord == null ? around : own
    const all = membersOf(signature)
    switch (kindOf(signature)) {
      case "chain":
        return all.forEach((one, index) => this.unreached(one, why, index === all.length - 1 ? place : {}))
      case "group":
        return all.forEach((one, index) => this.unreached(one, why, { ...place, group_index: index }))
      case "chord": {
        const { body, header } = signature.kwargs ?? {}
        const parts = Array.isArray(header)
          ? header as ReadonlyArray<SignatureJson>
          : membersOf(header as SignatureJson) // as above
        for (const part of parts) this.unreached(part, why)
        return this.unreached(body as SignatureJson, why, place) // as above
      }
      default: {
        if (typeof own.task_id !== "string" || this.records.has(own.task_id)) return
        const record = ResultRecord.make(own.task_id, TaskState.FAILURE, { exception: why.exception })
        this.records.set(own.task_id, record)
        this.count({ group_id: own.group_id, ...place }, record)
      }
    }
  }
}

const unknownFailure = Exceptions.make("Exception")

const valuesOf = (records: ReadonlyArray<ResultRecord.ResultRecord>, shape: ResultTuple | undefined) => {
  if (shape?.members === undefined) return records.map(({ result }) => result)
  const byId = new Map(records.map((record) => [record.taskId, record.result]))
  const valueOf = ({ id, members }: ResultTuple): unknown => members === undefined ? byId.get(id) : members.map(valueOf)
  return shape.members.map(valueOf)
}

const unsendable = (error: unknown): TaskError.TaskError => {
  if (!(error instanceof Unsendable)) throw error
  return TaskError.because("apply", new TaskError.InvalidOption({ option: "signature", detail: error.message }))
}
