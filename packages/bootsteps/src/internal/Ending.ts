/** What a step that has come up leaves to be done: its `close`, its `stop`, and, if it has one, its `shutdown`. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as BootLog from "../BootLog.ts"
import * as Control from "../Control.ts"
import * as StopReason from "../StopReason.ts"
import type { Child } from "./Child.ts"
import type { Definition } from "./Definition.ts"
import { begin, call, end, type Life, type Up } from "./Life.ts"

/**
 * Leaves it in the scopes of the phases. In a layer that is alone these are one
 * scope: what comes first when it closes is left last.
 */
export const leave = Effect.fnUntraced(function*(self: Life, up: Up) {
  const { closing, final, stopping } = self.phases
  const keeps = final !== undefined && up.definition.shutdown !== undefined
  if (keeps) yield* Scope.addFinalizerExit(final, (exit) => shutdown(self, up, StopReason.fromExit(exit)))
  yield* Scope.addFinalizerExit(stopping, (exit) => stop(self, up, keeps, reasonNow(self, exit)))
  yield* Scope.addFinalizerExit(closing, (exit) => close(self, up, reasonNow(self, exit)))
})

/** Of what stands in for a disabled step nothing is left but its scope. */
export const leaveScope = (self: Life, { label }: Definition, scope: Scope.Closeable): Effect.Effect<void> =>
  Scope.addFinalizerExit(
    self.phases.stopping,
    (exit) => closeScope(scope, "stopping", label, reasonNow(self, exit))
  )

/** A blueprint inside of a step has its final stop when every step has stopped: also if it never came up. */
export const leaveFinal = (self: Life, child: Child): Effect.Effect<void> =>
  Scope.addFinalizer(self.phases.afterwards, child.shutdown)

/** Why the scope was closed, or what the operator has escalated that to. */
const reasonNow = (self: Life, exit: Exit.Exit<unknown, unknown>): StopReason.StopReason => {
  const asked = self.control.currentUnsafe()
  return asked?._tag === "Terminate" ? asked : StopReason.fromExit(exit)
}

/** First phase: the step quiesces, until the operator escalates. Nobody does on a restart or a cold shutdown. */
const close = (self: Life, up: Up, reason: StopReason.StopReason): Effect.Effect<void> => {
  if (up.state !== "up" || reason._tag !== "Shutdown") return Effect.void
  const { child, context, definition } = up
  const hook = definition.close
  return Control.orElseTerminate(
    self.control,
    Effect.gen(function*() {
      yield* BootLog.ending(self.graph.name, "Closing", definition.label)
      const begun = yield* begin(self, definition, "closing", reason)
      if (hook !== undefined) {
        yield* BootLog.logFailure(
          call(() => hook(up.self, reason, self.parent), context),
          "closing",
          definition.label
        )
      }
      if (child !== undefined) yield* child.close(reason)
      yield* end(self, definition, "closed", begun, { reason })
    })
  )
}

/** Second phase: the step stops. */
const stop = Effect.fnUntraced(function*(self: Life, up: Up, keeps: boolean, reason: StopReason.StopReason) {
  const { child, definition } = up
  yield* BootLog.ending(self.graph.name, verbs[reason._tag], definition.label)
  const begun = yield* begin(self, definition, "stopping", reason)
  if (child !== undefined) yield* child.stop(reason)
  yield* stopHook(self, up, reason)
  up.state = keeps && reason._tag !== "Restart" ? "kept" : "gone"
  if (up.state === "gone") yield* closeScope(up.scope, "stopping", definition.label, reason)
  yield* end(self, definition, "stopped", begun, { reason })
})

const verbs = { Restart: "Restarting", Shutdown: "Stopping", Terminate: "Terminating" } as const

/** Stops warm, or cold, or warm until the operator escalates. */
const stopHook = (self: Life, up: Up, reason: StopReason.StopReason): Effect.Effect<void> => {
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

/** Final stop of a step that was kept for it. */
const shutdown = Effect.fnUntraced(function*(self: Life, up: Up, reason: StopReason.StopReason) {
  if (up.state !== "kept") return
  const { label, shutdown: hook } = up.definition
  yield* BootLog.ending(self.graph.name, "Shutdown", label)
  const begun = yield* begin(self, up.definition, "shuttingDown", reason)
  if (hook !== undefined) {
    yield* BootLog.logFailure(call(() => hook(up.self, self.parent), up.context), "shutdown", label)
  }
  up.state = "gone"
  yield* closeScope(up.scope, "shutdown", label, reason)
  yield* end(self, up.definition, "shutDown", begun, { reason })
})

/** Closes the scope of a step: with the failure that made it stop, if there was one. */
const closeScope = (
  scope: Scope.Closeable,
  action: "stopping" | "shutdown",
  label: string,
  { cause }: StopReason.StopReason
): Effect.Effect<void> =>
  BootLog.logFailure(Scope.close(scope, cause === undefined ? Exit.void : Exit.failCause(cause)), action, label)
