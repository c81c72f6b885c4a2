/**
 * The definition of a task: its name, parameters, result and errors, as one
 * value that both sides of a queue share.
 *
 * ```ts
 * const add = Task.make("proj.add", {
 *   parameters: { x: Schema.Int, y: Schema.Int },
 *   success: Schema.Int
 * })
 *
 * // a worker
 * const AddLive = add.toLayer(({ x, y }) => Effect.succeed(x + y))
 *
 * // a client
 * const sum = client.execute(add, { x: 2, y: 3 })
 * ```
 *
 * The encoded side of each schema is what travels, and what a Python peer sees:
 * as JSON has it, or as the nearest type of Python's (a `Date` is a `datetime`,
 * a `bigint` an `int`, a `ReadonlySet` a list; see `Python` for more). A schema
 * with a part that would not come back as it was sent is refused here. No schema
 * may need services.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Arguments from "./Arguments.ts"
import type * as Codec from "./Codec.ts"
import * as Autoretry from "./internal/Autoretry.ts"
import * as Middleware from "./Middleware.ts"
import * as Misspelt from "./Misspelt.ts"
import * as Outcome from "./Outcome.ts"
import * as Signature from "./Signature.ts"
import * as SoftTimeLimit from "./SoftTimeLimit.ts"
import { TaskContext } from "./TaskContext.ts"
import * as TaskHooks from "./TaskHooks.ts"
import * as TaskLayer from "./TaskLayer.ts"
import * as TaskOptions from "./TaskOptions.ts"
import * as TaskPredicate from "./TaskPredicate.ts"
import { TaskRegistry } from "./TaskRegistry.ts"
import type { TaskRequest } from "./TaskRequest.ts"

const TypeId = "~@celeriac/tasks/Task"

/** A task with its types. Made by `make`. */
export interface Task<
  in out Name extends string,
  in out Parameters extends Arguments.Fields,
  in out Success extends Codec.Plain,
  in out Failure extends Codec.Plain
> extends Any {
  readonly name: Name
  readonly parameters: Parameters
  readonly success: Success
  readonly error: Failure
  readonly arguments: Arguments.Arguments<Parameters>
  readonly outcome: Outcome.Outcome<Success["Type"], Failure["Type"]>

  /** Received arguments as the handler wants them, or the `TypeError` that Python would have raised. */
  readonly bind: (
    args: ReadonlyArray<unknown>,
    kwargs: Readonly<Record<string, unknown>>
  ) => Result.Result<Arguments.Decoded<Parameters>, TypeError>

  /** A call that is not sent yet, which lacks what is not given here: Celery's `s`. See `Signature`. */
  readonly s: Signature.Partials<Parameters, Success["Type"], Failure["Type"]>

  /** A call that is not sent yet, and takes nothing of the task before it: Celery's `si`. */
  readonly si: Signature.Immutables<Parameters, Success["Type"], Failure["Type"]>

  /**
   * The task with its handler, as a layer that registers it while the layer
   * lives. What the handler needs shows in the layer's type. A second task of
   * the same name is a defect, a `TaskError`: where the worker is defined, if
   * both are in its list.
   *
   * A handler that opens resources closes them itself, with `Effect.scoped`:
   * every run would pay for a scope otherwise. `middleware` is around each run,
   * inside that of the worker.
   */
  readonly toLayer: <
    R = never,
    const M extends Middleware.Maybe = [],
    RBefore = never,
    RSuccess = never,
    RFailure = never,
    RRetry = never,
    RAfter = never
  >(
    handler: Handler<Parameters, Success, Failure, R> & TaskLayer.WithoutScope<R>,
    options?:
      & LayerOptions<M>
      & TaskHooks.TaskHooks<
        Arguments.Decoded<Parameters>,
        Success["Type"],
        Failure["Type"],
        RBefore,
        RSuccess,
        RFailure,
        RRetry,
        RAfter
      >
      & TaskLayer.WithoutScope<RBefore | RSuccess | RFailure | RRetry | RAfter>
  ) => TaskLayer.TaskLayer<Name, TaskLayer.Unprovided<R, M, RBefore | RSuccess | RFailure | RRetry | RAfter>>
}

