/**
 * What is to be sent of a signature of several tasks, and what it comes to: all
 * that is decided without the broker.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as CallOptions from "../CallOptions.ts"
import { CanvasMessages, type ChordSize, Unsendable } from "../canvas/CanvasMessages.ts"
import * as CanvasSettings from "../CanvasSettings.ts"
import * as Outcome from "../Outcome.ts"
import * as SignatureCall from "../protocol/SignatureCall.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import type { ResultTuple } from "../result/ResultTuple.ts"
import { because, CanvasTooLarge, InvalidOption, type TaskError } from "../TaskError.ts"
import * as TaskId from "../TaskId.ts"
import * as CanvasFreeze from "./CanvasFreeze.ts"
import * as Composed from "./Composed.ts"
import * as Mapped from "./Mapped.ts"
import type { Called, Preparing, Ready } from "./Preparing.ts"
import * as Signed from "./Signed.ts"

/** One message. */
interface Planned {
  readonly call: CallOptions.CallOptions
  readonly ready: Ready<any, any>
  readonly now: number
}

export interface Plan {
  readonly messages: ReadonlyArray<Planned>
  /** To be known before any message is sent. */
  readonly sizes: ReadonlyArray<ChordSize>
  /** Headers whose shape the last part has to know. */
  readonly saves: ReadonlyArray<ResultTuple>
  /** Whether there is a chord in it, now or later. */
  readonly hasChord: boolean
  /** What the sender has as its children. */
  readonly trail: ReadonlyArray<ResultTuple>
  readonly result: CanvasFreeze.FrozenResult
  /** It comes to a list, also when that is a list of one, or of none. */
  readonly isList: boolean
  /** What is known of a task, by its signature. */
  readonly sendable: (signature: SignatureJson) => Signed.Sendable
  /** An error that one of the tasks declares: those behind it come to it, too. */
  readonly decodeError: Outcome.Outcome<unknown, unknown>["decodeError"]
}

/** Of a signature with more arguments and these options, sent by `parent`. */
type Planning = (
  signature: Composed.Composed,
  more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined,
  call: CallOptions.CallOptions,
  parent: CallOptions.CallOptions["parent"],
  replyTo: string | undefined
) => Result.Result<Plan, TaskError | MessagingError>

/** By the settings in effect. */
export const make = ({ ready }: Pick<Preparing, "ready">): Effect.Effect<Planning> =>
  Effect.gen(function*() {
    const randomId = yield* TaskId.TaskId
    const clock = yield* Clock.Clock
    const budget = yield* CanvasSettings.MaxCanvasMessageSize
    const linksHeaders = yield* CanvasSettings.AllowErrorCbOnChordHeader

    return (signature, more, call, parent, replyTo) => {
      const { addToParent: _, deadline: __, idsFrom, parent: ___, ...options } = call
      const newId = idsFrom === undefined ? randomId : idsOf(idsFrom)
      const whole = signature.clone(more, options)
      const written = whole.encodeAlone({ linksHeaders })
      if (Result.isFailure(written)) return Result.fail(written.failure)
      const { decodeError, sendable } = knownIn(whole)
      const messages: Array<Planned> = []
      let hasChord = false
      let failure: TaskError | MessagingError | undefined

      const canvas = new CanvasMessages(
        (json) => {
          const called = calledOf(json, sendable(json), parent, replyTo)
          if (Result.isFailure(called)) return Result.fail(failure = called.failure)
          const made = ready(called.success, replyTo)
          if (Result.isFailure(made)) return Result.fail(failure = made.failure)
          messages.push({ call: called.success.call, ...made.success })
          const { message, way } = made.success.ready
          return Result.succeed({ message, to: way, by: undefined, declare: way.declare })
        },
        newId,
        clock.currentTimeMillisUnsafe()
      )
      try {
        const { json, result } = CanvasFreeze.freeze(written.success, {
          newId,
          optionsOf: (json) => ({
            ...(replyTo === undefined ? none : { reply_to: replyTo }),
            ...wayOf(sendable(json))
          }),
          onChord: () => hasChord = true
        })
        canvas.apply(json, [], none)
        const tooLarge = excess(messages, budget)
        if (tooLarge !== undefined) return Result.fail(tooLarge)
        const { saves, sizes, trail } = canvas
        return Result.succeed({
          messages,
          sizes,
          saves,
          hasChord,
          trail,
          result,
          isList: isList(whole),
          sendable,
          decodeError
        })
      } catch (error) {
        if (!(error instanceof Unsendable)) throw error
        return Result.fail(
          failure ?? because("send", new InvalidOption({ option: "signature", detail: error.message }))
        )
      }
    }
  })

