/** A scheduler that sends what is due, and answers who asks: alone, or inside of a worker. */
import * as BeatNode from "@celeriac/beat/BeatNode"
import { Scheduler } from "@celeriac/beat/Scheduler"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** Until it is interrupted. */
export const serve = (settings: WorkerSettings.Settings, options: BeatNode.Options) =>
  Effect.gen(function*() {
    const scheduler = yield* Scheduler
    const node = BeatNode.run({
      ...options,
      maxTickAge: settings.beatRemoteControlMaxTickAge ??
        Math.max(60_000, 2 * Duration.toMillis(settings.beatMaxLoopInterval))
    })
    return yield* settings.beatEnableRemoteControl ? Effect.raceFirst(scheduler.run, node) : scheduler.run
  })
