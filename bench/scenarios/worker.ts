/**
 * A module for `celeriac worker -A` and `celeriac build`: the task of all
 * scenarios, which prints how long ago its process started when it runs first;
 * and so does an observer when all steps are up.
 */
import * as Observer from "celeriac/Observer"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { queue } from "./queue.ts"

const noop = Task.make("bench.noop", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Null,
  options: { queue }
})

let isFirst = true

/** Told of the last step of the consumer. */
export const settings = Observer.layer(({ phase, step }) =>
  Effect.sync(() => {
    if (step === "EventLoop" && phase === "started") console.log(JSON.stringify({ ready: performance.now() }))
  })
)

export default Worker.make({
  queues: [queue],
  tasks: [
    noop.toLayer(() =>
      Effect.sync(() => {
        if (isFirst) console.log(JSON.stringify({ millis: performance.now() }))
        isFirst = false
        return null
      })
    )
  ]
})