const idsOf = (text: string): () => string => {
  let made = 0
  return () => TaskId.derived(`${text}:${made++}`)
}

/** As a call of its own. */
const calledOf = (
  json: SignatureJson,
  task: Signed.Sendable,
  parent: CallOptions.CallOptions["parent"],
  replyTo: string | undefined
): Result.Result<Called<any, any>, TaskError> => {
  const read = SignatureCall.read({ ...json, subtask_type: null })
  if (Result.isFailure(read)) {
    return Result.fail(because("send", new InvalidOption({ option: "signature", detail: read.failure.message })))
  }
  const { call, replyTo: elsewhere, within } = read.success
  const encoded = { args: call.args, kwargs: call.kwargs }
  const definition = definitionOf(task)
  const lacking = definition?.arguments.lacking(encoded)
  if (lacking !== undefined) return Result.fail(Signed.misfit(json.task, lacking.message))
  return Result.succeed({
    task,
    call: { ...call, parent, replyTo: elsewhere === replyTo ? undefined : elsewhere },
    encoded,
    shown: definition === undefined ? encoded : definition.arguments.conceal(encoded),
    within
  })
}

/** A task that is known, and not by its name alone. */
const definitionOf = (task: Signed.Sendable): Signed.Definition | undefined =>
  "arguments" in task ? task as Signed.Definition : undefined // only definitions have them

/** What is known of the tasks in a signature. */
const knownIn = (signature: Signed.Signed): Pick<Plan, "decodeError" | "sendable"> => {
  const known = new Map<string, Signed.Sendable>()
  Composed.walk(signature, ({ state: { definition, sendable, task } }) => {
    if (definition !== undefined) known.set(task, definition)
    if (sendable?.routed !== undefined) known.set(sendable.routed.name, sendable.routed)
  })
  const named = (name: string): Signed.Sendable => {
    const found = known.get(name) ?? { name, options: none, outcome: Outcome.untyped, isNamed: true }
    known.set(name, found)
    return found
  }
  return {
    sendable: ({ kwargs, task }) => {
      if (task !== "celery.map" && task !== "celery.starmap") return named(task)
      const inner = kwargs?.task
      return typeof inner === "object" && inner !== null && "task" in inner && typeof inner.task === "string"
        ? Mapped.sendable(task, named(inner.task))
        : named(task)
    },
    decodeError: (record) => {
      for (const { outcome } of known.values()) {
        const declared = outcome.decodeError(record)
        if (declared !== undefined) return declared
      }
      return undefined
    }
  }
}

const wayOf = ({ isNamed, options, routed }: Signed.Sendable): Readonly<Record<string, unknown>> =>
  isNamed === true ? none : Signed.wayOf(routed?.options ?? options)

const isList = (signature: Signed.Signed): boolean => {
  if (Composed.isGroup(signature)) return true
  if (Composed.isChord(signature)) return isList(signature.shape.body)
  const last = Composed.isChain(signature) ? signature.shape.tasks.at(-1) : undefined
  if (last === undefined) return false
  return Composed.isGroup(last) ? last.shape.isList === true || last.shape.tasks.length > 1 : isList(last)
}

const excess = (messages: ReadonlyArray<Planned>, budget: number): TaskError | undefined => {
  let largest = 0
  let bytes = 0
  for (const { ready: { message: { body } } } of messages) {
    largest = Math.max(largest, body.byteLength)
    bytes += body.byteLength
  }
  return largest > budget
    ? because("send", new CanvasTooLarge({ largest, budget, bytes, messages: messages.length }))
    : undefined
}

const none = Object.freeze({})
