/**
 * Whether a handler may begin is asked when its message has been understood,
 * and that is where the task runs. To understand a small message twice takes less
 * than to send the question: the parent does so, and the child is told the answer
 * with the work.
 *
 * @since 0.1.0
 */
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Outcome } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import { Run } from "../../trace/Run.ts"
import { Trace } from "../../trace/Trace.ts"
import type { Work } from "../../trace/Work.ts"

/** Understood, or to be asked for by the child; or what it comes to without a child. */
export type Intake = (work: Work) => "understood" | "ask" | Outcome

/** Bodies of more bytes are read once, by the child. */
const small = 4_096

/** By the registry at hand; without one, the child asks. */
export const make: Effect.Effect<Intake> = Effect.gen(function*(): Effect.fn.Return<Intake> {
  const context = yield* Effect.context<never>()
  const registry = Context.getOrUndefined(context, TaskRegistry)
  if (registry === undefined) return () => "ask"
  const trace = new Trace(registry, yield* Portable.coding, [], context)
  return (work) => {
    // What is compressed is as large as it wants to be.
    if (work.message.body.byteLength > small || work.headers.compression !== undefined) return "ask"
    const understood = trace.understand(work)
    return understood instanceof Run ? "understood" : understood
  }
})