/** How a worker runs the task: what the definition says, where it is left out. */
export interface LayerOptions<M extends Middleware.Maybe> extends TaskOptions.SomeExecutionOptions {
  /** Around each run, the first outermost. */
  readonly middleware?: M | undefined
}

/** Any task, for those who only look. */
export interface Any {
  readonly [TypeId]: typeof TypeId
  readonly name: string
  readonly parameters: Arguments.Fields
  readonly success: Codec.Plain
  readonly error: Codec.Plain
  readonly options: TaskOptions.TaskOptions & AutoretryOptions<any>
  readonly arguments: Arguments.Arguments<any>
  readonly outcome: Outcome.Outcome<any, any>
}

/** What runs when the task is called: the decoded parameters, and the request they came with. */
export type Handler<
  Parameters extends Arguments.Fields,
  Success extends Codec.Plain,
  Failure extends Codec.Plain,
  R
> = (
  parameters: Arguments.Decoded<Parameters>,
  request: TaskRequest
) => Effect.Effect<
  Success["Type"],
  | Failure["Type"]
  | TaskPredicate.TaskPredicate<Failure["Type"], Success["Type"]>
  | SoftTimeLimit.SoftTimeLimitExceeded,
  R
>

/**
 * Ends this attempt of the task, and has it run again: Celery's `retry`. The
 * message has the same id, and one retry more. `error` is one that the task
 * declares; anything else is a `defect`.
 */
export const retry = <E = never>(
  options?: TaskPredicate.RetryOptions<E>
): Effect.Effect<never, TaskPredicate.Retry<E>> => Effect.suspend(() => Effect.fail(TaskPredicate.retry(options)))

/** Ends the task without a word: nothing is stored, and its message is acknowledged. Celery's `Ignore`. */
export const ignore = (reason?: string): Effect.Effect<never, TaskPredicate.Ignore> =>
  Effect.suspend(() => Effect.fail(TaskPredicate.ignore(reason)))

/**
 * Ends the task by refusing its message, for the dead-letter exchange or back to
 * its queue: Celery's `Reject`. It takes `acksLate`: one that was acknowledged
 * early is the broker's no more.
 */
export const reject = (options?: TaskPredicate.RejectOptions): Effect.Effect<never, TaskPredicate.Reject> =>
  Effect.suspend(() => Effect.fail(TaskPredicate.reject(options)))

/**
 * Ends the task by another one in its place, a single one or a canvas, which
 * comes to what the task would: under its id, with its callbacks and errbacks, in
 * its chain, group and chord. Celery's `replace`. Of a group the results are a
 * list.
 */
export const replace = <L, A, E>(
  signature: Signature.Signature<L, A, E, any> & Signature.Complete<L>
): Effect.Effect<never, TaskPredicate.Replace<A>> => Effect.suspend(() => Effect.fail(TaskPredicate.replace(signature)))

/** Runs the effect until the task's soft time limit has passed: then it is interrupted, and fails with `SoftTimeLimitExceeded`, which may be caught. */
export const failOnSoftTimeLimit = SoftTimeLimit.fail

/** The soft time limit of a task has passed: see `failOnSoftTimeLimit`. */
export const SoftTimeLimitExceeded = SoftTimeLimit.SoftTimeLimitExceeded

/** For which errors a task is run again by itself, and when. `E` is what the task declares. */
export type AutoretryOptions<E = never> = Autoretry.Options<E>

/** What a caller gives. */
export type Input<T extends Any> = Arguments.Input<T["parameters"]>

/** What a call comes to. */
export type Success<T extends Any> = T["success"]["Type"]

