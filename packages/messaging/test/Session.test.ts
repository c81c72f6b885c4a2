import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { AccessRefused, because, ConnectionLost, type MessagingError } from "../src/MessagingError.ts"
import * as Session from "../src/Session.ts"

const away = because("connect", new ConnectionLost({ uri: "memory://here", detail: "nothing listens" }))
const refused = because("connect", new AccessRefused({ uri: "memory://here", detail: "wrong password" }))

/** Something that can be opened while it is there, and counts what is open. */
class Thing {
  opens = 0
  closed: Array<Exit.Exit<unknown, unknown>> = []
  error: MessagingError | undefined
  private loss = Deferred.makeUnsafe<never, MessagingError>()

  readonly open = Effect.gen({ self: this }, function*() {
    if (this.error !== undefined) return yield* Effect.fail(this.error)
    this.loss = Deferred.makeUnsafe()
    yield* Effect.addFinalizer((exit) => Effect.sync(() => void this.closed.push(exit)))
    return ++this.opens
  })

  readonly watch = () => Deferred.await(this.loss)

  lose(error: MessagingError = away): void {
    Deferred.doneUnsafe(this.loss, Exit.fail(error))
  }
}

const setup = Effect.fnUntraced(function*(extra: Partial<Session.Options<number, never>> = {}) {
  const thing = new Thing()
  const told: Array<string> = []
  const scope = yield* Scope.fork(yield* Scope.Scope)
  const session = yield* Session.make<number, never>({
    what: "the thing",
    uri: "memory://here",
    open: thing.open,
    watch: thing.watch,
    tell: (event) => Effect.sync(() => void told.push(event._tag)),
    ...extra
  }).pipe(Scope.provide(scope))
  return { thing, told, scope, session }
})

/** As far as it comes without the clock. */
const settled = TestClock.adjust(0)

