/**
 * Boots and stops of random graphs, disturbed at random moments, under a clock
 * that only moves when told to.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Blueprint from "../src/Blueprint.ts"
import * as Bootstep from "../src/Bootstep.ts"
import { Control } from "../src/Control.ts"
import * as StopReason from "../src/StopReason.ts"

interface Spec {
  /** Indices of earlier steps that it requires. */
  readonly requires: ReadonlyArray<number>
  readonly startMillis: number
  readonly stopMillis: number
  /** Whether it has the hooks that change how it is stopped. */
  readonly terminate: boolean
  readonly shutdown: boolean
  readonly stopDies: boolean
}

const specs: fc.Arbitrary<ReadonlyArray<Spec>> = fc.integer({ min: 1, max: 10 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, index) =>
      fc.record<Spec>({
        requires: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
        startMillis: fc.nat(20),
        stopMillis: fc.nat(20),
        terminate: fc.boolean(),
        shutdown: fc.boolean(),
        stopDies: fc.boolean()
      }))
  )
)

/** Starts nothing before what it requires is up, and keeps the books of what is open. */
class Books {
  readonly up: Array<number> = []
  readonly stopped: Array<number> = []
  readonly reasons: Array<string> = []
  open = 0
  starting = 0

  step(spec: Spec, index: number, failing: boolean): Bootstep.Any {
    const tag = (index: number) => Context.Service<number>(`s${index}`)
    const stopped = (reason: string) =>
      Effect.sync(() => {
        this.stopped.push(index)
        this.reasons.push(reason)
      })
    return Bootstep.implement(tag(index))(`s${index}`, {
      requires: spec.requires.map(tag),
      start: Effect.gen({ self: this }, function*() {
        this.starting++
        yield* Effect.addFinalizer(() => Effect.sync(() => this.starting--))
        for (const need of spec.requires) {
          assert.include(this.up, need)
          assert.strictEqual(yield* tag(need), need)
        }
        yield* Effect.acquireRelease(Effect.sync(() => this.open++), () => Effect.sync(() => this.open--))
        yield* Effect.sleep(spec.startMillis)
        if (failing) return yield* Effect.fail("failed on purpose")
        this.up.push(index)
        return index
      }),
      stop: (value, reason) => {
        assert.strictEqual(value, index)
        // The hook counts as run when it begins, whether or not it may end.
        return stopped(reason._tag).pipe(
          Effect.andThen(Effect.sleep(spec.stopMillis)),
          Effect.andThen(spec.stopDies ? Effect.die("on purpose") : Effect.void)
        )
      },
      ...(spec.terminate
        ? { terminate: () => this.stopped.at(-1) === index ? Effect.void : stopped("Terminate") }
        : {}),
      ...(spec.shutdown ? { shutdown: () => Effect.void } : {})
    })
  }

  blueprint(specs: ReadonlyArray<Spec>, failing = -1) {
    return Result.getOrThrow(
      Blueprint.makeResult("Random", specs.map((spec, index) => this.step(spec, index, index === failing)))
    )
  }

  /** What came up was stopped, once each, in the exact reverse; nothing is open. */
  balance(): void {
    assert.deepStrictEqual(this.stopped, this.up.toReversed())
    assert.strictEqual(this.open, 0)
    assert.strictEqual(this.starting, 0)
  }
}

/** Without loggers: what dies on purpose would fill the screen. */
const environment = Layer.mergeAll(Control.layer, TestClock.layer(), Logger.layer([]))

const check = <T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Effect.Effect<void, unknown, Control | Scope.Scope>
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(arbitrary, (value) =>
      Effect.runPromise(
        Effect.scoped(property(value)).pipe(Effect.provide(environment))
      )),
    { numRuns: 200 }
  )

