/**
 * Boots and stops of random graphs, disturbed at random moments, under a clock
 * that only moves when told to.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
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
    const self = this
    const tag = (index: number) => Context.Service<number>(`s${index}`)
    const stopped = (reason: string) =>
      Effect.sync(() => {
        self.stopped.push(index)
        self.reasons.push(reason)
      })
    return Bootstep.implement(tag(index))(`s${index}`, {
      requires: spec.requires.map(tag),
      start: Effect.gen(function*() {
        self.starting++
        yield* Effect.addFinalizer(() => Effect.sync(() => self.starting--))
        for (const need of spec.requires) {
          assert.include(self.up, need)
          assert.strictEqual(yield* tag(need), need)
        }
        yield* Effect.acquireRelease(Effect.sync(() => self.open++), () => Effect.sync(() => self.open--))
        yield* Effect.sleep(spec.startMillis)
        if (failing) return yield* Effect.fail("failed on purpose")
        self.up.push(index)
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
      ...(spec.terminate ? { terminate: () => self.stopped.at(-1) === index ? Effect.void : stopped("Terminate") } : {}),
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

const check = <T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Effect.Effect<void, unknown, Control>
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(arbitrary, (value) =>
      Effect.runPromise(
        // What dies on purpose would fill the screen.
        property(value).pipe(Effect.provide([Control.layer, TestClock.layer()]), Effect.withLogger)
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
})
