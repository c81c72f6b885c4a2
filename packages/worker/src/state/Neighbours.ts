/**
 * The other nodes of the cluster, as far as they have told of themselves: what
 * Celery's gossip keeps in its `State`.
 *
 * It lives as long as the worker, and outlives connections: who was there before
 * one was lost is there after it, or is missed. `Gossip` writes it. So many nodes
 * are known; beyond, the one that was heard of first is forgotten. Source:
 * protocol of events §5.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type * as Event from "@celeriac/tasks/event/Event"
import * as Context from "effect/Context"

/** How many nodes are known at most, as with Celery. */
const most = 5_000

/** How many of the times at which a node was heard of are kept. */
const heartbeats = 4

/** A node is alive for so many of its heartbeats without a word. */
const window = 2

/** Until a node says how often it beats, in seconds. */
const defaultFreq = 60

/** Another node, as it is known at the moment. What it has not told is undefined. */
export class Neighbour {
  readonly hostname: string
  pid: number | undefined
  /** Of its logical clock, when it was heard of last. */
  clock = 0
  /** How often it says that it is there, in seconds. */
  freq = defaultFreq
  /** When it was heard of last, by this node's time, in seconds since the epoch: the latest last. None once it has left. */
  heartbeats: ReadonlyArray<number> = []
  /** How many tasks run there, and how many were started since it began. */
  active: number | undefined
  processed: number | undefined
  /** Of the last 1, 5 and 15 minutes. */
  loadavg: ReadonlyArray<number> | undefined
  swIdent: string | undefined
  swVer: string | undefined
  swSys: string | undefined

  constructor(hostname: string) {
    this.hostname = hostname
  }

  /** Of this process: `<hostname>.<pid>`. */
  get id(): string {
    return `${this.hostname}.${this.pid}`
  }

  /** At a time, in seconds since the epoch. */
  isAlive(now: number): boolean {
    const last = this.heartbeats.at(-1)
    return last !== undefined && now < last + this.freq * window
  }
}

/** What an event has changed. */
export type Change = "joined" | "left" | undefined

export class Known {
  private readonly nodes = new BoundedMap<string, Neighbour>(most)

  get size(): number {
    return this.nodes.size
  }

  get(hostname: string): Neighbour | undefined {
    return this.nodes.get(hostname)
  }

  /** Those that are alive at a time, in seconds since the epoch. */
  alive(now: number): ReadonlyArray<Neighbour> {
    return this.all().filter((node) => node.isAlive(now))
  }

  all(): ReadonlyArray<Neighbour> {
    return Array.from(this.nodes.entries(), ([, node]) => node)
  }

  /** Takes what a node tells of itself: an event whose type begins with `worker-`. One that leaves is forgotten. */
  take(event: Event.Heard): readonly [node: Neighbour, change: Change] {
    const isOffline = event.type === "worker-offline"
    const known = this.nodes.get(event.hostname)
    const node = known ?? new Neighbour(event.hostname)
    tell(node, event)
    if (isOffline) {
      node.heartbeats = []
      this.nodes.delete(event.hostname)
      return [node, "left"]
    }
    if (known === undefined) this.nodes.set(event.hostname, node)
    node.heartbeats = [...node.heartbeats, event.localReceived].sort(byTime).slice(-heartbeats)
    return [node, known === undefined || event.type === "worker-online" ? "joined" : undefined]
  }

  /** Forgets those that are not alive any more. Gives them. */
  lose(now: number): ReadonlyArray<Neighbour> {
    const lost = this.all().filter((node) => !node.isAlive(now))
    for (const { hostname } of lost) this.nodes.delete(hostname)
    return lost
  }
}

const byTime = (a: number, b: number): number => a - b

const tell = (node: Neighbour, event: Event.Heard): void => {
  node.pid = event.pid ?? node.pid
  node.clock = event.clock ?? node.clock
  switch (event._tag) {
    case "WorkerOnline":
    case "WorkerHeartbeat":
    case "WorkerOffline":
      node.freq = event.freq ?? node.freq
      node.active = event.active ?? node.active
      node.processed = event.processed ?? node.processed
      node.loadavg = event.loadavg ?? node.loadavg
      node.swIdent = event.swIdent ?? node.swIdent
      node.swVer = event.swVer ?? node.swVer
      node.swSys = event.swSys ?? node.swSys
  }
}

export class Neighbours extends Context.Service<Neighbours, Known>()("@celeriac/worker/state/Neighbours") {}
