/**
 * Sends signatures of several tasks: what is counted of chords first, then all
 * messages side by side, each confirmed; and gives hold of the results.
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as AsyncResult from "../AsyncResult.ts"
import type * as CallOptions from "../CallOptions.ts"
import type { PreparedCanvas, PreparedTask } from "../PreparedTask.ts"
import { ChordCounter } from "../result/ChordCounter.ts"
import { because as becauseResult, type ResultError, Unsupported } from "../result/ResultError.ts"
import { ResultReader } from "../result/ResultReader.ts"
import type { ResultTuple } from "../result/ResultTuple.ts"
import type { AnyIdentified } from "../ResultBase.ts"
import * as Settings from "../Settings.ts"
import * as TaskContext from "../TaskContext.ts"
import { because, InvalidOption, type TaskError } from "../TaskError.ts"
import type { TaskRequest } from "../TaskRequest.ts"
import type { FrozenResult } from "./CanvasFreeze.ts"
import * as CanvasPlan from "./CanvasPlan.ts"
import * as CanvasResults from "./CanvasResults.ts"
import type { Composed } from "./Composed.ts"
import * as Preparing from "./Preparing.ts"
import * as Readdressed from "./Readdressed.ts"
import type { Send } from "./Sending.ts"

/** Why it was not sent, or not all of it. */
type Failure = TaskError | MessagingError | ResultError

/** One, with more arguments and these options. */
type Of<A, E> = (
  signature: Composed,
  more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined,
  call: CallOptions.CallOptions
) => Effect.Effect<A, E>

interface CanvasSending {
  readonly send: Of<AnyIdentified, Failure>
  /** Whether it makes sense. */
  readonly check: Of<void, TaskError | MessagingError>
  /** Without sending it. */
  readonly prepare: Of<PreparedTask<any, any>, TaskError | MessagingError>
  /** Sends what was prepared, each message as it is said. */
  readonly resend: (
    prepared: PreparedTask<any, any, any>,
    canvas: PreparedCanvas,
    send: (message: PreparedTask<any, any, any>) => Effect.Effect<unknown, Failure>
  ) => Effect.Effect<AnyIdentified, Failure>
}

