/** What the workers that are online tell, as plain facts: the checks make of it what they make of it. */
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"

type Table = Readonly<Record<string, unknown>>

export interface Node {
  readonly name: string
  /** How many answer by this name. */
  readonly count: number
  /** How many messages it takes beforehand; 0 is without bound. */
  readonly prefetch: number | undefined
  /** How many tasks it runs at once. */
  readonly slots: number | undefined
  /** Its settings, under Celery's names. */
  readonly settings: Table
  readonly registered: ReadonlyArray<string>
  /** Seconds since the epoch, of those that wait here for their time. */
  readonly etas: ReadonlyArray<{ readonly id: string; readonly name: string; readonly at: number }>
  /** Those that run and are not acknowledged, by when they began. */
  readonly unacknowledged: ReadonlyArray<{ readonly id: string; readonly name: string; readonly since: number }>
}

/** What a node says of itself by an event. */
export interface Heard {
  readonly name: string
  /** `py-celery 5.7.0`. */
  readonly software: string
  /** How far its clock is ahead of ours, in seconds: its way here makes it seem later. */
  readonly ahead: number
}

export interface Cluster {
  readonly nodes: ReadonlyArray<Node>
  readonly heard: ReadonlyArray<Heard>
}

/** Asks all of them at once. */
export const look = Effect.fnUntraced(function*(timeout: Duration.Input) {
  const remote = yield* RemoteControl.make
  const options = { timeout, deadline: "4 seconds" } as const
  const { inspect } = remote
  const all = yield* Effect.all({
    counts: remote.stream(Commands.inspect.ping, {}, options).pipe(
      Stream.runFold(
        () => new Map<string, number>(),
        (counts, { node }) => counts.set(node, (counts.get(node) ?? 0) + 1)
      )
    ),
    stats: inspect.stats({}, options),
    conf: inspect.conf({ withDefaults: true }, options),
    registered: inspect.registered({ builtins: true }, options),
    scheduled: inspect.scheduled({}, options),
    active: inspect.active({}, options),
    heard: hear(remote, timeout)
  }, { concurrency: "unbounded" })
  const nodes = Array.from(all.counts, ([name, count]): Node => {
    const stats = said(all.stats[name])
    const pool = typeof stats?.pool === "object" ? stats.pool["max-concurrency"] : undefined
    return {
      name,
      count,
      prefetch: typeof stats?.prefetchCount === "number" ? stats.prefetchCount : undefined,
      slots: typeof pool === "number" ? pool : undefined,
      settings: said(all.conf[name]) ?? {},
      registered: (said(all.registered[name]) ?? []).map((text) => text.split(" ")[0] ?? ""),
      etas: (said(all.scheduled[name]) ?? []).map(({ eta, request: { id, name } }) => ({
        id,
        name,
        at: Date.parse(eta ?? "") / 1000
      })),
      unacknowledged: (said(all.active[name]) ?? []).flatMap(({ acknowledged, id, name, timeStart }) =>
        acknowledged || timeStart === null ? [] : [{ id, name, since: timeStart }]
      )
    }
  })
  return { nodes, heard: all.heard } satisfies Cluster
})

const said = <A>(answer: RemoteControl.Answer<A> | undefined): A | undefined =>
  answer === undefined || Result.isFailure(answer) ? undefined : answer.success

/** A heartbeat of each, as they are asked for it; of those that have none, nothing. */
const hear = (remote: RemoteControl.RemoteControl["Service"], timeout: Duration.Input) =>
  Effect.suspend(() => {
    const heard = new Map<string, Heard>()
    const ask = Effect.ignore(remote.broadcast(Commands.control.heartbeat, {}, { deadline: "4 seconds" }))
    return EventReceiver.stream({ routingKey: "worker.#", onReady: ask }).pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          if (event._tag !== "WorkerHeartbeat" && event._tag !== "WorkerOnline") return
          heard.set(event.hostname, {
            name: event.hostname,
            software: [event.swIdent, event.swVer].filter((word) => word !== undefined).join(" "),
            ahead: event.timestamp - event.localReceived
          })
        })
      ),
      Effect.timeoutOption(timeout),
      Effect.andThen(Effect.sync(() => Array.from(heard.values())))
    )
  })
