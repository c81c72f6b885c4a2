/**
 * A span for every start and stop of a step: `Worker.Pool start`,
 * `Worker.Pool stop`, with the blueprint and the step as attributes.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import type { Span } from "effect/Tracer"
import * as Observer from "./Observer.ts"

/**
 * Traces what is booted with it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = Observer.layerEffect(Effect.sync(() => {
  const open = new Map<string, Span>()
  return (event) => {
    const action = actions[event.phase]
    if (action === undefined) return Effect.void
    const name = `${event.blueprint}.${event.step} ${action.name}`
    if (action.opens) {
      return Effect.map(
        Effect.makeSpan(name, { attributes: { blueprint: event.blueprint, step: event.step } }),
        (span) => void open.set(name, span)
      )
    }
    return Clock.clockWith((clock) =>
      Effect.sync(() => {
        const span = open.get(name)
        open.delete(name)
        span?.end(
          clock.currentTimeNanosUnsafe(),
          event.phase === "failed" ? Exit.failCause(event.cause ?? Cause.empty) : Exit.void
        )
      })
    )
  }
}))

const actions: { readonly [P in Observer.Phase]?: { readonly name: string; readonly opens: boolean } } = {
  starting: { name: "start", opens: true },
  started: { name: "start", opens: false },
  failed: { name: "start", opens: false },
  stopping: { name: "stop", opens: true },
  stopped: { name: "stop", opens: false }
}
