/**
 * Gives the event dispatcher its way to the broker, for as long as this round of
 * the consumer lasts.
 *
 * The dispatcher itself, its groups and what it keeps while there is no
 * connection are the worker's, and outlive every connection. Events go over a
 * channel of their own, on the connection that results are sent over where there
 * is one: a broker that blocks who publishes does not block who consumes. It is
 * opened beside the boot, which does not wait for it, and again when it is lost.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Session from "@celeriac/messaging/Session"
import { Transport } from "@celeriac/messaging/Transport"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import * as EventTopology from "@celeriac/tasks/event/EventTopology"
import * as Settings from "@celeriac/tasks/Settings"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Timer } from "../boot/Timer.ts"
import { takesPart, WorkerSettings } from "../state/WorkerSettings.ts"
import { Connection } from "./Connection.ts"
import { EventPace } from "./internal/EventPace.ts"
import * as Outgoing from "./internal/Outgoing.ts"

/** What the step provides. */
export interface Dispatching {
  /** Sends events of this node: Celery's `event_dispatcher`. */
  readonly dispatcher: EventDispatcher.EventDispatcher["Service"]
  /** Sends what is put by. Nobody waits for more than a moment, nor for a broker that blocks publishers. */
  readonly flush: Effect.Effect<void>
}

/** For a worker without events. */
export const disabled: Dispatching = { dispatcher: EventDispatcher.disabled, flush: Effect.void }

export class Events extends Bootstep.Service<Events, Dispatching>()("Events", {
  requires: [Connection, Timer, Transport, EventDispatcher.EventDispatcher],
  enabled: takesPart("events"),
  disabled: Effect.succeed(disabled),
  start: Effect.gen(function*() {
    const dispatcher = yield* EventDispatcher.EventDispatcher
    const pace = new EventPace((yield* Timer).queue, yield* Clock.Clock)
    const { nodename } = yield* WorkerSettings
    const transport = yield* Transport
    const exchange = yield* EventTopology.exchange(transport)
    const declares = yield* Settings.DeclareTopology
    let isBlocked = () => false
    const running = Session.run({
      what: "events",
      uri: transport.uri,
      open: Effect.gen(function*() {
        const connection = yield* Outgoing.connection(nodename)
        const channel = yield* connection.openChannel()
        isBlocked = () => connection.blocked() !== undefined
        if (declares) yield* channel.declareExchange(exchange)
        const detach = dispatcher.attach({
          publish: (message, to, onOutcome) => channel.publishUnsafe(message, to, how, onOutcome),
          soon: pace.soon
        })
        yield* Effect.addFinalizer(() => Effect.sync(detach))
        return channel
      }),
      watch: (channel) => channel.lost,
      tell: Session.logging("events")
    })
    yield* Effect.forkScoped(
      Effect.catch(running, (error) => Effect.logError(`events: None are sent: ${error.message}`))
    )
    const flush = Effect.timeoutOrElse(dispatcher.flush, { duration: moment, orElse: () => Effect.void })
    return { dispatcher, flush: Effect.suspend(() => isBlocked() ? Effect.void : flush) }
  }),
  stop: (events, reason) => reason._tag === "Restart" ? Effect.void : events.flush,
  // What ran until now has told of its end.
  shutdown: (events) => events.flush
}) {}

/** The broker says when nobody listens: then events of tasks need not be written. */
const how = { mandatory: true }

/** How long a stop waits for a broker that does not answer. */
const moment = "200 millis"
