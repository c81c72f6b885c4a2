/**
 * The last step of the consumer: everything is up, messages flow.
 *
 * There is no loop here: Effect's runtime is the loop. The step says that the
 * worker is ready, the first time, and remembers that it was.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import { WorkerState } from "../state/WorkerState.ts"

export const EventLoop = Bootstep.make("EventLoop", {
  label: "event loop",
  requires: [WorkerState],
  last: true,
  start: Effect.gen(function*() {
    const state = yield* WorkerState
    const { nodename } = yield* WorkerSettings
    if (state.ready(yield* Clock.currentTimeMillis)) yield* Effect.logInfo(`${nodename} ready.`)
    else yield* Effect.logInfo("Resuming normal operations following a restart.")
  })
})
