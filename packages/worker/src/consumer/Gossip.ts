/**
 * Hears what the other nodes of the cluster tell of themselves: who joins, who
 * leaves, who is lost; and holds elections with them.
 *
 * ```ts
 * const gossip = yield* Gossip
 * yield* gossip.onNodeJoin((node) => Effect.logInfo(`${node.hostname} is there`))
 * yield* gossip.onNodeLost((node) => Effect.logInfo(`${node.hostname} is missed`))
 * ```
 *
 * A node that has not been heard of for twice the time that it said is lost; that
 * is looked for every five seconds. What is known of the nodes outlives the
 * connection; handlers live as long as the step that has registered them. It has a
 * channel of its own, and when that is lost everything else goes on. Nothing that
 * comes in stops it. Source: protocol of events §8, Celery's `Gossip`.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import { isSigned, Seals } from "@celeriac/messaging/security/Seal"
import * as Session from "@celeriac/messaging/Session"
import { Transport } from "@celeriac/messaging/Transport"
import * as Commands from "@celeriac/tasks/control/Commands"
import { ClusterState } from "@celeriac/tasks/event/ClusterState"
import { isOfTask } from "@celeriac/tasks/event/Event"
import * as EventConsumer from "@celeriac/tasks/event/EventConsumer"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import type { WorkerView } from "@celeriac/tasks/event/WorkerView"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Timer } from "../boot/Timer.ts"
import { Panel } from "../control/Panel.ts"
import { Neighbours } from "../state/Neighbours.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { declares, WorkerSettings } from "../state/WorkerSettings.ts"
import { Connection } from "./Connection.ts"
import { Events } from "./Events.ts"
import * as ElectedTask from "./internal/ElectedTask.ts"
import { Handlers } from "./internal/Handlers.ts"
import { Grace, Polls } from "./internal/Polls.ts"
import { Mingle } from "./Mingle.ts"

/** Registers what is run for each node, one after the other, until the scope closes. What it fails with is logged. */
export type OnNode = <E, R>(
  handler: (node: WorkerView) => Effect.Effect<unknown, E, R>
) => Effect.Effect<void, never, R | Scope.Scope>

