/**
 * The commands that every worker knows, as tables by what they do: `inspect`
 * looks, `control` changes. Source: control sections 2 and 3.
 *
 * @since 0.1.0
 */
import * as Events from "./commands/EventCommands.ts"
import * as Pool from "./commands/PoolCommands.ts"
import * as Queues from "./commands/QueueCommands.ts"
import * as Tasks from "./commands/TaskCommands.ts"
import * as Workers from "./commands/WorkerCommands.ts"

/** Celery's `inspect`, and `bootGraph`, which is ours. */
export const inspect = {
  ping: Workers.ping,
  clock: Workers.clock,
  active: Tasks.active,
  reserved: Tasks.reserved,
  scheduled: Tasks.scheduled,
  revoked: Tasks.revoked,
  registered: Tasks.registered,
  queryTask: Tasks.queryTask,
  activeQueues: Queues.activeQueues,
  stats: Workers.stats,
  conf: Workers.conf,
  report: Workers.report,
  hello: Workers.hello,
  memsample: Workers.memsample,
  memdump: Workers.memdump,
  objgraph: Workers.objgraph,
  bootGraph: Workers.bootGraph
} as const

/** Celery's `control`. */
export const control = {
  revoke: Tasks.revoke,
  terminate: Tasks.terminate,
  revokeByStampedHeaders: Tasks.revokeByStampedHeaders,
  rateLimit: Tasks.rateLimit,
  timeLimit: Tasks.timeLimit,
  addConsumer: Queues.addConsumer,
  cancelConsumer: Queues.cancelConsumer,
  poolGrow: Pool.poolGrow,
  poolShrink: Pool.poolShrink,
  poolRestart: Pool.poolRestart,
  autoscale: Pool.autoscale,
  enableEvents: Events.enableEvents,
  disableEvents: Events.disableEvents,
  heartbeat: Events.heartbeat,
  election: Events.election,
  shutdown: Workers.shutdown
} as const
