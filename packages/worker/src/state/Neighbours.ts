/**
 * The other nodes of the cluster, as far as they have told of themselves.
 *
 * It lives as long as the worker, and outlives connections: who was there before
 * one was lost is there after it, or is missed. `Gossip` feeds it, and listens.
 * Source: protocol of events §5.
 *
 * @since 0.1.0
 */
import { ClusterState } from "@celeriac/tasks/event/ClusterState"
import type { WorkerView } from "@celeriac/tasks/event/WorkerView"
import * as Context from "effect/Context"

/** One listener for each: the gossip of the connection that there is. */
export class Known {
  onNodeJoin: (node: WorkerView) => void = () => {}
  onNodeLeave: (node: WorkerView) => void = () => {}
  readonly state = new ClusterState({
    // Of tasks nothing is heard.
    maxTasks: 1,
    onNodeJoin: (node) => this.onNodeJoin(node),
    onNodeLeave: (node) => this.onNodeLeave(node)
  })

  /** Forgets those that are not alive at a time, in seconds since the epoch. Gives them. */
  lose(now: number): ReadonlyArray<WorkerView> {
    const lost = this.state.workers.filter((node) => !node.isAlive(now))
    for (const { hostname } of lost) this.state.forgetWorker(hostname)
    return lost
  }
}

export class Neighbours extends Context.Service<Neighbours, Known>()("@celeriac/worker/state/Neighbours") {}