/** What the step provides. */
export interface Gossiping {
  /** The other nodes, this one not among them. */
  readonly state: ClusterState
  /** Those that are alive. */
  readonly aliveWorkers: Effect.Effect<ReadonlyArray<WorkerView>>
  /** A node is heard of for the first time, or says that it has started. Those that are there already are in `state`. */
  readonly onNodeJoin: OnNode
  /** A node says that it stops. */
  readonly onNodeLeave: OnNode
  /** A node has not been heard of for too long. */
  readonly onNodeLost: OnNode
  /**
   * Holds an election among the nodes that are asked to by its `id`, one for each
   * election. One of them wins, and runs the handler of the topic for `action`; or
   * none, when some node does not answer. Celery's command `election` asks all nodes.
   */
  readonly election: (id: string, topic: string, action?: unknown) => Effect.Effect<void>
  /**
   * Says what is to be done by who wins an election of this topic, until the scope
   * closes; of two for one topic the later one counts. `task` is there: the action
   * is the signature of a task, as Celery writes it, and the task is sent.
   */
  readonly onElected: <E, R>(
    topic: string,
    handler: (action: unknown) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
}

/** For a worker that does not listen to others: it knows none, and holds no elections. */
const disabled = (): Gossiping => ({
  state: new ClusterState(),
  aliveWorkers: Effect.succeed([]),
  onNodeJoin: () => Effect.void,
  onNodeLeave: () => Effect.void,
  onNodeLost: () => Effect.void,
  election: (id) => Effect.logWarning(`election '${id}' is not held: this node does not gossip`),
  onElected: () => Effect.void
})

/** How often lost nodes are looked for. */
const interval = "5 seconds"

/** How long nothing is said of what makes no sense, once something was. */
const silence = 10_000

const isWanted = Effect.zipWith(
  declares("gossip"),
  Transport,
  (takesPart, { exchangeTypes }) => takesPart && (exchangeTypes.has("topic") || exchangeTypes.has("fanout"))
)

export class Gossip extends Bootstep.Service<Gossip, Gossiping>()("Gossip", {
  requires: [Connection, Events, Mingle, Timer, Panel, LogicalClock, Neighbours, Transport],
  enabled: isWanted,
  disabled: Effect.succeed(disabled()),
  start: Effect.gen(function*() {
    const { nodename } = yield* WorkerSettings
    const { dispatcher } = yield* Events
    const nodes = yield* Neighbours
    const logical = yield* LogicalClock
    const control = yield* Control
    const timer = yield* Timer
    const clock = yield* Clock.Clock
    const log = yield* WorkerLog.make
    const seconds = () => clock.currentTimeMillisUnsafe() / 1000

    const joined = new Handlers<WorkerView>(control)
    const left = new Handlers<WorkerView>(control)
    const lost = new Handlers<WorkerView>(control)
    const polls = new Polls({
      hostname: nodename,
      grace: yield* Grace,
      alive: () => nodes.state.aliveWorkers(seconds()).map(({ hostname }) => hostname),
      send: dispatcher.send,
      timer: timer.queue,
      clock,
      control,
      log
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => polls.close()))
    yield* polls.onElected("task", yield* ElectedTask.make)
    yield* (yield* Panel).add(Commands.control.election, ({ action, id, topic }) =>
      Effect.sync(() => {
        polls.hold(id, topic, action)
        return null
      }))

    const changed = (what: string, handlers: Handlers<WorkerView>) => (node: WorkerView): void => {
      if (log.isDebug) log.log("Debug", `${node.hostname} ${what}`)
      handlers.tell(node)
    }
    nodes.onNodeJoin = changed("joined the party", joined)
    nodes.onNodeLeave = changed("left", left)
    let quietUntil = 0
    const onMalformed = (why: string): void => {
      const now = clock.currentTimeMillisUnsafe()
      if (now < quietUntil) return
      quietUntil = now + silence
      log.log("Warn", `gossip: ignored what is no event of a node: ${why}`)
    }
    const signed = (yield* Seals) !== undefined
    const onEvent: EventConsumer.OnEvent = (event, delivery): void => {
      const isOwn = event.hostname === nodename
      if (isOwn || event.clock === undefined) logical.forward()
      else logical.adjust(event.clock)
      const isVote = event._tag === "WorkerElect" || event._tag === "WorkerElectAck"
      // Who wins an election has a task sent: nobody else's word counts.
      if (isVote && signed && !isSigned(delivery)) onMalformed("a vote that is not signed (event_serializer)")
      else if (event._tag === "WorkerElect") polls.stand(event)
      else if (event._tag === "WorkerElectAck") polls.answer(event)
      // A broker without patterns sends those of tasks, too.
      else if (!isOwn && !isOfTask(event)) {
        nodes.state.add(event)
        polls.settle()
      }
    }
    const miss = Effect.sync(() => {
      for (const node of nodes.lose(seconds())) {
        log.log("Info", `missed heartbeat from ${node.hostname}`)
        lost.tell(node)
      }
      polls.settle()
    })
    yield* timer.callRepeatedly(interval, miss)

    yield* listening(onEvent, onMalformed)

    return {
      state: nodes.state,
      aliveWorkers: Effect.sync(() => nodes.state.aliveWorkers(seconds())),
      onNodeJoin: joined.add,
      onNodeLeave: left.add,
      onNodeLost: lost.add,
      election: (id, topic, action) => Effect.sync(() => polls.hold(id, topic, action)),
      onElected: polls.onElected
    }
  })
}) {}

/** Listens until the scope closes, and listens when it succeeds, if that can be at the moment. */
const listening = Effect.fnUntraced(function*(
  onEvent: EventConsumer.OnEvent,
  onMalformed: (why: string) => void
) {
  const connection = yield* Connection
  const ttl = yield* eventTtl
  const first = yield* Deferred.make<void>()
  const tell = Session.logging("gossip")
  const running = Session.run({
    what: "gossip",
    uri: connection.uri,
    open: Effect.gen(function*() {
      const channel = yield* connection.openChannel()
      yield* EventConsumer.consume(channel, onEvent, { routingKey: "worker.#", onMalformed }).pipe(
        Effect.provideService(EventSettings.EventQueueTtl, ttl)
      )
      return channel
    }),
    // With the connection, the whole consumer is built anew.
    watch: ({ lost }) =>
      Effect.catch(lost, (error) => error.reason._tag === "ConnectionLost" ? Effect.never : Effect.fail(error)),
    tell: (event) => Effect.andThen(tell(event), Deferred.succeed(first, undefined))
  })
  yield* Effect.forkScoped(
    Effect.catch(running, (error) => Effect.logError(`gossip: ${WorkerLog.sentence(error.message)} Going on without`))
  )
  yield* Deferred.await(first)
})

/** Celery's: as long as a heartbeat is said to take, if that is said, and otherwise as long as any event. */
const eventTtl = Effect.flatMap(
  WorkerSettings,
  ({ heartbeatInterval }) =>
    Duration.toSeconds(heartbeatInterval) === 2 ? EventSettings.EventQueueTtl : Effect.succeed(heartbeatInterval)
)