describe("Session", () => {
  it.effect("opens nothing before somebody asks, and once for all who ask", () =>
    Effect.gen(function*() {
      const { session, thing } = yield* setup()
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([thing.opens, session.current()], [0, undefined])
      const both = yield* Effect.all([session.opened("1 second"), session.opened("1 second")], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual([both, session.current()], [[1, 1], 1])
    }))

  it.effect("closes what is lost, and opens another after a pause", () =>
    Effect.gen(function*() {
      const { session, thing, told } = yield* setup()
      yield* session.opened("1 second")
      thing.lose()
      yield* settled
      assert.deepStrictEqual([thing.closed.length, session.current()], [1, undefined])
      const again = yield* Effect.forkChild(session.opened("1 second"))
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(yield* Fiber.join(again), 2)
      assert.deepStrictEqual(told, ["Opened", "Lost", "Waiting", "Opened"])
    }))

  it.effect("tells of a loss before it closes", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const thing = new Thing()
      const session = yield* Session.make({
        what: "the thing",
        uri: "memory://here",
        open: Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => void order.push("closed"))), thing.open),
        watch: thing.watch,
        tell: (event) => Effect.sync(() => void order.push(event._tag))
      })
      yield* session.opened("1 second")
      thing.lose()
      yield* settled
      assert.deepStrictEqual(order, ["Opened", "Lost", "closed", "Waiting"])
    }))

  it.effect("tries for as long as it takes, with growing pauses that begin again when it has stayed up", () =>
    Effect.gen(function*() {
      const { session, thing, told } = yield* setup()
      thing.error = away
      const opening = yield* Effect.forkChild(session.opened("5 minutes"))
      yield* TestClock.adjust("1 minute")
      assert.isAbove(told.length, 10)
      assert.isBelow(told.length, 25)
      thing.error = undefined
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* Fiber.join(opening), 1)
      yield* TestClock.adjust("1 second")
      thing.lose()
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(session.current(), 2)
    }))

  it.effect("opens more and more slowly what does not stay up", () =>
    Effect.gen(function*() {
      const { session, thing } = yield* setup({ watch: () => Effect.fail(away) })
      yield* session.opened("1 second")
      yield* TestClock.adjust("1 minute")
      assert.isAbove(thing.opens, 10)
      assert.isBelow(thing.opens, 25)
      assert.lengthOf(thing.closed, thing.opens)
    }))

  it.effect("gives up what opening again does not mend, and begins again when asked again", () =>
    Effect.gen(function*() {
      const { session, thing, told } = yield* setup()
      thing.error = refused
      assert.strictEqual(yield* Effect.flip(session.opened("1 minute")), refused)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["GivenUp"])
      thing.error = undefined
      assert.strictEqual(yield* session.opened("1 second"), 1)
    }))

  it.effect("gives up when the pauses end", () =>
    Effect.gen(function*() {
      const { session, thing, told } = yield* setup({ reconnect: Schedule.recurs(2) })
      thing.error = away
      assert.strictEqual(yield* Effect.flip(session.opened("1 minute")), away)
      assert.deepStrictEqual(told, ["Waiting", "Waiting", "GivenUp"])
    }))

  it.effect("fails at the deadline, says why, and goes on", () =>
    Effect.gen(function*() {
      const { session, thing } = yield* setup()
      thing.error = away
      const late = yield* Effect.forkChild(Effect.flip(session.opened("3 seconds")))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(late)
      assert.strictEqual(
        error.message,
        "open the thing: connection to memory://here lost: the thing could not be opened within 3000 ms: connection to memory://here lost: nothing listens"
      )
      thing.error = undefined
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(session.current(), 1)
    }))

  it.effect("waits no longer than half a minute for an answer", () =>
    Effect.gen(function*() {
      const { session, told } = yield* setup({ open: Effect.never })
      yield* Effect.forkChild(session.opened("5 minutes"))
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told, ["Waiting"])
    }))

  it.effect("leaves what does not close to itself", () =>
    Effect.gen(function*() {
      const thing = new Thing()
      const stuck = Effect.addFinalizer(() => thing.opens === 1 ? Effect.never : Effect.void)
      const { session } = yield* setup({ open: Effect.andThen(stuck, thing.open), watch: thing.watch })
      yield* session.opened("1 second")
      thing.lose()
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(session.current())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(session.current(), 2)
    }))

  it.effect("waits until it is wanted", () =>
    Effect.gen(function*() {
      const wanted = Deferred.makeUnsafe<void>()
      const { session, thing } = yield* setup({ wanted: Deferred.await(wanted) })
      const opening = yield* Effect.forkChild(session.opened("5 minutes"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(thing.opens, 0)
      yield* Deferred.succeed(wanted, undefined)
      assert.strictEqual(yield* Fiber.join(opening), 1)
    }))

  it.effect("closes with its scope, in an orderly way, and tells who waits", () =>
    Effect.gen(function*() {
      const { scope, session, thing } = yield* setup()
      yield* session.opened("1 second")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(thing.closed.map(Exit.hasInterrupts), [true])
      assert.isUndefined(session.current())

      const other = yield* setup()
      other.thing.error = away
      const waiting = yield* Effect.forkChild(Effect.flip(other.session.opened("1 minute")), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Scope.close(other.scope, Exit.void)
      assert.include((yield* Fiber.join(waiting)).message, "it was closed meanwhile")
    }))

  it.effect("shows a defect to who asks, and begins again when asked again", () =>
    Effect.gen(function*() {
      let broken = true
      const { session } = yield* setup({
        open: Effect.sync(() => {
          if (broken) throw new Error("a transport of somebody's")
          return 1
        })
      })
      const exit = yield* Effect.exit(session.opened("1 minute"))
      assert.isTrue(Exit.hasDies(exit))
      broken = false
      assert.strictEqual(yield* session.opened("1 second"), 1)
    }))
})

describe("Session.logging", () => {
  it.effect("warns once, and says when it is back", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => void logged.push(`${logLevel} ${String(message)}`))
    return Effect.gen(function*() {
      const { session, thing } = yield* setup({ tell: Session.logging("results") })
      yield* session.opened("1 second")
      assert.deepStrictEqual(logged, [])
      yield* TestClock.adjust("1 second")
      thing.error = away
      thing.lose()
      yield* TestClock.adjust("1 minute")
      thing.error = undefined
      yield* TestClock.adjust("6 seconds")
      assert.lengthOf(logged, 2)
      assert.match(
        logged[0]!,
        /^Warn results: trying again in \d+ms.*: connection to memory:\/\/here lost: nothing listens$/
      )
      assert.strictEqual(logged[1], "Warn results: connected again")
    }).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "Info")
    )
  })
})
