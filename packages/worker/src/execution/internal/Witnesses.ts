/**
 * The other workers, asked whether they have a task, or had it lately: where
 * no results are kept, nobody else knows that it ran.
 *
 * They are asked by `query_task`, to which Python's workers answer, too, what they
 * have. What comes within a moment is asked together. An answer takes as long as nodes
 * take to say nothing, about a second, and up to six while one does not answer that is
 * known to be there, as after the broker was away. Where nobody can be asked the task
 * runs, as without this.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import { Transport } from "@celeriac/messaging/Transport"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Neighbours } from "../../state/Neighbours.ts"

/** How long ids are gathered; meanwhile what was sent before comes where it is to run. */
const gathering = "200 millis"

/** How long nodes may take, of which none may know it. */
const patience = "1 second"

/** How often who is there and did not answer is asked. */
const attempts = 4

/** Before it is asked again. */
const pause = "500 millis"

export interface Witnesses {
  /** Tells whether another worker has it, or had it lately: once, unless the worker ends before. */
  readonly ask: (id: string, then: (isKnown: boolean) => void) => void
}

type Then = (isKnown: boolean) => void

/** `undefined` where there is nobody to ask. */
export const make = (
  nodename: string,
  fork: (effect: Effect.Effect<void>) => void
): Effect.Effect<Witnesses | undefined, never, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Scope.Scope>()
    const transport = Context.getOrUndefined(context as Context.Context<unknown>, Transport) // it may be there
    if (transport?.exchangeTypes.has("fanout") !== true) return undefined
    // What asks is loaded and connected when it is needed, which is seldom.
    const remote = yield* Effect.cached(
      Effect.flatMap(
        Effect.promise(() => import("@celeriac/tasks/control/RemoteControl")),
        (RemoteControl) => RemoteControl.make
      ).pipe(Effect.provideContext(Context.add(context, Transport, transport)))
    )
    const neighbours = Context.getOrUndefined(context as Context.Context<unknown>, Neighbours) // it may be there
    const others = new Others(nodename)
    let gathered = new Map<string, Array<Then>>()

    const question = Effect.gen(function*() {
      yield* Effect.sleep(gathering)
      const asked = gathered
      gathered = new Map()
      const answer = (id: string, isKnown: boolean): void => {
        const waiting = asked.get(id)
        asked.delete(id)
        for (const then of waiting ?? []) then(isKnown)
      }
      const { stream } = yield* remote
      const once = Effect.suspend(() =>
        stream(
          Commands.inspect.queryTask,
          { ids: Array.from(asked.keys()), asker: nodename },
          { timeout: patience }
        ).pipe(
          Stream.runForEachWhile(({ answer: said, node }) =>
            Effect.sync(() => {
              others.answered(node)
              if (node === nodename || Result.isFailure(said)) return true
              for (const id of Object.keys(said.success)) answer(id, true)
              return asked.size > 0
            })
          )
        )
      )
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const now = yield* Clock.currentTimeMillis
        others.begin(neighbours?.state.aliveWorkers(now / 1000).map(({ hostname }) => hostname) ?? [])
        yield* once
        if (asked.size === 0 || others.areComplete) break
        if (attempt === attempts) others.giveUp()
        else yield* Effect.sleep(pause)
      }
      for (const id of Array.from(asked.keys())) answer(id, false)
    })

    /** Those that nobody could be asked about. */
    const asking = Effect.suspend(() => {
      const before = gathered
      return Effect.catchCause(question, (cause) => {
        for (const waiting of before.values()) for (const then of waiting) then(false)
        return Effect.logWarning("Other workers could not be asked about tasks that may have run: they run", cause)
      })
    })

    return {
      ask: (id, then) => {
        const waiting = gathered.get(id)
        if (waiting !== undefined) return void waiting.push(then)
        gathered.set(id, [then])
        if (gathered.size === 1) fork(asking)
      }
    }
  })

/** So many names are remembered: where nodes come and go, each with a new one, old ones are forgotten. */
const mostNodes = 1_000

/** The nodes that are to answer: those that are there, and those that have answered before. */
class Others {
  readonly #self: string
  readonly #known = new BoundedMap<string, true>(mostNodes)
  /** They have not answered, however often they were asked. */
  readonly #mute = new BoundedMap<string, true>(mostNodes)
  readonly #missing = new Set<string>()

  constructor(self: string) {
    this.#self = self
  }

  get areComplete(): boolean {
    return this.#missing.size === 0
  }

  begin(alive: ReadonlyArray<string>): void {
    this.#missing.clear()
    for (const node of [...alive, ...Array.from(this.#known.entries(), ([node]) => node)]) {
      if (node !== this.#self && !this.#mute.has(node)) this.#missing.add(node)
    }
  }

  answered(node: string): void {
    this.#known.set(node, true)
    this.#mute.delete(node)
    this.#missing.delete(node)
  }

  giveUp(): void {
    for (const node of this.#missing) {
      this.#known.delete(node)
      this.#mute.set(node, true)
    }
  }
}
