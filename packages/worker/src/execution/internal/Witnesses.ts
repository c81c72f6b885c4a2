/**
 * The other workers, asked whether they have a task, or had it lately: where
 * no results are kept, nobody else knows that it ran.
 *
 * They are asked by `query_task`, to which Python's workers answer, too, what
 * they have. What comes within a moment is asked together. An answer takes as
 * long as nodes take to say nothing, about a second; where nobody can be asked
 * the task runs, as without this.
 *
 * @since 0.1.0
 */
import { Transport } from "@celeriac/messaging/Transport"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** How long ids are gathered; meanwhile what was sent before comes where it is to run. */
const gathering = "200 millis"

/** How long nodes may take, of which none may know it. */
const patience = "1 second"

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
      const ids = Array.from(asked.keys())
      yield* Effect.flatMap(
        remote,
        ({ stream }) =>
          stream(Commands.inspect.queryTask, { ids, asker: nodename }, { timeout: patience }).pipe(
            Stream.runForEachWhile(({ answer: said, node }) =>
              Effect.sync(() => {
                if (node === nodename || Result.isFailure(said)) return true
                for (const id of Object.keys(said.success)) answer(id, true)
                return asked.size > 0
              })
            )
          )
      ).pipe(
        Effect.catchCause((cause) =>
          Effect.logWarning("Other workers could not be asked about tasks that may have run: they run", cause)
        )
      )
      for (const id of ids) answer(id, false)
    })

    return {
      ask: (id, then) => {
        const waiting = gathered.get(id)
        if (waiting !== undefined) return void waiting.push(then)
        gathered.set(id, [then])
        if (gathered.size === 1) fork(question)
      }
    }
  })
