/** A task as a pair of functions: the handler that runs it, and the calls that send it. */
import type { Known } from "@celeriac/tasks/Callback"
import type * as CallOptions from "@celeriac/tasks/CallOptions"
import * as Client from "@celeriac/tasks/Client"
import * as Eager from "@celeriac/tasks/Eager"
import * as Misspelt from "@celeriac/tasks/Misspelt"
import * as PreparedTask from "@celeriac/tasks/PreparedTask"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import type { TaskOptions } from "@celeriac/tasks/TaskOptions"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as PromiseCanvas from "./PromiseCanvas.ts"
import * as PromiseHooks from "./PromiseHooks.ts"
import * as PromiseRequest from "./PromiseRequest.ts"
import * as Result from "./Result.ts"
import type { Run } from "./Run.ts"
import * as Schemas from "./Schemas.ts"
import * as SoftSignal from "./SoftSignal.ts"

export interface Definition<F extends Schemas.Fields, S extends Schemas.Any | undefined>
  extends PromiseHooks.Hooks<Schemas.Parameters<F>, S extends Schemas.Any ? Schemas.Input<S> : unknown>
{
  /** By name; callers give them by name. Default: none. */
  readonly parameters?: F | undefined
  /** Default: whatever arrives as the handler returns it: JSON, and `Date`s and bytes. */
  readonly success?: S | undefined
  /** Queue, priority, late acknowledgement and so on. */
  readonly options?: TaskOptions & Task.AutoretryOptions | undefined
}

/** Returns or throws; what it throws becomes the task's failure, but for what `retry`, `ignore`, `reject` and `replace` give. */
export type Handler<F extends Schemas.Fields, R> = (
  parameters: Schemas.Parameters<F>,
  request: PromiseRequest.Request
) => R | Promise<R>

export interface SendOptions<in A = never> extends CallOptions.CallOptions<A> {
  /** How long to wait for the broker before rejecting: it was not sent then. Default: the setting `publishDeadline`, 30 seconds. */
  readonly timeoutMs?: number | undefined
  /** Stops waiting; what has reached the broker stays there. */
  readonly signal?: AbortSignal | undefined
}

/** How what was prepared is sent. */
export type ResendOptions = Pick<SendOptions, "retry" | "retryPolicy" | "timeoutMs" | "signal">

/** A task that is not sent yet: what an outbox keeps. */
export interface Prepared {
  readonly id: string
  /** What `app.client.send` takes. */
  readonly message: string
}

/** How many milliseconds it may take to send, as an option of the client. */
export const callOf = <O extends SendOptions>({ signal: _, timeoutMs, ...options }: O) =>
  timeoutMs === undefined ? options : { ...options, deadline: Result.millis("send", timeoutMs) }

/** Nothing has to be given where nothing is required. */
export type Args<F extends Schemas.Fields, Options = never> = {} extends Schemas.Arguments<F> ? [
    args?: [keyof F] extends [never] ? Signature.Nothing : Schemas.Arguments<F>,
    ...([Options] extends [never] ? [] : [options?: Options])
  ]
  : [args: Schemas.Arguments<F>, ...([Options] extends [never] ? [] : [options?: Options])]

export interface PromiseTask<F extends Schemas.Fields, A> extends PromiseCanvas.Many<F, A> {
  readonly name: string
  /** A call that is not sent yet, which lacks what is not given here. `app.client.delay` sends it, `link` takes it. */
  readonly s: <const G extends Partial<Schemas.Arguments<F>> = {}>(
    given?: G & Signature.NoOthers<Schemas.Arguments<F>, G>
  ) => Signature.Signature<Signature.Without<Schemas.Arguments<F>, G>, A>
  /** A call that is not sent yet, and takes nothing of the task before it. */
  readonly si: (...args: Args<F>) => Signature.Signature<Signature.Immutable, A>
  /**
   * Runs it here and at once, without a broker: Celery's `apply`. It has to have
   * a handler in this application.
   */
  readonly apply: (...args: Args<F, CallOptions.CallOptions<Known<A>>>) => Promise<Result.Result<A>>
  /** Sends it. Resolves when the broker has confirmed that it keeps the task. */
  readonly delay: (...args: Args<F>) => Promise<Result.Result<A>>
  /** Sends it, with options: `countdown`, `eta`, `expires`, `queue`, `priority` and so on. */
  readonly applyAsync: (...args: Args<F, SendOptions<Known<A>>>) => Promise<Result.Result<A>>
  /**
   * Sends it once for each of these arguments, side by side. Resolves when the
   * broker has confirmed them all; when some make no sense nothing is sent.
   */
  readonly applyMany: (
    all: ReadonlyArray<Schemas.Arguments<F>>,
    options?: Omit<SendOptions<Known<A>>, "taskId">
  ) => Promise<ReadonlyArray<Result.Result<A>>>
  /** The message as text, and its id, without sending it: for an outbox. `app.client.send` sends it. */
  readonly prepare: (...args: Args<F, CallOptions.CallOptions<Known<A>>>) => Promise<Prepared>
  /** Sends it, and waits for what it returns; `timeoutMs` is for both. */
  readonly execute: (...args: Args<F, CallOptions.CallOptions<Known<A>> & Result.GetOptions>) => Promise<A>
}

