/**
 * Celery's signals of tasks, as effects: what is to be done when a task comes in,
 * begins, succeeds, fails and so on.
 *
 * ```ts
 * const Alerts = TaskSignals.layer({
 *   taskFailure: (request, { exception }) =>
 *     Effect.flatMap(Pager, (pager) => pager.page(`${request.name}: ${exception.excType}`))
 * })
 * worker.layer.pipe(Layer.provide(Alerts))
 * ```
 *
 * What they need becomes a need of the layer; layers add up. An effect is started
 * at its moment and runs until it waits; nothing waits for it, what it fails with
 * is logged, and it is interrupted when the layer closes. They are made of a
 * `RequestObserver`, which is the same without effects. Source: Celery's
 * `signals`.
 *
 * @since 0.1.0
 */
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Layer from "effect/Layer"
import type { Outcome, Retry, Revoked } from "../trace/Outcome.ts"
import * as RequestObserver from "./RequestObserver.ts"

type Done<R> = Effect.Effect<unknown, unknown, R>
type Observed = RequestObserver.Observed

/** Why a task has failed, as it is stored. */
export interface Failed {
  readonly exception: ExceptionRecord.ExceptionRecord
  readonly traceback: string | undefined
}

/** All may be left out. Names and moments are Celery's. */
export interface TaskSignals<R = never> {
  /** It is to run, now or when it is due. */
  readonly taskReceived?: ((request: Observed) => Done<R>) | undefined
  /** Its handler begins. */
  readonly taskPrerun?: ((request: Observed) => Done<R>) | undefined
  /** Its run is over, whatever it came to: it is stored, and the message is settled. */
  readonly taskPostrun?: ((request: Observed, outcome: Outcome) => Done<R>) | undefined
  /** `result` as it is stored; `runtime` in milliseconds. */
  readonly taskSuccess?:
    | ((request: Observed, success: { readonly result: unknown; readonly runtime: number }) => Done<R>)
    | undefined
  /** It is to run again; `exception` is why, if that is said. */
  readonly taskRetry?: ((request: Observed, why: Pick<Retry, "exception" | "traceback">) => Done<R>) | undefined
  readonly taskFailure?: ((request: Observed, failure: Failed) => Done<R>) | undefined
  /** What never throws has thrown, around the handler. */
  readonly taskInternalError?:
    | ((request: Observed, why: { readonly message: string; readonly traceback: string }) => Done<R>)
    | undefined
  /** It was revoked, terminated or expired. */
  readonly taskRevoked?: ((request: Observed, why: Omit<Revoked, "_tag">) => Done<R>) | undefined
  /** The worker knows no task of this name. */
  readonly taskUnknown?: ((request: Observed, what: { readonly task: string }) => Done<R>) | undefined
  /** Its message makes no sense, or asks for what the worker does not do. */
  readonly taskRejected?: ((request: Observed, why: { readonly message: string }) => Done<R>) | undefined
}

type Any = TaskSignals<any>

/** What each of them needs. */
type NeedsOf<S> = {
  readonly [K in keyof S]-?: S[K] extends (...args: any) => Effect.Effect<any, any, infer R> ? R : never
}[
  keyof S
]

/** No other than those there are. */
type Exact<S> = { readonly [K in Exclude<keyof S, keyof Any>]: never }

/** Adds them to those there are. */
export const layer = <const S extends Any>(signals: S & Exact<S>): Layer.Layer<never, never, NeedsOf<S>> =>
  RequestObserver.layerEffect(
    // Its scope is that of the layer.
    Effect.map(FiberSet.makeRuntime<NeedsOf<S>>(), (run) => observer(signals, run as Run))
  ) as Layer.Layer<never, never, NeedsOf<S>>

type Run = (effect: Effect.Effect<void, never, any>) => unknown

/** Nothing is observed that nobody asked for. */
const observer = (signals: Any, run: Run): RequestObserver.RequestObserver => {
  const send = <Args extends ReadonlyArray<any>>(
    name: keyof Any,
    receiver: ((...args: Args) => Done<any>) | undefined,
    ...args: Args
  ): void => {
    if (receiver === undefined) return
    run(
      Effect.suspend(() => receiver(...args)).pipe(
        Effect.catchCause((cause) => Effect.logError(`A receiver of the signal ${name} failed:`, cause)),
        Effect.asVoid
      )
    )
  }
  const { taskPostrun, taskPrerun, taskReceived, ...endings } = signals
  const ends = taskPostrun !== undefined || Object.values(endings).some((receiver) => receiver !== undefined)
  return {
    accepted: taskReceived === undefined ? undefined : (request) => send("taskReceived", taskReceived, request),
    started: taskPrerun === undefined ? undefined : (request) => send("taskPrerun", taskPrerun, request),
    completed: !ends ? undefined : (request, outcome, settlement, endedAt) => {
      const failed = (exception: ExceptionRecord.ExceptionRecord, traceback?: string) =>
        send("taskFailure", signals.taskFailure, request, { exception, traceback })
      switch (outcome._tag) {
        case "Success":
          send("taskSuccess", signals.taskSuccess, request, {
            result: outcome.result,
            runtime: endedAt - (request.timeStart ?? endedAt)
          })
          break
        case "Failure":
          failed(outcome.exception, outcome.traceback)
          break
        case "Retry":
          send("taskRetry", signals.taskRetry, request, outcome)
          break
        case "Rejected":
          if (!outcome.requeue) failed(ExceptionRecord.reject(outcome.reason ?? null))
          break
        case "Lost":
          if (settlement === "ack" || settlement === "reject") failed(ExceptionRecord.workerLost(outcome.message))
          break
        case "Revoked":
          send("taskRevoked", signals.taskRevoked, request, outcome)
          break
        case "Broken":
          send("taskInternalError", signals.taskInternalError, request, outcome)
          break
        case "Unregistered":
          send("taskUnknown", signals.taskUnknown, request, outcome)
          break
        case "Refused":
          send("taskRejected", signals.taskRejected, request, { message: ExceptionRecord.repr(outcome.exception) })
          break
        case "Invalid":
        case "Damaged":
          send("taskRejected", signals.taskRejected, request, outcome)
      }
      if (request.timeStart !== undefined) send("taskPostrun", taskPostrun, request, outcome)
    }
  }
}
