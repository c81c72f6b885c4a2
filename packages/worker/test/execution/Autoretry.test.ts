/** Tasks that are run again for some of their errors, as their options say. */
import * as Client from "@celeriac/tasks/Client"
import * as Middleware from "@celeriac/tasks/Middleware"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { define, lookup, quiet, running, settled } from "../support.ts"

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}
class Gone extends Schema.TaggedError<Gone>()("Gone", {}) {}
const error = Schema.Union([Busy, Gone])

/** How often a task ran that always ends like this, given all the time it wants. */
const runsOf = (options: Task.AutoretryOptions<Busy | Gone>, end: Effect.Effect<never, Busy | Gone>) =>
  Effect.suspend(() => {
    let runs = 0
    const task = Task.make("failing", { error, options: { ...options, maxRetries: 2 } })
    const live = task.toLayer(() => Effect.andThen(Effect.sync(() => runs++), end))
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(task)
      for (let i = 0; i < 4; i++) {
        yield* settled
        yield* TestClock.adjust("1 hour")
      }
      return [runs, yield* Effect.flip(sent.get())] as const
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
  })

describe("a task that is run again for its errors", () => {
  const busy = Effect.fail(new Busy())
  const broken = Effect.die(new TypeError("broken"))
  for (
    const [what, options, end, runs] of [
      ["named by its tag", { autoretryFor: ["Busy"] }, busy, 3],
      ["of another tag", { autoretryFor: ["Gone"] }, busy, 1],
      ["of the class", { autoretryFor: [Busy] }, busy, 3],
      ["of a class that it dies of", { autoretryFor: [TypeError] }, broken, 3],
      ["of another class", { autoretryFor: [RangeError] }, broken, 1],
      ["that a function takes", { autoretryFor: (error) => error instanceof Busy }, busy, 3],
      ["that are excepted", { autoretryFor: [Error], dontAutoretryFor: [Busy] }, busy, 1],
      ["none at all", {}, busy, 1]
    ] satisfies ReadonlyArray<
      readonly [string, Task.AutoretryOptions<Busy | Gone>, Effect.Effect<never, Busy | Gone>, number]
    >
  ) {
    it.effect(`${what}: it runs ${runs} times, and its last error is its failure`, () =>
      Effect.gen(function*() {
        const [ran, failure] = yield* runsOf(options, end)
        assert.strictEqual(ran, runs)
        if (end === busy) assert.instanceOf(failure, Busy)
        else assert.deepInclude(failure, { excType: "TypeError", args: ["broken"] })
      }))
  }

  /** The pauses before each retry, in milliseconds. */
  const pausesOf = (options: Task.AutoretryOptions<Busy | Gone>) => {
    const pauses: Array<unknown> = []
    const noting = Middleware.make("noting", (run) =>
      Effect.tapCause(run, (cause) =>
        Effect.sync(() => {
          for (const reason of cause.reasons) {
            if (reason._tag === "Fail") pauses.push((reason.error as any).options?.countdown)
          }
        })))
    const task = Task.make("failing", { error, options: { autoretryFor: ["Busy"], ...options, maxRetries: 4 } })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.delay(task)
      for (let i = 0; i < 5; i++) {
        yield* settled
        yield* TestClock.adjust("1 hour")
      }
      return pauses
    }).pipe(
      Effect.provide(running(define({ tasks: [task.toLayer(() => busy)], middleware: [noting] }))),
      Effect.provide(quiet)
    )
  }

  it.effect("waits twice as long each time, and no longer than it may", () =>
    Effect.gen(function*() {
      const plain = yield* pausesOf({ retryBackoff: true, retryJitter: false, retryBackoffMax: "6 seconds" })
      assert.deepStrictEqual(plain, [1_000, 2_000, 4_000, 6_000, 6_000])
      const short = yield* pausesOf({ retryBackoff: "50 millis", retryJitter: false })
      assert.deepStrictEqual(short, [50, 100, 200, 400, 800])
    }))

  it.effect("waits any whole number of seconds up to that, so that not all come at once", () =>
    Effect.gen(function*() {
      const most = [8_000, 16_000, 32_000, 64_000, 128_000]
      const pauses = yield* Random.withSeed(pausesOf({ retryBackoff: "8 seconds" }), "pauses")
      assert.isTrue(pauses.every((pause, at) => Number(pause) % 1_000 === 0 && Number(pause) <= most[at]!))
      assert.isAbove(new Set(pauses).size, 2)
    }))

  it.effect("waits as a schedule says, and fails when that has ended", () =>
    Effect.gen(function*() {
      const retryBackoff = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 2 }))
      const pauses = yield* pausesOf({ retryBackoff })
      assert.deepStrictEqual(pauses.map((pause) => pause && Duration.toMillis(pause as Duration.Duration)), [
        1_000,
        2_000,
        undefined
      ])
    }))

  it("is told what makes no sense where it is written", () => {
    for (
      const [options, says] of [
        [{ autoretryFor: [""] }, /'autoretryFor':  is no kind of errors/],
        [{ dontAutoretryFor: [7] }, /'dontAutoretryFor': 7 is no kind of errors/],
        [{ autoretryFor: "Busy" }, /'autoretryFor': Busy is no kind of errors/],
        [{ retryBackoff: -1 }, /'retryBackoff': -1 is no time above 0/],
        [{ retryBackoff: "soon" }, /'retryBackoff': soon is no time above 0/],
        [{ retryBackoffMax: 0 }, /'retryBackoffMax': 0 is no time above 0/],
        [{ timeLimit: 0 }, /'timeLimit': 0 is no time above 0/],
        [{ timeLimit: 1_000, softTimeLimit: 2_000 }, /'softTimeLimit': it is longer than timeLimit/]
      ] as const
    ) {
      // As code without types might.
      assert.throws(() => Task.make("wrong", { error, options: options as never }), says)
    }
  })

  it.effect("says RETRY meanwhile, with the error", () => {
    const task = Task.make("failing", { error, options: { autoretryFor: ["Busy"] } })
    return Effect.gen(function*() {
      const sent = yield* (yield* Client.Client).delay(task)
      yield* settled
      const record = yield* lookup(sent.id)
      assert.deepStrictEqual([record?.status, record?.exception?.excType], ["RETRY", "Busy"])
    }).pipe(Effect.provide(running(define({ tasks: [task.toLayer(() => busy)] }))), Effect.provide(quiet))
  })

  it("is held to the errors that its task declares", () => {
    Task.make("typed", { error, options: { autoretryFor: ["Busy", TypeError] } })
    // @ts-expect-error: the task declares no such error
    Task.make("typed", { error, options: { autoretryFor: ["Bussy"] } })
    // @ts-expect-error: it declares none, so none has a tag
    Task.make("typed", { options: { autoretryFor: ["Busy"] } })
  })
})
