/**
 * Something at the broker that is opened, watched, and opened again when it is
 * lost: the one way in which anything here heals.
 *
 * What is opened (a connection, a channel with a consumer, a queue of replies)
 * has a scope of its own, which is closed before the next is opened: nothing is
 * repaired, and nobody holds on to what is dead. Between attempts it waits as
 * `Reconnect` says. It ends only with an error that opening again does not
 * mend. An attempt to open is bounded in time, and so is closing.
 *
 * ```ts
 * const session = yield* Session.make({
 *   what: "queue 'replies'",
 *   uri: transport.uri,
 *   open: Effect.gen(function*() {
 *     const connection = yield* transport.connect({ name: "replies" })
 *     const channel = yield* connection.openChannel()
 *     yield* channel.consume("replies", { prefetch: 0, noAck: true, onDelivery })
 *     return channel
 *   }),
 *   watch: (channel) => channel.lost,
 *   tell: Session.logging("replies")
 * })
 * const channel = yield* session.opened("10 seconds")
 * ```
 *
 * `run` is the loop by itself, for who has other things to do at its turns.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { because, ConnectionLost, type MessagingError } from "./MessagingError.ts"
import * as Reconnect from "./Reconnect.ts"

/** What becomes of a session. Told in this order: `Lost` only of what was `Opened`, then `Waiting` or `GivenUp`. */
export type Event<A> =
  | { readonly _tag: "Opened"; readonly value: A }
  /** Told before its scope is closed. */
  | { readonly _tag: "Lost"; readonly value: A; readonly error: MessagingError }
  | {
    readonly _tag: "Waiting"
    readonly error: MessagingError
    /** Until the next attempt. */
    readonly delay: Duration.Duration
    /** How many of the last attempts in a row did not stay up. */
    readonly attempts: number
  }
  /** No attempt follows. */
  | { readonly _tag: "GivenUp"; readonly error: MessagingError }

export interface Options<A, R> {
  /** In an error's sentence: `queue 'replies'`. */
  readonly what: string
  /** Where it is opened, without the password. */
  readonly uri: string
  /** Bounded by 30 seconds: a peer that accepts and never answers is no connection. */
  readonly open: Effect.Effect<A, MessagingError, R | Scope.Scope>
  /** Fails when what was opened is gone. */
  readonly watch: (value: A) => Effect.Effect<never, MessagingError>
  /** Waited for before each attempt. Default: it is wanted always. */
  readonly wanted?: Effect.Effect<void, MessagingError> | undefined
  /** The pauses. When they end, it is given up. Default: `Reconnect.schedule`. */
  readonly reconnect?: Schedule.Schedule<unknown, MessagingError> | undefined
  /** Whether opening again may help. Default: what the error itself says. */
  readonly isRecoverable?: ((error: MessagingError, wasOpen: boolean) => boolean) | undefined
  readonly tell?: ((event: Event<A>) => Effect.Effect<void>) | undefined
}

export interface Session<out A> {
  /** What is open now, if it is. */
  readonly current: () => A | undefined
  /**
   * What is open, as soon as it is. The first call opens; it stays open from
   * then on. Fails at the deadline, and at once when opening again would not
   * help; the next call begins again.
   */
  readonly opened: (deadline: Duration.Input) => Effect.Effect<A, MessagingError>
}

/** What was open for this long begins again with the shortest pause. */
const steadyMillis = 500

const openTimeout = "30 seconds"

/** Past this, what does not close is left to itself. */
const closeTimeout = "10 seconds"

/** Opens nothing before it is asked to; closes with the scope. */
export const make = Effect.fnUntraced(function*<A, R>(
  options: Options<A, R>
): Effect.fn.Return<Session<A>, never, Exclude<R, Scope.Scope> | Scope.Scope> {
  const scope = yield* Effect.scope
  const context = yield* Effect.context<Exclude<R, Scope.Scope>>()
  let current: A | undefined
  let isRunning = false
  let lastError: MessagingError | undefined
  /** Done when it is open, or will not be. */
  let opening = Deferred.makeUnsafe<A, MessagingError>()

  const remember = (event: Event<A>): void => {
    switch (event._tag) {
      case "Opened":
        current = event.value
        return void Deferred.doneUnsafe(opening, Exit.succeed(event.value))
      case "Lost":
        current = undefined
        opening = Deferred.makeUnsafe()
        break
    }
    lastError = event.error
  }

  const running = run({
    ...options,
    tell: (event) => {
      remember(event)
      return options.tell === undefined ? Effect.void : options.tell(event)
    }
  }).pipe(
    Effect.onError((cause) =>
      Effect.sync(() => {
        const ended = opening
        current = undefined
        isRunning = false
        opening = Deferred.makeUnsafe()
        Deferred.doneUnsafe(ended, Cause.hasInterruptsOnly(cause) ? Exit.fail(closed(options)) : Exit.failCause(cause))
      })
    ),
    Effect.provideContext(context)
  )

  return {
    current: () => current,
    opened: (deadline) =>
      Effect.suspend(() => {
        if (current !== undefined) return Effect.succeed(current)
        const waiting = Effect.timeoutOrElse(Deferred.await(opening), {
          duration: deadline,
          orElse: () => Effect.fail(late(options, deadline, lastError))
        })
        if (isRunning) return waiting
        isRunning = true
        return Effect.andThen(Effect.forkIn(running, scope), waiting)
      })
  }
})

