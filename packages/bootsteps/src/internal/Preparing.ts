/** Before any step is started: every `init`, in boot order, then those of the blueprints inside. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as BootLog from "../BootLog.ts"
import type { Definition } from "./Definition.ts"
import { begin, call, end, type Life } from "./Life.ts"

export const prepare = Effect.fnUntraced(function*(self: Life, context: Context.Context<unknown>) {
  const { graph } = self
  yield* BootLog.preparing(graph.name)
  yield* BootLog.building(graph.name)
  for (const { definition } of graph.nodes) yield* initialize(self, definition, context)
  yield* BootLog.bootOrder(graph)
  for (const [definition, child] of self.children) {
    yield* Effect.catchCause(
      child.prepare,
      (cause) => Effect.failCause(self.attribute(cause, definition, "initializing"))
    )
  }
})

const initialize = Effect.fnUntraced(function*(self: Life, definition: Definition, context: Context.Context<unknown>) {
  const { init } = definition
  if (init === undefined) return
  const begun = yield* begin(self, definition, "initializing")
  yield* call(() => init(self.parent), context).pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(
        end(self, definition, "failed", begun, { cause }),
        Effect.failCause(self.attribute(cause, definition, "initializing"))
      )
    )
  )
  yield* end(self, definition, "initialized", begun)
})
