/** A module for `celeriac worker -A` and for children: a task that computes, and one that does nothing. */
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { queue, spin } from "./spin.ts"

const computes = Task.make("bench.spin", { parameters: { millis: Schema.Finite }, options: { queue } })
const noop = Task.make("bench.noop", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Null,
  options: { queue }
})

export default Worker.make({
  queues: [queue],
  settings: { prefetch: { multiplier: 4 } },
  tasks: [
    computes.toLayer(({ millis }) => Effect.sync(() => spin(millis))),
    noop.toLayer(() => Effect.succeed(null))
  ]
})