describe("a boot of a random graph", () => {
  it("starts each step after what it requires, and stops them in the exact reverse", () =>
    check(specs, (specs) =>
      Effect.gen(function*() {
        const books = new Books()
        const running = yield* Effect.forkChild(Blueprint.launch(books.blueprint(specs)))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(books.up.length, specs.length)
        yield* (yield* Control).request(StopReason.shutdown())
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(running)
        books.balance()
      })))

  it("leaves nothing behind when any step fails", () =>
    check(fc.tuple(specs, fc.nat()), ([specs, failing]) =>
      Effect.gen(function*() {
        const books = new Books()
        const blueprint = books.blueprint(specs, failing % specs.length)
        const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(blueprint)))
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(running)
        assert.strictEqual(error.step, `s${failing % specs.length}`)
        assert.strictEqual(error.reason, "failed on purpose")
        books.balance()
      })))

  it("leaves nothing behind when it is interrupted at any moment", () =>
    check(fc.tuple(specs, fc.nat(150)), ([specs, moment]) =>
      Effect.gen(function*() {
        const books = new Books()
        const running = yield* Effect.forkChild(Blueprint.run(books.blueprint(specs), Effect.never))
        yield* TestClock.adjust(moment)
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(running))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(interrupting)
        books.balance()
      })))

  it("leaves nothing behind when its layer is interrupted or released at any moment", () =>
    check(fc.tuple(specs, fc.nat(150)), ([specs, moment]) =>
      Effect.gen(function*() {
        const books = new Books()
        const running = yield* Effect.forkChild(
          Effect.sleep("100 millis").pipe(Effect.provide(books.blueprint(specs).layer))
        )
        yield* TestClock.adjust(moment)
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(running))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(interrupting)
        books.balance()
      })))

  it("stops once, whenever the operator asks and whenever he escalates", () =>
    check(fc.tuple(specs, fc.nat(150), fc.nat(100)), ([specs, moment, patience]) =>
      Effect.gen(function*() {
        const books = new Books()
        const control = yield* Control
        const running = yield* Effect.forkChild(Blueprint.launch(books.blueprint(specs)))
        yield* TestClock.adjust(moment)
        yield* control.request(StopReason.shutdown())
        yield* TestClock.adjust(patience)
        yield* control.request(StopReason.terminate())
        // Cold: nothing that was going on is waited for, and what is left has hooks of at most 20 ms.
        yield* TestClock.adjust(20 * specs.length)
        assert.isDefined(running.pollUnsafe())
        yield* Fiber.join(running)
        const escalated = books.reasons.indexOf("Terminate")
        if (escalated !== -1) assert.isTrue(books.reasons.slice(escalated).every((reason) => reason === "Terminate"))
        books.balance()
      })))
})

describe("a random graph inside of another", () => {
  it("leaves nothing behind, lost any number of times, failing or stopped at any moment", () =>
    check(
      fc.record({
        outer: specs,
        inner: specs,
        lostAfter: fc.integer({ min: 1, max: 200 }),
        awaitFirst: fc.boolean(),
        fatal: fc.boolean(),
        moment: fc.nat(2000),
        end: fc.constantFrom("shutdown", "terminate", "interrupt" as const)
      }),
      ({ awaitFirst, end, fatal, inner, lostAfter, moment, outer }) =>
        Effect.gen(function*() {
          const around = new Books()
          const rounds: Array<Books> = []
          let times = 0
          // each round keeps its own books
          const consumer = Result.getOrThrow(Blueprint.makeResult(
            "Inner",
            inner.map((spec, index) => {
              const delegate = () => rounds.at(-1)!
              return Bootstep.implement(Context.Service<number>(`i${index}`))(`i${index}`, {
                requires: spec.requires.map((need) => Context.Service<number>(`i${need}`)),
                start: Effect.gen(function*() {
                  if (!rounds.length || rounds.at(-1)!.stopped.length > 0) rounds.push(new Books())
                  const books = delegate()
                  yield* Effect.acquireRelease(Effect.sync(() => books.open++), () => Effect.sync(() => books.open--))
                  yield* Effect.sleep(spec.startMillis)
                  if (index === inner.length - 1 && times % 3 === 2) {
                    times++
                    return yield* Effect.fail("refused")
                  }
                  books.up.push(index)
                  return index
                }),
                stop: () =>
                  Effect.andThen(
                    Effect.sync(() => delegate().stopped.push(index)),
                    Effect.sleep(spec.stopMillis)
                  ),
                ...(spec.shutdown ? { shutdown: () => Effect.void } : {})
              })
            })
          ))
          const until = Effect.suspend(() =>
            Effect.delay(++times > 6 && fatal ? Effect.die("fatal") : Effect.fail("lost"), lostAfter)
          )
          const worker = Result.getOrThrow(Blueprint.makeResult("Outer", [
            ...outer.map((spec, index) => around.step(spec, index, false)),
            Blueprint.step("Consumer", {
              blueprint: consumer,
              until,
              awaitFirst,
              last: true,
              restart: Schedule.spaced("10 millis"),
              onRestart: () => Effect.void
            })
          ]))
          const control = yield* Control
          const running = yield* Effect.forkChild(Effect.exit(Blueprint.launch(worker)))
          yield* TestClock.adjust(moment)
          const ending = yield* Effect.forkChild(
            end === "interrupt"
              ? Fiber.interrupt(running)
              : control.request(end === "shutdown" ? StopReason.shutdown() : StopReason.terminate())
          )
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.join(ending)
          assert.isDefined(running.pollUnsafe())
          around.balance()
          for (const books of rounds) books.balance()
          const before = rounds.length
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual(rounds.length, before)
        })
    ))
})
