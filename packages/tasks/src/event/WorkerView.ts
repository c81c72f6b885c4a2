/**
 * A worker as monitors see it: what it last told of itself, and whether it is
 * there. Made and changed by `ClusterState`. Source: protocol of events §5,
 * Celery's `celery.events.state.Worker`.
 *
 * @since 0.1.0
 */
import type * as Event from "./Event.ts"

/** How many heartbeats are remembered. */
const most = 4

/** Of its frequency: a worker that was silent for so long is gone. */
const expireWindow = 2

/** How far a sender's time may be from ours, in seconds. */
const mostDrift = 16

/** Seconds in all of its times. */
export class WorkerView {
  readonly hostname: string
  pid: number | undefined = undefined
  freq = 60
  /** When it was heard of last, the oldest first. */
  readonly heartbeats: Array<number> = []
  clock = 0
  active: number | undefined = undefined
  processed: number | undefined = undefined
  loadavg: ReadonlyArray<number> | undefined = undefined
  swIdent: string | undefined = undefined
  swVer: string | undefined = undefined
  swSys: string | undefined = undefined

  constructor(hostname: string) {
    this.hostname = hostname
  }

  /** `celery@host.4711`: what events are ordered by when nothing else tells. */
  get id(): string {
    return `${this.hostname}.${this.pid ?? "None"}`
  }

  /** When it will count as gone; undefined when it does already. */
  get expiresAt(): number | undefined {
    const last = this.heartbeats.at(-1)
    return last === undefined ? undefined : last + this.freq * expireWindow
  }

  /** Whether it is there, at a time in seconds since the epoch. */
  isAlive(now: number): boolean {
    const { expiresAt } = this
    return expiresAt !== undefined && now < expiresAt
  }

  /** It told of itself. Gives how far its time is from ours, when that is too far. */
  told(event: Event.Heard & Event.OfNodeEvent): number | undefined {
    this.take(event)
    if (event._tag !== "WorkerOffline") return this.beat(event.localReceived, event.timestamp)
    this.heartbeats.length = 0
    return undefined
  }

  /** A sign of life at `at`. Gives how far two times of it are apart, when that is too far. */
  beat(at: number, other: number): number | undefined {
    const drift = Math.abs(Math.trunc(at) - Math.trunc(other))
    const { heartbeats } = this
    const count = heartbeats.length
    if (count >= most) heartbeats.shift()
    insertSorted(heartbeats, at)
    return drift > mostDrift ? drift : undefined
  }

  /** What was not said stays as it was. */
  private take(event: Event.Heard & Event.OfNodeEvent): void {
    if ("pid" in event) this.pid = event.pid
    if (event.clock !== undefined) this.clock = event.clock
    if (event._tag === "WorkerElect" || event._tag === "WorkerElectAck") return
    if (event.freq !== undefined) this.freq = event.freq
    if ("active" in event) this.active = event.active
    if ("processed" in event) this.processed = event.processed
    if ("loadavg" in event) this.loadavg = event.loadavg
    if ("swIdent" in event) this.swIdent = event.swIdent
    if ("swVer" in event) this.swVer = event.swVer
    if ("swSys" in event) this.swSys = event.swSys
  }
}

/** Behind what is equal, as Python's `insort` does. */
const insertSorted = (list: Array<number>, value: number): void => {
  let at = list.length
  while (at > 0 && value < list[at - 1]!) at--
  list.splice(at, 0, value)
}
