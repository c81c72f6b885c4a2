/**
 * The monitor, live: events go into the state of the cluster, keys and moments
 * into the model, and what has changed of its lines to the terminal; at most
 * ten times a second, however much comes in.
 */
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import type * as Event from "@celeriac/tasks/event/Event"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { EventRate } from "./EventRate.ts"
import type { Tone } from "./Line.ts"
import * as Model from "./Model.ts"
import * as Paint from "./Paint.ts"
import * as Snapshot from "./Snapshot.ts"
import * as Update from "./Update.ts"
import { view } from "./View.ts"

/** What is said when something was done, or could not be. */
export interface Told {
  readonly text: string
  readonly tone: Tone
  /** Whether it is shown until something else is said. */
  readonly stays?: boolean | undefined
}

export interface Options<E, R> {
  /** Of the broker, without a password. */
  readonly uri: string
  readonly look: Paint.Look
  readonly events: Stream.Stream<Event.Heard, E, R>
  /** Asks workers for it. */
  readonly perform: (action: Asked) => Effect.Effect<Told>
  /** What else is to be said: the connection was lost. */
  readonly news: Queue.Dequeue<Told>
}

/** An action that is the workers' to do. */
export type Asked = Exclude<Update.Action, { readonly _tag: "Quit" | "Redraw" | "Refresh" }>

const frame = "100 millis"

/** How often all tasks are looked at, in frames. */
const costly = 5

/** Until `q`, or the end of the keys or of the events. The screen is as it was before, however it ends. */
export const run = <E, R>(options: Options<E, R>): Effect.Effect<void, E, R | Terminal.Terminal> =>
  Effect.scoped(running(options))

const running = Effect.fnUntraced(
  function*<E, R>(options: Options<E, R>): Effect.fn.Return<void, E, R | Terminal.Terminal | Scope.Scope> {
    const terminal = yield* Terminal.Terminal
    const clock = yield* Clock.Clock
    const now = () => clock.currentTimeMillisUnsafe() / 1000
    const ended = yield* Deferred.make<void, E>()
    const dirty = yield* Queue.sliding<void>(1)
    const cluster = ClusterState.make()
    const rate = new EventRate()
    const sizes = yield* terminal.size
    let model = Model.initial(options.uri, usable(yield* Effect.orDie(Queue.take(sizes))))
    let painted: ReadonlyArray<string> = []
    let erased = ""

    const draw = () => Queue.offerUnsafe(dirty, undefined)
    const quit = Deferred.done(ended, Effect.runSyncExit(Effect.void))
    /** A screen that cannot be written to is gone. */
    const write = (text: string) => Effect.catch(terminal.display(text), () => quit)

    const say = ({ stays, text, tone }: Told) =>
      Effect.sync(() => {
        model = Update.told(model, text, tone, stays)
        draw()
      })

    const look = (isAsked: boolean) => {
      model = Update.seen(model, Snapshot.make(cluster, rate, Model.queryOf(model), now()), isAsked)
      draw()
    }

    const act = (action: Update.Action) => {
      switch (action._tag) {
        case "Quit":
          return quit
        case "Redraw":
          return Effect.sync(() => {
            painted = []
            erased = "\x1b[2J"
          })
        case "Refresh":
          return Effect.sync(() => look(true))
        default:
          return Effect.forkScoped(Effect.flatMap(options.perform(action), say))
      }
    }

    const become = ([next, actions]: Update.Next) => {
      model = next
      return Effect.andThen(Effect.forEach(actions, act, { discard: true }), Effect.sync(draw))
    }

    const screen = Effect.gen(function*() {
      yield* Queue.take(dirty)
      const { columns } = model.size
      const lines = view(model).map((line) => Paint.paint(line, columns, options.look))
      const text = `${erased}${Paint.changes(painted, lines)}`
      painted = lines
      erased = ""
      if (text !== "") yield* write(text)
    })

    let frames = 0
    let counted = -1
    let second = 0
    const moment = Effect.sync(() => {
      const isNew = cluster.eventCount !== counted &&
        (++frames % costly === 0 || !Snapshot.isCostly(Model.queryOf(model)))
      if (!isNew && Math.floor(now()) === second) return
      counted = cluster.eventCount
      second = Math.floor(now())
      look(false)
    })

    yield* Effect.acquireRelease(write(Paint.enter), () => write(Paint.leave))
    const keys = yield* terminal.readInput
    yield* forkUntil(
      ended,
      Stream.runForEachArray(options.events, (events) =>
        Effect.sync(() => {
          const at = now()
          for (const event of events) {
            cluster.add(event)
            rate.count(at)
          }
        }))
    )
    yield* forkUntil(
      ended,
      Effect.catch(
        Effect.forever(
          Effect.flatMap(
            Queue.take(keys),
            ({ input, key: { ctrl, name } }) =>
              become(Update.pressed(model, { name, ctrl, text: Option.getOrUndefined(input) }))
          )
        ),
        () => Effect.void
      )
    )
    yield* Effect.forkScoped(Effect.ignore(
      Effect.forever(Effect.flatMap(Queue.take(sizes), (size) => become(Update.resized(model, usable(size)))))
    ))
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(options.news), say)))
    yield* Effect.forkScoped(Effect.forever(screen))
    yield* Effect.forkScoped(Effect.repeat(moment, Schedule.spaced(frame)))
    yield* Deferred.await(ended)
  }
)

/** Its end is the monitor's. */
const forkUntil = <E, R>(ended: Deferred.Deferred<void, E>, effect: Effect.Effect<void, E, R>) =>
  Effect.forkScoped(Effect.onExit(effect, (exit) => Deferred.done(ended, exit)))

/** A terminal that does not say how large it is. */
const usable = ({ columns, rows }: Terminal.Size): Model.Size => ({
  columns: columns > 0 ? columns : 80,
  rows: rows > 0 ? rows : 24
})
