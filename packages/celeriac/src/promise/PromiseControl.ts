/** Remote control with promises: asks the workers of a cluster, and tells them. What Celery calls `app.control`. */
import type * as Command from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as EffectResult from "effect/Result"
import * as Stream from "effect/Stream"
import * as Result from "./Result.ts"
import type { Run } from "./Run.ts"

export interface ControlOptions extends Omit<RemoteControl.AskOptions, "timeout" | "deadline"> {
  /** How long to wait for each reply, from the one before it. Default: the command's, mostly 1,000. */
  readonly timeoutMs?: number | undefined
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined
}

/** What a node replied, or the error that says why it did not do so. */
export type Reply<A> = A | RemoteControl.CommandError | RemoteControl.ReplyUnreadable

/** By the names of the nodes. Empty when no node replied. */
export type Replies<A> = Readonly<Record<string, Reply<A>>>

export interface NodeReply<A> {
  readonly node: string
  readonly reply: Reply<A>
}

/** Nothing has to be given where nothing is required. */
type Call<C> = {} extends Command.Input<C> ? [args?: Command.Input<C>, options?: ControlOptions]
  : [args: Command.Input<C>, options?: ControlOptions]

type Asking<T> = {
  readonly [K in keyof T]: (...call: Call<T[K]>) => Promise<Replies<Command.Reply<T[K]>>>
}

/** The commands that change something stand here by their names, as in Celery: `app.control.revoke({ taskId })`. */
export interface PromiseControl extends Asking<typeof Commands.control> {
  /** Who is there. */
  readonly ping: (options?: ControlOptions) => Promise<Replies<string>>
  /** The commands that look. */
  readonly inspect: Asking<typeof Commands.inspect>
  /** Any command, one's own too. */
  readonly call: <C extends Command.Any>(command: C, ...call: Call<C>) => Promise<Replies<Command.Reply<C>>>
  /** The same, each reply as it comes. */
  readonly stream: <C extends Command.Any>(
    command: C,
    ...call: Call<C>
  ) => AsyncIterable<NodeReply<Command.Reply<C>>>
  /** Sends a command and waits for no reply. Gives whether any node was there to get it. */
  readonly broadcast: <C extends Command.Any>(command: C, ...call: Call<C>) => Promise<boolean>
  /** Throws away all tasks that wait in the queues that are configured, or in these. Gives how many there were. */
  readonly purge: (queues?: ReadonlyArray<string>) => Promise<number>
}

export const make = (
  run: Run,
  context: () => Promise<Context.Context<RemoteControl.RemoteControl>>
): PromiseControl => {
  const remote = <A, E>(use: (remote: RemoteControl.RemoteControl["Service"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(RemoteControl.RemoteControl, use)

  const call: PromiseControl["call"] = (command, ...[args, options]) =>
    run(
      Effect.map(remote((one) => one.call(command, ...asked(command, args, options))), (answers) =>
        Object.fromEntries(Object.entries(answers).map(([node, answer]) => [node, EffectResult.merge(answer)]))),
      options?.signal
    )

  const asking = <T extends Readonly<Record<string, Command.Any>>>(table: T): Asking<T> =>
    Object.fromEntries(
      Object.entries(table).map(([name, command]) => [
        name,
        (...given: Call<typeof command>) => call(command, ...given)
      ])
    ) as unknown as Asking<T> // each name has the call of its command

  return {
    ...asking(Commands.control),
    inspect: asking(Commands.inspect),
    call,
    ping: (options) => call(Commands.inspect.ping, {}, options),
    stream: (command, ...[args, options]) =>
      iterate(async () => {
        const replies = Stream.unwrap(
          Effect.map(RemoteControl.RemoteControl, (one) => one.stream(command, ...asked(command, args, options)))
        )
        return Stream.toAsyncIterableWith(
          Stream.map(replies, ({ answer, node }) => ({ node, reply: EffectResult.merge(answer) })),
          await context()
        )
      }),
    broadcast: (command, ...[args, options]) =>
      run(remote((one) => one.broadcast(command, ...asked(command, args, options))), options?.signal),
    purge: (queues) => run(remote((one) => one.purge(queues)))
  }
}

/** As the Effect side is called. */
const asked = <C extends Command.Any>(
  _command: C,
  args: unknown,
  { signal: _signal, timeoutMs, ...options }: ControlOptions = {}
): RemoteControl.Call<C> =>
  [args, {
    ...options,
    ...(timeoutMs === undefined ? {} : { timeout: Result.millis("ask", timeoutMs) })
  }] as unknown as RemoteControl.Call<C> // the arguments are those of the command

/** Asked for when it is first iterated over. */
const iterate = async function*<A>(begin: () => Promise<AsyncIterable<A>>): AsyncGenerator<A> {
  yield* await begin()
}
