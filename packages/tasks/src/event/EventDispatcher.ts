/**
 * Sends monitoring events: from a worker of its tasks and of itself, from a
 * client of the tasks that it sends.
 *
 * Sending is a function that never throws and never waits: nobody's task takes
 * longer because somebody watches. Events of the group `task` are put together,
 * up to 200 in a message, at the end of the turn at the latest. Nobody waits for
 * the broker to confirm them, and the broker keeps none. While there is no
 * connection, events are kept, within bounds in number and bytes, and sent when
 * there is one; the oldest go first when there are too many. Events of tasks that
 * nobody hears are not written: see `isHeard`.
 *
 * It lives as long as the node; `attach` gives it a connection. Only groups that
 * are enabled are sent. Source: protocol of events §4, Celery's
 * `EventDispatcher`.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import type * as LogicalClock from "@celeriac/messaging/LogicalClock"
import { Producer } from "@celeriac/messaging/Producer"
import { Serializers } from "@celeriac/messaging/Serializers"
import { Transport } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { EventAudience } from "../internal/EventAudience.ts"
import * as EventOutbox from "../internal/EventOutbox.ts"
import * as EventStamp from "../internal/EventStamp.ts"
import * as Settings from "../Settings.ts"
import type * as Event from "./Event.ts"
import { groupOf } from "./Event.ts"
import * as EventCodec from "./EventCodec.ts"
import * as EventSettings from "./EventSettings.ts"
import * as EventTopology from "./EventTopology.ts"
import * as TaskEvents from "./TaskEvents.ts"

export type { Outlet } from "../internal/EventOutbox.ts"

/** How one event is sent. */
export interface SendOptions {
  /** Even when its group is not enabled: what a task tells of itself is for whoever asked it to. */
  readonly always?: boolean | undefined
}

/** Sends events of one node. */
export class EventDispatcher extends Context.Service<EventDispatcher, {
  /** Sends an event. Never throws, and never waits. */
  readonly send: {
    <const K extends Event.Known>(type: K, fields: Event.Fields[K], options?: SendOptions): void
    /** Of a type of one's own: its fields go as they are. What has no form in JSON is logged, and not sent. */
    (type: string, fields: Readonly<Record<string, unknown>>, options?: SendOptions): void
  }
  /** Those that nearly every task has, for the hot path: whether their group is enabled or not. */
  readonly tasks: TaskEvents.TaskEvents
  /** Whether events of a group are sent: `task`, `worker`. */
  readonly enabled: (group: string) => boolean
  /**
   * Whether somebody may hear events of tasks: not, when the broker has sent them
   * back lately, and nobody has begun to listen since.
   */
  readonly isHeard: () => boolean
  /** Somebody begins to listen: see `isHeard`. */
  readonly expectListener: () => void
  /** Those that are. */
  readonly groups: ReadonlySet<string>
  /** Sends events of the group from now on; gives whether it did not before. */
  readonly enable: (group: string) => Effect.Effect<boolean>
  /** Sends none from now on; gives whether it did before. */
  readonly disable: (group: string) => Effect.Effect<boolean>
  /** Is called with each group that is enabled; gives what undoes that. */
  readonly onEnabled: (listener: (group: string) => void) => () => void
  readonly onDisabled: (listener: (group: string) => void) => () => void
  /** Sends what is put by, and succeeds when the broker has what was sent, or will not get it. */
  readonly flush: Effect.Effect<void>
  /** Gives it a way to the broker, the only one from then on; what it gives takes that away. */
  readonly attach: (outlet: EventOutbox.Outlet) => () => void
}>()("@celeriac/tasks/event/EventDispatcher") {}

/** Whose events, and which. */
export interface Options {
  /** The node: `celery@host`. */
  readonly hostname: string
  readonly clock: LogicalClock.LogicalClock["Service"]
  /** Those that are sent at first. Default: `task` and `worker`. */
  readonly groups?: Iterable<string> | undefined
  /** How many events, and how many bytes of them, are kept while there is no connection. Default 10,000, and 8 MiB. */
  readonly limits?: EventOutbox.Limits | undefined
  /** Is told, in a sentence, of events that could not be sent. */
  readonly onTrouble?: ((what: string) => void) | undefined
}

