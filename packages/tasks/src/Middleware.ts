/**
 * Functions around the run of a task: spans, a tenant, log annotations, a
 * transaction.
 *
 * ```ts
 * const Spans = Middleware.make("spans", (run, request) =>
 *   Effect.withSpan(run, request.task, { attributes: { id: request.id } }))
 *
 * const TenantOf = Middleware.provide("tenant", Tenant, (request) =>
 *   Effect.flatMap(Tenants, (tenants) => tenants.find(request.headers["tenant"])))
 *
 * Worker.make({ tasks: [AddLive], middleware: [Spans, TenantOf] })
 * ```
 *
 * A list is in order: the first is the outermost. That of a worker is around
 * every task, that of a task (`task.toLayer(handler, { middleware })`) is inside
 * it. What a middleware needs becomes a requirement of the worker; what it
 * provides is no longer one of the handlers. Where there is none, nothing is
 * wrapped.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Types from "effect/Types"
import type { TaskRequest } from "./TaskRequest.ts"

const TypeId = "~@celeriac/tasks/Middleware"

/** Around runs: made by `make` or `provide`. */
export interface Middleware<out Provides, out R> {
  readonly [TypeId]: {
    readonly _Provides: Types.Covariant<Provides>
    readonly _R: Types.Covariant<R>
  }
  /** For people. */
  readonly name: string
  readonly around: (
    run: Effect.Effect<unknown, unknown, any>,
    request: TaskRequest
  ) => Effect.Effect<unknown, unknown, any>
}

/** Any middleware, in a list. */
export type List = ReadonlyArray<Middleware<unknown, unknown>>

/** A list, where none may be said by `undefined` too. */
export type Maybe = List | undefined

/** The services that a list gives to handlers. */
export type Provides<M extends Maybe> = ProvidesOf<NonNullable<M>[number]>

/** The services that a list needs. */
export type Needs<M extends Maybe> = NeedsOf<NonNullable<M>[number]>

/** Over each of a list: of none there is nothing. */
type ProvidesOf<M> = M extends Middleware<infer P, unknown> ? P : never
type NeedsOf<M> = M extends Middleware<unknown, infer R> ? R : never

/** A run, from the inside of a middleware: `P` is what the middleware provides to it. */
export type Run<P = never> = Effect.Effect<unknown, unknown, P>

/**
 * A function around each run. What it succeeds or fails with is what the task
 * does: it may change that, run it again, or not at all. One that provides
 * something says so with the type of `run`: `(run: Middleware.Run<Tenant>) => ...`.
 */
export const make = <R = never, P = never>(
  name: string,
  around: (run: Effect.Effect<unknown, unknown, P>, request: TaskRequest) => Effect.Effect<unknown, unknown, R>
): Middleware<P, R> => ({ [TypeId]: variance, name, around })

/** Gives each run a service that is made from its request. */
export const provide = <I, S, E = never, R = never>(
  name: string,
  tag: Context.Key<I, S>,
  service: (request: TaskRequest) => Effect.Effect<S, E, R>
): Middleware<I, R> => ({
  [TypeId]: variance,
  name,
  around: (run, request) => Effect.provideServiceEffect(run, tag, service(request))
})

/** A handler, as whoever runs it sees it. */
export type Handler = (parameters: unknown, request: TaskRequest) => Effect.Effect<unknown, unknown, any>

/** The handler inside the list; the handler itself when there is none. */
export const wrap = (handler: Handler, list: List): Handler =>
  list.length === 0 ? handler : (parameters, request) => {
    let run: Run<any> = Effect.suspend(() =>
      effectOf(handler(parameters, request), `the handler of task '${request.task}'`)
    )
    for (const { around, name } of list.toReversed()) {
      const inner = run
      run = Effect.suspend(() => effectOf(around(inner, request), `middleware '${name}'`))
    }
    return run
  }

/** Types forbid anything else, where there are types. */
const effectOf = (value: unknown, whose: string): Effect.Effect<unknown, unknown, any> =>
  Effect.isEffect(value) ? value : Effect.die(new TypeError(`${whose} did not return an effect`))

const identity = (_: never) => _
const variance = { _Provides: identity, _R: identity }
