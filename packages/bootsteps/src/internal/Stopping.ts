/** How a blueprint goes down: every `close`, then every `stop`, then, if it is nested, every `shutdown`. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as BootLog from "../BootLog.ts"
import * as Control from "../Control.ts"
import type { Shutdown, StopReason } from "../StopReason.ts"
import { begin, call, end, type Life, type Up } from "./Life.ts"

/** First phase of a stop: every step quiesces, in reverse, those of the blueprints inside too. */
export const closeAll = Effect.fnUntraced(function*(self: Life, reason: Shutdown) {
  self.parent.state = "closing"
  for (const { child, context, definition, enabled, self: value } of self.up.toReversed()) {
    if (!enabled) continue
    const { close, label } = definition
    yield* BootLog.ending(self.graph.name, "Closing", label)
    const begun = yield* begin(self, definition, "closing", reason)
    if (close !== undefined) {
      yield* BootLog.logFailure(call(() => close(value, reason, self.parent), context), "closing", label)
    }
    if (child !== undefined) yield* child.close(reason)
    yield* end(self, definition, "closed", begun, { reason })
  }
})

/** Second phase: stops what is up, one at a time, in the exact reverse of the order in which it came up. */
export const stopAll = Effect.fnUntraced(function*(self: Life, reason: StopReason) {
  if (reason._tag !== "Restart") self.parent.state = "closing"
  for (let up = self.up.pop(); up !== undefined; up = self.up.pop()) {
    const escalated = self.control.currentUnsafe()
    yield* stopStep(self, up, escalated?._tag === "Terminate" ? escalated : reason)
  }
  for (const child of Array.from(self.children.values()).toReversed()) yield* child.shutdown
  if (!self.nested) self.parent.state = "terminating"
})

const stopStep = Effect.fnUntraced(function*(self: Life, up: Up, reason: StopReason) {
  const { definition } = up
  if (!up.enabled) return yield* closeScope(up, "stopping", reason)
  const verb = verbs[reason._tag]
  yield* BootLog.ending(self.graph.name, verb, definition.label)
  const begun = yield* begin(self, definition, "stopping", reason)
  if (up.child !== undefined) yield* up.child.stop(reason)
  yield* stopHook(self, up, reason)
  if (self.nested && definition.shutdown !== undefined && reason._tag !== "Restart") self.waiting.push(up)
  else yield* closeScope(up, "stopping", reason)
  yield* end(self, definition, "stopped", begun, { reason })
})

const verbs = { Restart: "Restarting", Shutdown: "Stopping", Terminate: "Terminating" } as const

/** Stops warm, or cold, or warm until the operator escalates. */
const stopHook = (self: Life, up: Up, reason: StopReason): Effect.Effect<void> => {
  const { label, stop, terminate } = up.definition
  const warm = stop === undefined
    ? undefined
    : BootLog.logFailure(call(() => stop(up.self, reason, self.parent), up.context), actions[reason._tag], label)
  const cold = terminate === undefined
    ? undefined
    : BootLog.logFailure(call(() => terminate(up.self, self.parent), up.context), "terminating", label)
  if (reason._tag === "Terminate") return cold ?? warm ?? Effect.void
  if (warm === undefined) return Effect.void
  return Control.orElseTerminate(
    self.control,
    warm,
    () => Effect.andThen(BootLog.ending(self.graph.name, "Terminating", label), cold ?? Effect.void)
  )
}

const actions = { Restart: "restarting", Shutdown: "stopping", Terminate: "terminating" } as const

/** Final stop of the steps that wait for it. */
export const shutdownAll = Effect.fnUntraced(function*(self: Life, reason: StopReason) {
  self.parent.state = "terminating"
  for (let up = self.waiting.shift(); up !== undefined; up = self.waiting.shift()) {
    const { definition, self: value } = up
    const { label, shutdown } = definition
    yield* BootLog.ending(self.graph.name, "Shutdown", label)
    const begun = yield* begin(self, definition, "shuttingDown", reason)
    if (shutdown !== undefined) {
      yield* BootLog.logFailure(call(() => shutdown(value, self.parent), up.context), "shutdown", label)
    }
    yield* closeScope(up, "shutdown", reason)
    yield* end(self, definition, "shutDown", begun, { reason })
  }
})

const closeScope = (up: Up, action: "stopping" | "shutdown", reason: StopReason): Effect.Effect<void> =>
  BootLog.logFailure(
    Scope.close(up.scope, reason.cause === undefined ? Exit.void : Exit.failCause(reason.cause)),
    action,
    up.definition.label
  )