/** Opens, and opens again, until that does not help: fails with why not. */
export const run = Effect.fnUntraced(function*<A, R>(
  options: Options<A, R>
): Effect.fn.Return<never, MessagingError, Exclude<R, Scope.Scope>> {
  const { isRecoverable = saysRecoverable, reconnect = Reconnect.schedule, tell = nobody } = options
  let step = yield* Schedule.toStep(reconnect)
  let attempts = 0
  for (;;) {
    const round: Round = { upSince: undefined }
    const error = yield* Effect.flip(goRound(options, tell, round))
    const now = yield* Clock.currentTimeMillis
    if (round.upSince !== undefined && now - round.upSince >= steadyMillis) {
      step = yield* Schedule.toStep(reconnect)
      attempts = 0
    }
    const delay = isRecoverable(error, round.upSince !== undefined) ? yield* delayOf(step(now, error)) : undefined
    if (delay === undefined) {
      yield* tell({ _tag: "GivenUp", error })
      return yield* Effect.fail(error)
    }
    attempts++
    yield* tell({ _tag: "Waiting", error, delay, attempts })
    yield* Effect.sleep(delay)
  }
})

interface Round {
  /** When it was open, if it came to that. */
  upSince: number | undefined
}

/** Once: from wanting it to its loss. */
const goRound = <A, R>(
  options: Options<A, R>,
  tell: NonNullable<Options<A, R>["tell"]>,
  round: Round
): Effect.Effect<never, MessagingError, Exclude<R, Scope.Scope>> =>
  inOwnScope(Effect.gen(function*() {
    yield* options.wanted ?? Effect.void
    const value = yield* Effect.timeoutOrElse(options.open, {
      duration: openTimeout,
      orElse: () => Effect.fail(lost(options, "open", `no answer within ${openTimeout}`))
    })
    round.upSince = yield* Clock.currentTimeMillis
    yield* tell({ _tag: "Opened", value })
    return yield* Effect.tapError(options.watch(value), (error) => tell({ _tag: "Lost", value, error }))
  }))

/** `Effect.scoped`, but that closing takes no longer than it may. */
const inOwnScope = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.suspend(() => {
    const scope = Scope.makeUnsafe()
    return Effect.onExit(Scope.provide(effect, scope), (exit) =>
      Effect.flatMap(
        Effect.forkDetach(Scope.close(scope, exit), { startImmediately: true }),
        (closing) =>
          closing.pollUnsafe() === undefined
            ? Effect.timeoutOption(Effect.interruptible(Fiber.await(closing)), closeTimeout)
            : Effect.void
      ))
  })

/** Tells the log once that it is away, and once that it is back, to the same readers. What makes it end is for the caller to tell. */
export const logging = (what: string): (event: Event<unknown>) => Effect.Effect<void> => {
  let isAway = false
  return (event) => {
    switch (event._tag) {
      case "Opened": {
        if (!isAway) return Effect.void
        isAway = false
        return Effect.logWarning(`${what}: connected again`)
      }
      case "Waiting": {
        const delay = Duration.millis(Math.round(Duration.toMillis(event.delay)))
        const said = `${what}: trying again in ${Duration.format(delay)}: ${event.error.reason.message}`
        if (isAway) return Effect.logDebug(said)
        isAway = true
        return Effect.logWarning(said)
      }
      default:
        return Effect.void
    }
  }
}

const saysRecoverable = (error: MessagingError): boolean => error.isRecoverable

const nobody = (): Effect.Effect<void> => Effect.void

/** What a schedule wants, or nothing when it has ended. */
const delayOf = <Output>(
  pull: Pull.Pull<[Output, Duration.Duration], never, Output>
): Effect.Effect<Duration.Duration | undefined> =>
  pull.pipe(
    Effect.map(([, delay]): Duration.Duration | undefined => delay),
    Pull.catchDone(() => Effect.succeed(undefined))
  )

interface Subject {
  readonly what: string
  readonly uri: string
}

const lost = ({ uri }: Subject, operation: string, detail: string): MessagingError =>
  because(operation, new ConnectionLost({ uri, detail }))

const closed = (subject: Subject): MessagingError => lost(subject, `open ${subject.what}`, "it was closed meanwhile")

const late = (subject: Subject, deadline: Duration.Input, lastError: MessagingError | undefined): MessagingError => {
  const operation = `open ${subject.what}`
  const detail = `${subject.what} could not be opened within ${Duration.toMillis(deadline)} ms`
  if (lastError === undefined) return lost(subject, operation, detail)
  const { uri } = subject
  const whole = `${detail}: ${lastError.reason.message}`
  return because(operation, new ConnectionLost({ uri, detail: whole, cause: lastError }))
}