/** A dispatcher without a connection. */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<EventDispatcher["Service"]> {
  const { hostname, onTrouble: tell = () => {} } = options
  const exchange = yield* EventSettings.EventExchange
  const write = yield* writer
  const stamp = new EventStamp.EventStamp(hostname, options.clock, yield* Clock.Clock)
  const groups = new Set(options.groups ?? ["task", "worker"])
  const outbox = new EventOutbox.EventOutbox(exchange, hostname, write, options.limits, tell)
  const audience = new EventAudience(yield* Clock.Clock, outbox.probe)
  outbox.audience = audience
  const enabled = new Listeners(tell)
  const disabled = new Listeners(tell)

  return {
    send: (type: string, fields: object, how: SendOptions = {}) => {
      if (how.always !== true && !groups.has(groupOf(type))) return
      try {
        const text = stamp.event(type, EventCodec.members(type, fields))
        if (type.startsWith("task-")) outbox.add(text, type)
        else outbox.post(text, type)
      } catch (error) {
        tell(`an event of type ${type.slice(0, 64)} could not be sent: ${String(error)}`)
      }
    },
    tasks: TaskEvents.make(outbox, stamp),
    enabled: (group) => groups.has(group),
    isHeard: () => audience.isThere,
    expectListener: audience.came,
    groups,
    enable: (group) =>
      Effect.sync(() => {
        audience.came()
        if (groups.has(group)) return false
        groups.add(group)
        enabled.tell(group)
        return true
      }),
    disable: (group) =>
      Effect.sync(() => {
        if (!groups.delete(group)) return false
        disabled.tell(group)
        return true
      }),
    onEnabled: enabled.add,
    onDisabled: disabled.add,
    flush: outbox.flush,
    attach: outbox.attach
  }
})

/** Sends nothing, and never will: for a node without events. */
export const disabled: EventDispatcher["Service"] = {
  send: () => {},
  tasks: TaskEvents.disabled,
  enabled: () => false,
  isHeard: () => false,
  expectListener: () => {},
  groups: new Set(),
  enable: () => Effect.succeed(false),
  disable: () => Effect.succeed(false),
  onEnabled: () => () => {},
  onDisabled: () => () => {},
  flush: Effect.void,
  attach: () => () => {}
}

/** One that sends by the producer at hand, each event at once: for a client. */
export const makeClient = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<EventDispatcher["Service"], never, Producer> {
  const producer = yield* Producer
  const transport = Option.getOrElse(yield* Effect.serviceOption(Transport), () => withTopics)
  const how = {
    mandatory: false,
    declare: (yield* Settings.DeclareTopology) ? [yield* EventTopology.exchange(transport)] : []
  }
  const dispatcher = yield* make(options)
  dispatcher.attach({ publish: (message, to, onOutcome) => producer.publishUnsafe(message, to, how, onOutcome) })
  return dispatcher
})

const withTopics: Pick<Transport["Service"], "exchangeTypes"> = { exchangeTypes: new Set(["topic"] as const) }

/** Writes what is JSON with the serializer of events. */
const writer = Effect.gen(function*(): Effect.fn.Return<EventOutbox.Write> {
  const serializer = yield* EventSettings.EventSerializer
  if (serializer === "json") return EventOutbox.writeJson
  const coding = { serializer, serializers: yield* Serializers, compressions: yield* Compressions }
  return (json) => Result.getOrThrow(Content.encode(JSON.parse(Buffer.from(json).toString()), coding))
})

/** Whoever wants to be told. One that throws is told of, and the others are called. */
class Listeners {
  private readonly all = new Set<(group: string) => void>()
  private readonly onDefect: (what: string) => void

  constructor(onDefect: (what: string) => void) {
    this.onDefect = onDefect
  }

  readonly add = (listener: (group: string) => void): () => void => {
    this.all.add(listener)
    return () => void this.all.delete(listener)
  }

  tell(group: string): void {
    for (const listener of this.all) {
      try {
        listener(group)
      } catch (defect) {
        this.onDefect(`a listener of the event dispatcher threw: ${String(defect)}`)
      }
    }
  }
}
