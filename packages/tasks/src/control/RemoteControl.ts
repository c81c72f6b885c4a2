/**
 * Asks the workers of a cluster, and tells them: Celery's `app.control`.
 *
 * ```ts
 * const remote = yield* RemoteControl.RemoteControl
 * const nodes = yield* remote.ping()
 * const active = yield* remote.inspect.active({}, { destination: ["celery@host"] })
 * yield* remote.control.rateLimit({ taskName: "proj.add", rateLimit: "10/m" })
 * ```
 *
 * What each node said stands under its name, as a result: one that refused, or
 * said what nobody understands, spoils nobody else's answer. When no node is
 * there, that is known at once; otherwise each wait for another reply takes
 * `timeout`, so name nodes (`destination`) or a `limit` where you know them.
 * Workers of Python and of this project answer alike. What is revoked of all workers is
 * noted in the result backend too, where that keeps it and is there when the layer is
 * built: so those that are away know it when they are back. Source: control section 4.
 *
 * @since 0.1.0
 */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import type * as Mailbox from "@celeriac/messaging/Mailbox"
import * as MailboxClient from "@celeriac/messaging/MailboxClient"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Transport } from "@celeriac/messaging/Transport"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Codec from "../Codec.ts"
import * as RevokeNotes from "../internal/RevokeNotes.ts"
import * as TaskQueues from "../Queues.ts"
import { ResultWriter } from "../result/ResultWriter.ts"
import { TaskId } from "../TaskId.ts"
import type * as Command from "./Command.ts"
import * as Commands from "./Commands.ts"
import * as ControlMailbox from "./ControlMailbox.ts"

/** A node understood the command, and could not or would not do it. */
export class CommandError extends Data.TaggedError("CommandError")<{
  readonly node: string
  readonly command: string
  /** What it said: `KeyError('nosuch')`, `unknown task`. */
  readonly error: string
}> {
  override get message(): string {
    return `${this.node} refused ${this.command}: ${this.error}`
  }
}

/** What a node said is no reply to this command. */
export class ReplyUnreadable extends Data.TaggedError("ReplyUnreadable")<{
  readonly node: string
  readonly command: string
  readonly detail: string
}> {
  override get message(): string {
    return `${this.node} said to ${this.command} what is no reply to it: ${this.detail}`
  }
}

/** The arguments do not fit the command: nothing was sent. */
export class InvalidCommand extends Data.TaggedError("InvalidCommand")<{
  readonly command: string
  readonly detail: string
}> {
  override get message(): string {
    return `the arguments of command '${this.command}' do not fit: ${this.detail}`
  }
}

/** What one node said. */
export type Answer<A> = Result.Result<A, CommandError | ReplyUnreadable>

/** What each node said, by its name. */
export type Answers<A> = Readonly<Record<string, Answer<A>>>

/** What one node said, as it says it. */
export interface NodeAnswer<A> {
  readonly node: string
  readonly answer: Answer<A>
}

/** Why nobody was asked. */
export type AskError = MessagingError | InvalidCommand

/** Who is asked, and for how long. */
export interface AskOptions extends Omit<Mailbox.Addressing, "destination"> {
  /** The name of a node, or several. */
  readonly destination?: string | ReadonlyArray<string> | undefined
  /** For each reply, from the one before it. Default: the command's, mostly 1 second. */
  readonly timeout?: Duration.Input | undefined
  /** After so many replies nobody waits for another. Default: as many as there are names in `destination`. */
  readonly limit?: number | undefined
  /** How long to wait for the broker. Default 30 seconds. */
  readonly deadline?: Duration.Input | undefined
}

/** Nothing has to be given where nothing is required. */
export type Call<C> = {} extends Command.Input<C> ? [args?: Command.Input<C>, options?: AskOptions]
  : [args: Command.Input<C>, options?: AskOptions]

/** A table of commands, each to be called under its name. */
export type Asking<T> = {
  readonly [K in keyof T]: (...call: Call<T[K]>) => Effect.Effect<Answers<Command.Reply<T[K]>>, AskError>
}

export class RemoteControl extends Context.Service<RemoteControl, {
  /** Who is there. */
  readonly ping: (options?: AskOptions) => Effect.Effect<Answers<string>, AskError>
  /** The commands that look. */
  readonly inspect: Asking<typeof Commands.inspect>
  /** The commands that change something. They wait for what the nodes say of it: `broadcast` does not. */
  readonly control: Asking<typeof Commands.control>
  /** Any command, one's own too. */
  readonly call: <C extends Command.Any>(
    command: C,
    ...call: Call<C>
  ) => Effect.Effect<Answers<Command.Reply<C>>, AskError>
  /** The same, each reply as it comes. */
  readonly stream: <C extends Command.Any>(
    command: C,
    ...call: Call<C>
  ) => Stream.Stream<NodeAnswer<Command.Reply<C>>, AskError>
  /** Sends a command and waits for no reply. Gives whether any node was there to get it. */
  readonly broadcast: <C extends Command.Any>(command: C, ...call: Call<C>) => Effect.Effect<boolean, AskError>
  /** Throws away all tasks that wait in the queues that are configured, or in these. Gives how many there were. */
  readonly purge: (queues?: ReadonlyArray<string>) => Effect.Effect<number, MessagingError>
}>()("@celeriac/tasks/control/RemoteControl") {}