/** What a call fails with, as the definition declares it. */
export type Failure<T extends Any> = T["error"]["Type"]

/**
 * Defines a task. Parameters are ordered as written. The result is nothing, and
 * there are no declared errors, unless said otherwise.
 */
export const make = <
  const Name extends string,
  const Parameters extends Arguments.Fields = {},
  Success extends Codec.Plain = Schema.Void,
  Failure extends Codec.Plain = Schema.Never
>(
  name: Name,
  definition: {
    readonly parameters?: Parameters | undefined
    readonly success?: Success | undefined
    /** Errors that travel typed. Anything else a handler dies of reaches the caller as a `TaskException`. */
    readonly error?: Failure | undefined
    readonly options?: TaskOptions.TaskOptions & AutoretryOptions<Failure["Type"]> | undefined
  } = {}
): Task<Name, Parameters, Success, Failure> => {
  if (name === "") throw new Error("a task needs a name: 'module.function' is Celery's custom")
  // The defaults of the type parameters are what stands here when an option is left out.
  const parameters = (definition.parameters ?? {}) as Parameters
  Misspelt.checkTask(name, definition, { parameters: true, success: true, error: true, options: true })
  TaskOptions.check(definition.options ?? {})
  Autoretry.check(definition.options ?? {})
  const success = (definition.success ?? Schema.Void) as Success
  const error = (definition.error ?? Schema.Never) as Failure
  const args = Arguments.make(name, parameters)
  const outcome = Outcome.make(name, success, error)
  return {
    [TypeId]: TypeId,
    name,
    parameters,
    success,
    error,
    options: definition.options ?? {},
    arguments: args,
    outcome,
    bind: args.bind,
    s(given?: Readonly<Record<string, unknown>> | ReadonlyArray<unknown>) {
      return Signature.of<any, any, any>(this, given, false)
    },
    si(given?: Readonly<Record<string, unknown>> | ReadonlyArray<unknown>) {
      return Signature.of<any, any, any>(this, given, true)
    },
    toLayer(handler, options) {
      return register(this, handler, options ?? {})
    }
  }
}

const register = <
  Name extends string,
  Parameters extends Arguments.Fields,
  Success extends Codec.Plain,
  Failure extends Codec.Plain,
  R,
  M extends Middleware.Maybe,
  RHooks
>(
  task: Task<Name, Parameters, Success, Failure>,
  handler: Handler<Parameters, Success, Failure, R>,
  { middleware, ...options }: LayerOptions<M> & TaskHooks.Erased
): TaskLayer.TaskLayer<Name, TaskLayer.Unprovided<R, M, RHooks>> => {
  TaskOptions.check(options)
  return TaskLayer.make(
    task.name,
    Layer.effectDiscard(Effect.gen(function*() {
      const registry = yield* TaskRegistry
      // The layer's own scope would never close what a run opens.
      const context: Context.Context<any> = Context.omit(Scope.Scope)(
        yield* Effect.context<TaskLayer.Unprovided<R, M, RHooks>>()
      )
      // `bind` makes the parameters; the registry holds tasks of every type.
      const erased: Middleware.Handler = TaskHooks.before(
        Autoretry.wrap(Middleware.wrap(handler as Middleware.Handler, middleware ?? []), task.options),
        options
      )
      const registered = {
        name: task.name,
        options: yield* TaskOptions.resolve(options, task.options),
        definition: task.options,
        bind: task.bind,
        arguments: task.arguments,
        handler: erased,
        context,
        hooks: TaskHooks.after(options),
        handle: (parameters: unknown, request: TaskRequest) =>
          Effect.provideContext(
            Effect.suspend(() => erased(parameters, request)),
            Context.add(context, TaskContext, request)
          ),
        encodeSuccess: task.outcome.encodeSuccess,
        encodeError: task.outcome.encodeError
      }
      yield* Effect.orDie(registry.register(registered))
    }))
  )
}