/** Over the reader and the counter at hand. */
export const make = (
  preparing: Pick<Preparing.Preparing, "ready">,
  send: Send
): Effect.Effect<CanvasSending, never, ResultReader> =>
  Effect.gen(function*() {
    const reader = yield* ResultReader
    const counter = Option.getOrUndefined(yield* Effect.serviceOption(ChordCounter))
    const ignoresResults = yield* Settings.IgnoreResult
    const usual = yield* Settings.PublishDeadline
    const coding = { serializers: yield* Serializers, compressions: yield* Compressions }
    const plan = yield* CanvasPlan.make(preparing)

    const resultOf = (of: CanvasPlan.Plan) => CanvasResults.make(of, reader, ignoresResults)

    /** Chords are counted by somebody, or refused. */
    const counting: Effect.Effect<unknown, ResultError> = counter === undefined
      ? uncounted(reader.uri)
      : counter.isRefusing === true
      ? counter.setSize("", 0)
      : Effect.void
    const count = (
      { hasChord, saves, sizes }: Pick<CanvasPlan.Plan, "hasChord" | "saves" | "sizes">
    ): Effect.Effect<unknown, ResultError> => {
      if (!hasChord) return Effect.void
      if (counter === undefined || counter.isRefusing === true) return counting
      return Effect.andThen(
        Effect.forEach(saves, reader.saveGroup, side),
        Effect.forEach(sizes, ({ groupId, size }) => counter.setSize(groupId, size), side)
      )
    }

    /** Those that others will send are waited for here, too. */
    const prepare = (
      ids: ReadonlyArray<string>,
      sending: ReadonlyArray<string>,
      deadline: CallOptions.CallOptions["deadline"]
    ) => {
      if (reader.replyTo === undefined) return Effect.void
      const sent = new Set(sending)
      const later = ids.filter((id) => !sent.has(id))
      return Effect.forEach(later, (id) => reader.prepare(id, deadline ?? usual), { discard: true })
    }

    /** What follows it comes here, too, where results are messages and nothing else was said. */
    const readdressed = (
      one: PreparedTask<any, any, any>
    ): Effect.Effect<PreparedTask<any, any, any>, MessagingError> => {
      const { replyTo } = reader
      return replyTo === undefined || (one.message.properties.replyTo ?? "") !== ""
        ? Effect.succeed(one)
        : Effect.map(
          Effect.fromResult(Readdressed.message(one.message, replyTo, coding)),
          (message) => ({ ...one, message })
        )
    }

    /** What prepared canvases come to, as long as they are in this process. */
    const results = new WeakMap<PreparedCanvas, AnyIdentified>()

    const planned = <A, E>(
      [signature, more, call]: Parameters<CanvasSending["send"]>,
      replyTo: string | undefined,
      use: (plan: CanvasPlan.Plan, parent: TaskRequest | undefined) => Effect.Effect<A, E>
    ) =>
      Effect.withFiber((fiber): Effect.Effect<A, E | TaskError | MessagingError> => {
        const parent = TaskContext.ofFiber(fiber)
        const made = plan(signature, more, call, call.parent ?? parent, replyTo)
        return Result.isFailure(made) ? Effect.fail(made.failure) : use(made.success, parent)
      })

    return {
      send: (...of) =>
        planned(of, reader.replyTo, (plan, parent) => {
          const [, , { addToParent = true, deadline, retry, retryPolicy }] = of
          const sending = Effect.forEach(
            plan.messages,
            ({ call, now, ready }) => send(ready, { ...call, deadline, retry, retryPolicy }, now),
            { concurrency: "unbounded", discard: true }
          )
          const hear = ({ messages, result }: CanvasPlan.Plan) =>
            prepare(idsOf(result), messages.map(({ ready }) => ready.id), deadline)
          const all = Effect.andThen(Effect.andThen(count(plan), hear(plan)), sending)
          return Effect.map(all, () => {
            if (parent !== undefined && addToParent) { for (const result of plan.trail) parent.addTrail(result) }
            return resultOf(plan)
          })
        }),
      check: (...of) => planned(of, undefined, () => Effect.void),
      prepare: (...of) =>
        planned(of, undefined, (plan) => {
          const [first, ...others] = plan.messages.map(({ ready: { way, ...ready } }): PreparedTask<any, any> => ({
            ...ready,
            to: Preparing.destination(way)
          }))
          if (first === undefined) return Effect.fail(nothing)
          const { hasChord, saves, sizes } = plan
          const result = resultOf(plan)
          const canvas = { first: first.id, others, chords: sizes, saves, hasChord, result: result.asTuple }
          results.set(canvas, result)
          return Effect.as(hasChord ? Effect.mapError(counting, unsendable) : Effect.void, {
            ...first,
            id: result.id,
            canvas
          })
        }),
      resend: (prepared, canvas, send) => {
        const parts = [{ ...prepared, id: canvas.first }, ...canvas.others]
        const sending = Effect.forEach(parts, (one) => Effect.flatMap(readdressed(one), send), side)
        const ids = parts.map(({ id }) => id)
        const hearing = prepare(idsOfTuple(canvas.result), ids, undefined)
        const counted = count({ hasChord: canvas.hasChord, saves: canvas.saves, sizes: canvas.chords })
        return Effect.as(
          Effect.andThen(Effect.andThen(counted, hearing), sending),
          results.get(canvas) ?? AsyncResult.fromTupleWith(reader, canvas.result)
        )
      }
    }
  })

const side = { concurrency: "unbounded", discard: true } as const

const unsendable = ({ message }: ResultError) =>
  because("prepare", new InvalidOption({ option: "signature", detail: message }))

const nothing = because("prepare", new InvalidOption({ option: "signature", detail: "nothing is to be sent of it" }))

/** Of all tasks in it. */
const idsOf = (result: FrozenResult): ReadonlyArray<string> => {
  const ids: Array<string> = []
  for (let one: FrozenResult | undefined = result; one !== undefined; one = one.parent) {
    if (one.members === undefined) ids.push(one.id)
    else for (const member of one.members) ids.push(...idsOf(member))
  }
  return ids
}

/** The same of one that is known by its ids alone. */
const idsOfTuple = ({ id, members, parent }: ResultTuple): ReadonlyArray<string> => [
  ...(members === undefined ? [id] : members.flatMap(idsOfTuple)),
  ...(parent === undefined ? [] : idsOfTuple(parent))
]

const uncounted = (backend: string) =>
  Effect.fail(becauseResult(
    "count part of chord",
    new Unsupported({
      backend,
      detail: "has nobody who counts the parts of a chord",
      instead: "Provide a ChordCounter beside it, or use a backend that has one"
    })
  ))
