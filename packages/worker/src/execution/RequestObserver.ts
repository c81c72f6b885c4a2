/**
 * Is told what becomes of messages: the log and the counters are observers,
 * and yours is a layer.
 *
 * ```ts
 * const Metrics = RequestObserver.layer({
 *   started: (request) => void histogram.record((request.timeStart ?? 0) - request.receivedAt),
 *   ended: (request, outcome) => void counter.add(1, { task: request.name, outcome: outcome._tag })
 * })
 * worker.layer.pipe(Layer.provide(Metrics))
 * ```
 *
 * It is called on the way of every message, by plain functions that are
 * collected once: what it does takes the time of tasks. It cannot settle
 * anything, and what it throws is logged and changes nothing.
 *
 * @since 0.1.0
 */
import type { Settlement } from "@celeriac/messaging/Message"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Outcome } from "../trace/Outcome.ts"

/** A message as observers see it. Times are milliseconds since the epoch. */
export interface Observed {
  /** Undefined when it could not be read that far. */
  readonly id: string | undefined
  /** The name that the task is registered under; undefined as above. */
  readonly task: string | undefined
  /** The name in logs. */
  readonly name: string
  /** 0 at the first attempt. */
  readonly retries: number
  readonly group: string | undefined
  readonly parentId: string | undefined
  readonly rootId: string | undefined
  readonly redelivered: boolean
  readonly receivedAt: number
  /** Undefined until its handler begins. */
  readonly timeStart: number | undefined
  /** Where it was delivered from. */
  readonly exchange: string
  readonly routingKey: string
  /** The queue it came from; undefined where that is not known. */
  readonly queue: string | undefined
  /** Not before, and not after. */
  readonly eta: number | undefined
  readonly expires: number | undefined
  /** The arguments as Python would print them, as the sender wrote them down. */
  readonly argsRepr: string | undefined
  readonly kwargsRepr: string | undefined
  /** Whether monitors are to be told of it, where they are told of any. */
  readonly sendsEvents: boolean
  /** Of its body, in bytes. */
  readonly size: number
  /** Whether its message is settled already, as early acknowledgement does before a run. */
  readonly isSettled: boolean
}

/** What becomes of a result that could not be stored. */
export type Fate =
  /** It is kept, and stored again after a pause in milliseconds. */
  | { readonly _tag: "Kept"; readonly pause: number }
  /** The worker stops: the message goes back to its queue, and the task runs again. */
  | { readonly _tag: "Requeued" }
  /** Nobody will know. */
  | { readonly _tag: "Lost" }

/** What a time limit has to do with a run. Times are in seconds. */
export type Timeout =
  /** It has passed: the run is told, and may tidy up. */
  | { readonly _tag: "Soft"; readonly limit: number }
  /** It has passed: the run is interrupted. */
  | { readonly _tag: "Hard"; readonly limit: number }
  /** So long after its soft limit it still runs, and has no other. */
  | { readonly _tag: "GoesOn"; readonly seconds: number }
  /** So long after its hard limit it still runs: nobody waits for it any longer. */
  | { readonly _tag: "GivenUp"; readonly seconds: number }
  /** It ended after so long by itself: it left nobody a turn to interrupt it. */
  | { readonly _tag: "Missed"; readonly limit: number; readonly seconds: number }

export interface RequestObserver {
  /** Its headers were understood. */
  readonly received?: ((request: Observed) => void) | undefined
  /** It is to run: it waits for a slot, or for its time. */
  readonly accepted?: ((request: Observed) => void) | undefined
  /** Its handler begins. */
  readonly started?: ((request: Observed) => void) | undefined
  /** Its run takes, or took, longer than it should. */
  readonly timedOut?: ((request: Observed, timeout: Timeout) => void) | undefined
  /** What came of it, before it is stored. `instead` is what it came to first, if the store takes that in no form. */
  readonly ended?: (request: Observed, outcome: Outcome, now: number, instead: Outcome | undefined) => void
  /** It is over: what came of it is stored, or given up, and its message is settled so. `endedAt` is when it came to that. */
  readonly completed?:
    | ((request: Observed, outcome: Outcome, settlement: Settlement | "hold", endedAt: number) => void)
    | undefined
  /** The broker was told. `isStale`: it was not, for the channel is gone, and it hands out the message again. */
  readonly settled?: ((request: Observed, settlement: Settlement, isStale: boolean) => void) | undefined
  /** What came of it, or its state STARTED, could not be stored. */
  readonly notStored?: ((request: Observed, status: string, why: string, fate: Fate) => void) | undefined
  /** Its message came again while it runs, or while its result is kept: it settles that one. */
  readonly adopted?: ((request: Observed) => void) | undefined
  /** Its message came again after it was settled, and is settled the same way. */
  readonly repeated?: ((request: Observed, settlement: Settlement) => void) | undefined
}

/** Those there are. */
export const Observers = Context.Reference<ReadonlyArray<RequestObserver>>(
  "@celeriac/worker/execution/RequestObserver",
  { defaultValue: () => [] }
)

/** Adds an observer to those there are. */
export const layer = (observer: RequestObserver): Layer.Layer<never> => layerEffect(Effect.succeed(observer))

/** Adds an observer that has to be made to those there are. */
export const layerEffect = <E, R>(make: Effect.Effect<RequestObserver, E, R>): Layer.Layer<never, E, R> =>
  Layer.effect(Observers, Effect.zipWith(Observers, make, (others, observer) => [...others, observer]))
