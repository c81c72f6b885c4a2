/**
 * The guide's `RatelimitStep`: the nodes of a cluster share one task a second
 * among them, whoever comes and goes.
 *
 * A node that is lost may only have been slow to say that it is there: so its
 * share is given to the others ten seconds later, if it has not come back.
 */
import * as Bootstep from "celeriac/Bootstep"
import * as Gossip from "celeriac/Gossip"
import * as Task from "celeriac/Task"
import * as Tasks from "celeriac/Tasks"
import * as Timer from "celeriac/Timer"
import * as Effect from "effect/Effect"

export const render = Task.make("proj.render")

// #region step
export const RatelimitStep = Bootstep.make("RatelimitStep", {
  requires: [Gossip.Gossip, Tasks.Tasks, Timer.Timer],
  start: Effect.gen(function*() {
    const gossip = yield* Gossip.Gossip
    const tasks = yield* Tasks.Tasks
    const timer = yield* Timer.Timer

    const share = Effect.gen(function*() {
      const others = yield* gossip.aliveWorkers
      const size = others.length + 1 // and this node
      yield* tasks.setRateLimit(render, 1 / size)
      yield* tasks.resetRateLimits
      yield* Effect.logInfo(`${size} in the cluster: ${1 / size} a second each`)
    })

    yield* gossip.onNodeJoin(() => share)
    yield* gossip.onNodeLeave(() => share)
    yield* gossip.onNodeLost(() => timer.callAfter("10 seconds", share))
    yield* share
  })
})
// #endregion
