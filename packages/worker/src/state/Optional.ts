/**
 * Steps that a worker can do without: their names in the setting `without`, and
 * their flags.
 *
 * A step of this list says `enabled: WorkerSettings.takesPart("heart")`, and in
 * `disabled` what stands in for its service: whoever requires it finds that.
 * Steps that work only when something is set up for them, such as `StateDB`,
 * need no name here.
 *
 * @since 0.1.0
 */
import type { Switch } from "@celeriac/tasks/Setting"

export const names = ["events", "mingle", "gossip", "heart", "agent", "control", "delayedDelivery"] as const

export type Name = typeof names[number]

const without = (flag: string, says: Name, doc: string): Switch => ({ name: `without-${flag}`, says, doc })

/** Celery's. */
export const switches: ReadonlyArray<Switch> = [
  without("gossip", "gossip", "Do not listen to other workers"),
  without("mingle", "mingle", "Do not synchronize with other workers at startup"),
  without("heartbeat", "heart", "Do not send heartbeats")
]