/** Connects when it is first used. Fails when the settings of the mailbox contradict each other. */
export const make: Effect.Effect<
  RemoteControl["Service"],
  MessagingError,
  Transport | Scope.Scope
> = Effect.gen(function*() {
  const transport = yield* Transport
  const queues = yield* TaskQueues.make
  const noted = RevokeNotes.make(yield* Effect.serviceOption(ResultWriter))
  const client = yield* MailboxClient.make({
    mailbox: yield* ControlMailbox.make,
    clock: Option.getOrElse(yield* Effect.serviceOption(LogicalClock.LogicalClock), () => LogicalClock.make()),
    newId: yield* TaskId
  })

  const stream: RemoteControl["Service"]["stream"] = (command, ...[args, options]) =>
    Stream.unwrap(
      Effect.map(Effect.tap(encode(command, args), noted(command, options)), (encoded) =>
        Stream.map(client.ask(command.name, encoded, addressed(command, options)), ({ node, value }) => ({
          node,
          answer: read(command, node, value)
        })))
    )

  const call: RemoteControl["Service"]["call"] = (command, ...call) =>
    Effect.flatMap(Stream.runCollect(stream(command, ...call)), gather)

  const asking = <T extends Readonly<Record<string, Command.Any>>>(table: T): Asking<T> =>
    Object.fromEntries(
      Object.entries(table).map(([name, command]) => [
        name,
        (...given: Call<typeof command>) => call(command, ...given)
      ])
    ) as unknown as Asking<T> // each name has the call of its command

  const purgeOne = (name: string) =>
    Effect.scoped(Effect.flatMap(
      Effect.flatMap(transport.connect({ name: "celeriac purge" }), (connection) => connection.openChannel()),
      (channel) => channel.purgeQueue(name)
    )).pipe(
      Effect.catch((error) => error.reason._tag === "NotFound" ? Effect.succeed(0) : Effect.fail(error))
    )

  return RemoteControl.of({
    ping: (options) => call(Commands.inspect.ping, {}, options),
    inspect: asking(Commands.inspect),
    control: asking(Commands.control),
    call,
    stream,
    broadcast: (command, ...[args, options]) =>
      Effect.flatMap(
        Effect.tap(encode(command, args), noted(command, options)),
        (encoded) => client.cast(command.name, encoded, addressed(command, options))
      ),
    purge: (names = [queues.default.name, ...queues.configured.map(({ name }) => name)]) =>
      Effect.map(
        Effect.forEach(new Set(names), purgeOne),
        (counts) => counts.reduce((sum, count) => sum + count, 0)
      )
  })
})

export const layer: Layer.Layer<RemoteControl, MessagingError, Transport> = Layer.effect(RemoteControl, make)

const encode = (
  command: Command.Any,
  args: unknown
): Effect.Effect<Readonly<Record<string, unknown>>, InvalidCommand> =>
  Effect.suspend(() => {
    // What they are was said by the type of the call.
    const encoded = command.encodeArguments((args ?? {}) as never)
    return Result.isSuccess(encoded)
      ? Effect.succeed(encoded.success)
      : Effect.fail(new InvalidCommand({ command: command.name, detail: encoded.failure.message }))
  })

const addressed = (command: Command.Any, { destination, ...options }: AskOptions = {}): MailboxClient.AskOptions => ({
  ...options,
  timeout: options.timeout ?? command.timeout,
  destination: typeof destination === "string" ? [destination] : destination
})

const read = <C extends Command.Any>(command: C, node: string, value: unknown): Answer<Command.Reply<C>> => {
  const error = errorOf(value)
  if (error !== undefined) return Result.fail(new CommandError({ node, command: command.name, error }))
  const decoded = command.decodeReply(value)
  return Result.isSuccess(decoded)
    // By the schema of the command's own reply.
    ? Result.succeed(decoded.success as Command.Reply<C>)
    : Result.fail(new ReplyUnreadable({ node, command: command.name, detail: Codec.format(decoded.failure) }))
}

const errorOf = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null && "error" in value && typeof value.error === "string" &&
    Object.keys(value).length === 1
    ? value.error
    : undefined

const gather = <A>(answers: ReadonlyArray<NodeAnswer<A>>): Effect.Effect<Answers<A>> =>
  Effect.suspend(() => {
    const byNode = new Map<string, Answer<A>>()
    const twice = new Set<string>()
    for (const { answer, node } of answers) {
      if (byNode.has(node)) twice.add(node)
      byNode.set(node, answer)
    }
    const all = Object.fromEntries(byNode)
    return twice.size === 0 ? Effect.succeed(all) : Effect.as(
      Effect.logWarning(
        `Received several replies from nodes of one name: ${
          Array.from(twice).join(", ")
        }. Give each node a name of its own (celeriac worker -n NAME)`
      ),
      all
    )
  })
