/**
 * What the parts of the backend send their commands through: one connection,
 * opened when it is first needed and opened again when it is lost.
 *
 * A command of the hot path starts no fiber: while the connection is open it
 * is written at once. Those that come while there is none wait together for
 * the next one, not longer than a connection may take to open.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Session from "@celeriac/messaging/Session"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RedisConfig } from "../RedisConfig.ts"
import * as Driver from "./Driver.ts"
import * as RedisFailure from "./RedisFailure.ts"

/** Told once, with the reply or with the failure. */
export type OnReply = (error: ResultError | undefined, reply: unknown) => void

type Waiting = (connection: Driver.Connection | undefined, error: MessagingError | undefined) => void

export class Link {
  /** As errors name it. */
  readonly uri: string
  private readonly session: Session.Session<Driver.Connection>
  private readonly fork: (effect: Effect.Effect<void>) => void
  private readonly patience: number
  private waiting: Array<Waiting> = []

  constructor(
    session: Session.Session<Driver.Connection>,
    fork: (effect: Effect.Effect<void>) => void,
    config: RedisConfig
  ) {
    this.session = session
    this.fork = fork
    this.uri = config.uri
    this.patience = config.connectTimeout + 1_000
  }

  /** Until it is open, or the deadline. */
  opened(operation: string, deadline: Duration.Input): Effect.Effect<void, ResultError> {
    return Effect.suspend(() =>
      this.session.current() === undefined
        ? Effect.mapError(
          Effect.asVoid(this.session.opened(deadline)),
          (error) => RedisFailure.ofSession(operation, this.uri, error)
        )
        : Effect.void
    )
  }

  /** Sends a command. `onReply` is called once. */
  send(operation: string, args: Driver.Args, onReply: OnReply): void {
    const connection = this.session.current()
    if (connection !== undefined) return this.write(connection, operation, args, onReply)
    this.wait((connection, error) => {
      if (connection !== undefined) return this.write(connection, operation, args, onReply)
      // One of the two is there.
      onReply(RedisFailure.ofSession(operation, this.uri, error!), undefined)
    })
  }

  /** `send` as an effect. */
  ask(operation: string, args: Driver.Args): Effect.Effect<unknown, ResultError> {
    return Effect.callback((resume) =>
      this.send(
        operation,
        args,
        (error, reply) => resume(error === undefined ? Effect.succeed(reply) : Effect.fail(error))
      )
    )
  }

  private write(connection: Driver.Connection, operation: string, args: Driver.Args, onReply: OnReply): void {
    connection.send(args).then(
      (reply) => onReply(undefined, reply),
      (error: unknown) => {
        if (RedisFailure.isStale(error)) connection.drop(error)
        onReply(RedisFailure.ofCommand(operation, this.uri, error), undefined)
      }
    )
  }

  private wait(waiting: Waiting): void {
    if (this.waiting.push(waiting) > 1) return
    this.fork(Effect.match(this.session.opened(this.patience), {
      onSuccess: (connection) => this.release(connection, undefined),
      onFailure: (error) => this.release(undefined, error)
    }))
  }

  private release(...answer: Parameters<Waiting>): void {
    const { waiting } = this
    this.waiting = []
    for (const each of waiting) each(...answer)
  }
}

interface Options {
  /** As the log names it. */
  readonly name: string
  readonly config: RedisConfig
  readonly onMessage?: ((channel: string, message: Buffer) => void) | undefined
  /** Told of each connection that opens, and when none will. */
  readonly onEvent?: ((event: Session.Event<Driver.Connection>) => void) | undefined
}

/** Opens nothing yet. Closed with the scope. */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Link, never, Scope.Scope> {
  const { config, name, onEvent, onMessage } = options
  const scope = yield* Effect.scope
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const log = Session.logging(name)
  const session = yield* Session.make({
    what: name,
    uri: config.uri,
    open: Driver.open(config, onMessage),
    watch: (connection) => connection.lost,
    tell: (event) => Effect.andThen(Effect.sync(() => onEvent?.(event)), log(event))
  })
  return new Link(session, (effect) => void run(Effect.forkIn(effect, scope)), config)
})
