/**
 * Tells others that this node is there: `worker-online` at every connection,
 * `worker-heartbeat` every so often, `worker-offline` when it leaves.
 *
 * Not to be confused with the heartbeats of AMQP, which are the transport's. A
 * worker that lost its connection has not left, and does not say so. One that
 * stops warm beats on while it finishes what runs, and says so after that, while
 * it is still connected. Source: the guide's chapter on monitoring, protocol of
 * events §3.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type * as Event from "@celeriac/tasks/event/Event"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { Timer } from "../boot/Timer.ts"
import * as Machine from "../state/Machine.ts"
import { takesPart, WorkerSettings } from "../state/WorkerSettings.ts"
import * as WorkerSignals from "../state/WorkerSignals.ts"
import { WorkerState } from "../state/WorkerState.ts"
import { Events } from "./Events.ts"

type Beat = "worker-online" | "worker-heartbeat" | "worker-offline"

/** What the step provides. */
export interface Beating {
  /** How often it beats, in seconds. */
  readonly interval: number
  /** What it tells. */
  readonly beat: () => Event.Node
  /** Says goodbye, once, and beats no more. */
  readonly stop: Effect.Effect<void>
}

/** For a worker that tells nobody. */
export const disabled: Beating = { interval: 0, beat: () => ({}), stop: Effect.void }

export class Heart extends Bootstep.Service<Heart, Beating>()("Heart", {
  requires: [Events, Timer, WorkerState],
  enabled: takesPart("heart"),
  disabled: Effect.succeed(disabled),
  start: Effect.gen(function*() {
    const { dispatcher } = yield* Events
    const state = yield* WorkerState
    const { heartbeatInterval } = yield* WorkerSettings
    const interval = Duration.toSeconds(heartbeatInterval)
    let isBeating = true

    const beat = (): Event.Node => ({
      freq: interval,
      active: state.active.size,
      processed: state.allTotalCount,
      loadavg: Machine.load(),
      ...Machine.software
    })
    const tell = yield* signalling
    const send = (type: Beat): void => {
      if (!isBeating) return
      const node = beat()
      if (tell !== undefined && dispatcher.enabled("worker")) tell(node)
      dispatcher.send(type, node)
    }
    const unregister = dispatcher.onEnabled((group) => {
      if (group === "worker") send("worker-online")
    })
    yield* Effect.addFinalizer(() => Effect.sync(unregister))
    send("worker-online")
    yield* repeat((yield* Timer).queue, yield* Clock.Clock, interval * 1000, () => send("worker-heartbeat"))
    return {
      interval,
      beat,
      stop: Effect.sync(() => {
        send("worker-offline")
        isBeating = false
      })
    }
  }),
  stop: (heart, reason) => reason._tag === "Restart" ? Effect.void : heart.stop
}) {}

/** Tells those that want to know of each beat, if anybody does. */
const signalling = Effect.gen(function*() {
  const all = (yield* WorkerSignals.All).filter(({ heartbeatSent }) => heartbeatSent !== undefined)
  if (all.length === 0) return undefined
  const { nodename } = yield* WorkerSettings
  const run = yield* FiberSet.makeRuntime<never>()
  return (beat: Event.Node): void => void run(WorkerSignals.send(all, "heartbeatSent", nodename, beat))
})

/** Calls every so often, without a fiber, until the scope closes. It does not drift. */
const repeat = (timer: TimerHeap, clock: Clock.Clock, every: number, call: () => void) => {
  let entry: Entry | undefined
  const enter = (at: number): void => {
    entry = timer.enter(at, () => {
      enter(Math.max(at + every, clock.currentTimeMillisUnsafe()))
      call()
    })
  }
  enter(clock.currentTimeMillisUnsafe() + every)
  return Effect.addFinalizer(() => Effect.sync(() => entry?.cancel()))
}