/** What the application keeps of a task. */
export interface Made {
  readonly task: PromiseTask<Schemas.Fields, unknown>
  /** Undefined for a task that is run elsewhere. */
  readonly layer: Layer.Layer<never, never, TaskRegistry> | undefined
}

/** Runs what needs no broker: the handlers of the application, by its settings. */
export type RunHere = <A, E>(effect: Effect.Effect<A, E, TaskRegistry>) => Promise<A>

export const make = (
  run: Run,
  runHere: RunHere,
  name: string,
  definition: Definition<Schemas.Fields, Schemas.Any | undefined>,
  handler: Handler<Schemas.Fields, unknown> | undefined
): Made => {
  Misspelt.checkTask(name, definition, names)
  const fields = definition.parameters ?? {}
  const task = Task.make(name, {
    parameters: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, Schemas.toParameter(schema)])),
    success: definition.success === undefined ? Schemas.unchecked : Schemas.toEffect(definition.success),
    // Without its second argument it has no signal.
    options: { interruptible: handler === undefined || handler.length > 1, ...definition.options }
  })
  const send = async (
    args: Readonly<Record<string, unknown>> | undefined = {},
    options: SendOptions = {}
  ) => {
    const sending = Effect.flatMap(Client.Client, (client) => client.applyAsync(task, args, callOf(options)))
    return Result.make(run, await run(sending, options.signal))
  }

  return {
    task: {
      name,
      ...PromiseCanvas.many(task),
      s: (given) => Signature.of(task, given, false),
      // The types of this form have seen that all is given.
      si: (args) => Signature.of(task, args, true),
      apply: async (args = {}, options = {}) =>
        Result.make(run, await runHere(Eager.apply(task, args, options)), runHere),
      delay: async (...args) => {
        const sending = Effect.flatMap(Client.Client, (client) => client.delay(task, ...args))
        return Result.make(run, await run(sending))
      },
      applyAsync: send,
      applyMany: async (all, options = {}) => {
        const sending = Effect.flatMap(Client.Client, (client) => client.applyMany(task, all, callOf(options)))
        return (await run(sending, options.signal)).map((sent) => Result.make(run, sent))
      },
      prepare: async (args = {}, options = {}) => {
        const prepared = await run(
          Effect.flatMap(Client.Client, (client) => client.prepare(task, args, options))
        )
        return { id: prepared.id, message: PreparedTask.encode(prepared) }
      },
      execute: async (args = {}, { signal, timeoutMs, ...options } = {}) => {
        const call = timeoutMs === undefined ? options : { ...options, timeout: Result.millis("execute", timeoutMs) }
        return run(Effect.flatMap(Client.Client, (client) => client.execute(task, args, call)), signal)
      }
    },
    layer: handler === undefined ? undefined : task.toLayer(...handling(fields, handler, definition))
  }
}

const names: Misspelt.Known<Definition<Schemas.Fields, undefined>> = {
  parameters: true,
  success: true,
  options: true,
  beforeStart: true,
  onSuccess: true,
  onFailure: true,
  onRetry: true,
  afterReturn: true
}

const handling = (
  fields: Schemas.Fields,
  handler: Handler<Schemas.Fields, unknown>,
  hooks: PromiseHooks.Hooks<Schemas.Parameters<Schemas.Fields>, any>
) => {
  const fill = Schemas.filling(fields)
  const run = (parameters: Readonly<Record<string, unknown>>, request: TaskRequest) =>
    // What is thrown is a defect: the definition declares no errors.
    SoftSignal.run(async (signal) => PromiseRequest.during(request, signal, (own) => handler(fill(parameters), own)))
  return [run, PromiseHooks.make(hooks, fill)] as const
}
