/**
 * Celery's signals of sending: a function that sees each task before it is
 * published, and may change its headers and properties, and one that is told
 * when the broker has it.
 *
 * ```ts
 * const Tenants = PublishSignals.layer({
 *   beforeTaskPublish: ({ message }) => ({ ...message, headers: { ...message.headers, tenant: "t-1" } })
 * })
 * Client.layer.pipe(Layer.provide(Tenants))
 * ```
 *
 * They are read when a client is made, or a worker, whose retries are sent too;
 * they are plain functions on the way of every send. What one throws is logged, and changes nothing. Source: Celery's
 * `before_task_publish` and `after_task_publish`.
 *
 * @since 0.1.0
 */
import type { Address, Message } from "@celeriac/messaging/Message"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A task on its way. */
export interface Publishing {
  readonly task: string
  readonly id: string
  readonly message: Message
  readonly to: Address
}

/** All may be left out. */
export interface PublishSignals {
  /** Gives the message to send instead, or nothing. What makes the task what it is (name, id, body) is to stay. */
  readonly beforeTaskPublish?: ((publishing: Publishing) => Message | void) | undefined
  /** The broker has confirmed it. */
  readonly afterTaskPublish?: ((published: Publishing) => void) | undefined
}

/** Those there are. */
const All = Context.Reference<ReadonlyArray<PublishSignals>>("@celeriac/tasks/PublishSignals", {
  defaultValue: () => []
})

/** Adds them to those there are. */
export const layer = (signals: PublishSignals): Layer.Layer<never> =>
  Layer.effect(All, Effect.map(All, (others) => [...others, signals]))

/** All as one. */
export interface Signals {
  readonly before: (publishing: Publishing) => Message
  readonly after: (published: Publishing) => void
}

/** Those there are as one; undefined when there are none. */
export const make: Effect.Effect<Signals | undefined> = Effect.gen(function*() {
  const all = yield* All
  if (all.length === 0) return undefined
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const guarded = <A>(name: string, call: () => A): A | undefined => {
    try {
      return call()
    } catch (defect) {
      run(Effect.logError(`A receiver of the signal ${name} threw:`, Cause.die(defect)))
      return undefined
    }
  }
  return {
    before: (publishing) =>
      all.reduce(
        (message, { beforeTaskPublish }) =>
          guarded("beforeTaskPublish", () => beforeTaskPublish?.({ ...publishing, message })) ?? message,
        publishing.message
      ),
    after: (published) => {
      for (const { afterTaskPublish } of all) guarded("afterTaskPublish", () => afterTaskPublish?.(published))
    }
  }
})
