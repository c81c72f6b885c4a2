import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as Control from "@celeriac/bootsteps/Control"
import { Timer } from "@celeriac/worker/boot/Timer"
import { WorkerShutdown, WorkerTerminate } from "@celeriac/worker/state/WorkerExit"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { fibers, Lines, quiet, until } from "../support.ts"

const worker = Blueprint.make("Worker", [Timer])

/** Runs with a timer that is up. */
const withTimer = <A, E, R>(use: (timer: Timer["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.orDie(Blueprint.run(worker, Effect.flatMap(Timer, use))).pipe(
    Effect.provide(Control.Control.layer)
  )

/** A log of what ran, and when. */
const journal = () => {
  const entries: Array<string> = []
  const note = (what: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => void entries.push(`${now} ${what}`)))
  return { entries, note }
}

describe("Timer", () => {
  it.effect("runs a call once, when its delay is over and not before", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callAfter("10 seconds", note("called"))
        yield* TestClock.adjust("9999 millis")
        assert.deepStrictEqual(entries, [])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(entries, ["10000 called"])
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(entries, ["10000 called"])
      })
    ))

  it.effect("runs a call at a time, given as a DateTime or in milliseconds, and a time that is past at once", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        yield* TestClock.setTime(1_000)
        yield* timer.callAt(DateTime.makeUnsafe(3_000), note("as a DateTime"))
        yield* timer.callAt(2_000, note("in milliseconds"))
        yield* timer.callAt(500, note("past"))
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(entries, ["1000 past"])
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(entries.slice(1), ["2000 in milliseconds", "3000 as a DateTime"])
      })
    ))

  it.effect("calls nothing before it is known that it was entered, though it is due", () =>
    withTimer(({ queue }) =>
      Effect.gen(function*() {
        const order: Array<string> = []
        // It waits for something to come, and then for this.
        for (const wait of [0, 10_000]) {
          if (wait > 0) queue.enter(wait, () => {})
          yield* TestClock.adjust(0)
          queue.enter(0, () => order.push("called"))
          order.push("entered")
          yield* TestClock.adjust(0)
        }
        assert.deepStrictEqual(order, ["entered", "called", "entered", "called"])
      })
    ))

  it.effect("wakes up for a call that is due before the one it slept for", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callAfter("1 hour", note("late"))
        yield* TestClock.adjust("1 second")
        yield* timer.callAfter("1 second", note("early"))
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(entries, ["2000 early"])
      })
    ))

  it.effect("runs calls of the same time by priority, lower first, then in the order they were entered", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callAt(5, note("10"), { priority: 10 })
        yield* timer.callAt(5, note("6a"), { priority: 6 })
        yield* timer.callAt(5, note("0"))
        yield* timer.callAt(5, note("6b"), { priority: 6 })
        yield* timer.callAt(4, note("before"), { priority: 99 })
        yield* TestClock.adjust("5 millis")
        assert.deepStrictEqual(entries.map((entry) => entry.split(" ")[1]), ["before", "0", "6a", "6b", "10"])
      })
    ))

  it.effect("never runs a call that was cancelled, and cancelling twice or too late does nothing", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        const cancelled = yield* timer.callAfter("1 second", note("cancelled"))
        const ran = yield* timer.callAfter("1 second", note("ran"))
        yield* cancelled.cancel
        yield* cancelled.cancel
        yield* TestClock.adjust("1 second")
        yield* ran.cancel
        assert.deepStrictEqual(entries, ["1000 ran"])
        assert.strictEqual(timer.queue.size, 0)
      })
    ))

  it.effect("repeats a call without drifting", () =>
    withTimer((timer) =>
      Effect.scoped(Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callRepeatedly("10 seconds", Effect.andThen(note("begun"), Effect.sleep("3 seconds")))
        for (let second = 0; second < 40; second++) yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(entries, ["10000 begun", "20000 begun", "30000 begun", "40000 begun"])
      }))
    ))

  it.effect("never lets a repeated call overlap itself: a slow run delays the next", () =>
    withTimer((timer) =>
      Effect.scoped(Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callRepeatedly(
          "10 seconds",
          Effect.andThen(note("begun"), Effect.andThen(Effect.sleep("25 seconds"), note("ended")))
        )
        for (let second = 0; second < 61; second++) yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(entries, ["10000 begun", "35000 ended", "35000 begun", "60000 ended", "60000 begun"])
      }))
    ))

  it.effect("goes on repeating a call that fails", () => {
    const lines = new Lines()
    return withTimer((timer) =>
      Effect.scoped(Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callRepeatedly("1 second", Effect.andThen(note("failing"), Effect.fail("no luck")))
        for (let second = 0; second < 3; second++) yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(entries, ["1000 failing", "2000 failing", "3000 failing"])
        assert.strictEqual(lines.of("Error").filter((text) => text.startsWith("Timer error:")).length, 3)
      }))
    ).pipe(Effect.provide(lines.layer))
  })

  it.effect("repeats no more when the scope around closes, and leaves a run that has begun alone", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        const scope = yield* Scope.make()
        yield* Scope.provide(
          timer.callRepeatedly("1 second", Effect.andThen(Effect.sleep("500 millis"), note("ended"))),
          scope
        )
        yield* TestClock.adjust("1200 millis")
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(entries, ["1500 ended"])
        assert.strictEqual(timer.queue.size, 0)
      })
    ))

  it.effect("logs a call that fails or dies, and runs the next", () => {
    const lines = new Lines()
    return withTimer((timer) =>
      Effect.gen(function*() {
        const { entries, note } = journal()
        yield* timer.callAfter(1, Effect.fail(new Error("no luck")))
        yield* timer.callAfter(1, Effect.die(new Error("a defect")))
        yield* timer.callAfter(1, Effect.andThen(Effect.sleep(1), Effect.fail(new Error("later"))))
        yield* timer.callAfter(1, Effect.interrupt)
        yield* timer.callAfter(2, note("next"))
        yield* TestClock.adjust("2 millis")
        assert.deepStrictEqual(entries, ["2 next"])
        assert.deepStrictEqual(
          lines.all.filter(({ text }) => text.startsWith("Timer error:")).map(({ why }) =>
            /no luck|a defect|later/.exec(why)?.[0]
          ),
          ["no luck", "a defect", "later"]
        )
      })
    ).pipe(Effect.provide(lines.layer))
  })

  it.effect("logs a function that throws, and calls the next", () => {
    const lines = new Lines()
    return withTimer((timer) =>
      Effect.gen(function*() {
        const called: Array<string> = []
        timer.queue.enter(1, () => {
          called.push("throws")
          throw new Error("no luck")
        })
        timer.queue.enter(1, () => void called.push("the next"))
        timer.queue.enter(2, () => void called.push("later"))
        yield* TestClock.adjust("2 millis")
        assert.deepStrictEqual(called, ["throws", "the next", "later"])
        assert.deepStrictEqual(
          lines.all.filter(({ text }) => text.startsWith("Timer error:")).map(({ why }) => /no luck/.exec(why)?.[0]),
          ["no luck"]
        )
      })
    ).pipe(Effect.provide(lines.layer))
  })

  it.effect("calls functions without a fiber for any of them", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        let ran = 0
        for (let i = 0; i < 10_000; i++) timer.queue.enter(1, () => void ran++)
        const before = yield* fibers
        yield* TestClock.adjust("1 millis")
        yield* until("all calls ran", () => ran === 10_000)
        assert.isBelow((yield* fibers) - before, 20)
      })
    ))

  it.effect("holds up nobody for a slow call, and interrupts it when the worker stops", () =>
    Effect.gen(function*() {
      const { entries, note } = journal()
      yield* withTimer((timer) =>
        Effect.gen(function*() {
          yield* timer.callAfter(1, Effect.onInterrupt(Effect.never, () => note("interrupted")))
          yield* timer.callAfter(2, note("quick"))
          yield* TestClock.adjust("2 millis")
        })
      )
      assert.deepStrictEqual(entries, ["2 quick", "2 interrupted"])
    }))

  for (
    const { exitCode, tag, wish } of [
      { wish: new WorkerShutdown({ exitCode: 3 }), tag: "Shutdown", exitCode: 3 },
      { wish: new WorkerTerminate({ exitCode: 4 }), tag: "Terminate", exitCode: 4 }
    ]
  ) {
    it.effect(`stops the worker when a call fails with ${wish._tag}, and keeps its exit code`, () =>
      Effect.gen(function*() {
        const reason = yield* Blueprint.run(
          worker,
          Effect.gen(function*() {
            yield* (yield* Timer).callAfter("1 second", Effect.fail(wish))
            yield* TestClock.adjust("1 second")
            return yield* (yield* Control.Control).awaitStop
          })
        ).pipe(Effect.provide(Control.Control.layer))
        assert.strictEqual(reason._tag, tag)
        const reasons = reason.cause?.reasons.map((part) => part._tag === "Fail" ? part.error : undefined)
        assert.deepStrictEqual(reasons, [wish])
        assert.strictEqual(wish.exitCode, exitCode)
      }))
  }

  it.effect("runs 100,000 calls that are due together, and none twice", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        let ran = 0
        const call = () => void ran++
        for (let i = 0; i < 100_000; i++) timer.queue.enter(1_000, call)
        yield* TestClock.adjust("999 millis")
        assert.strictEqual(ran, 0)
        yield* TestClock.adjust("1 millis")
        yield* until("all calls ran", () => ran === 100_000)
        assert.strictEqual(timer.queue.size, 0)
      })
    ))

  it.effect("lets others run between many calls that are due", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        let ran = 0
        for (let i = 0; i < 1_000; i++) timer.queue.enter(1, () => void ran++)
        const seen: Array<number> = []
        const observer = yield* Effect.forkChild(Effect.gen(function*() {
          while (ran < 1_000) {
            if (ran > 0) seen.push(ran)
            yield* Effect.yieldNow
          }
        }))
        yield* TestClock.adjust(1)
        yield* Fiber.join(observer)
        assert.isAbove(seen.length, 5)
      })
    ))

  it.effect("tells how many calls it has", () =>
    withTimer((timer) =>
      Effect.gen(function*() {
        yield* timer.callAfter("1 second", Effect.void)
        yield* (yield* timer.callAfter("1 second", Effect.void)).cancel
        assert.deepStrictEqual((yield* Blueprint.info)["timer"], { scheduled: 1 })
      })
    ))

  it("agrees with a list that is sorted by hand, whatever is entered, cancelled and waited for", () => {
    const step = fc.oneof(
      // What is due at once may run before the next is entered: Effect lets others run after so many steps of a fiber.
      fc.record({ do: fc.constant("enter" as const), delay: fc.integer({ min: 1, max: 50 }), priority: fc.nat(3) }),
      fc.record({ do: fc.constant("cancel" as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant("wait" as const), millis: fc.nat(20) })
    )
    return fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
        Effect.runPromise(
          withTimer((timer) =>
            Effect.gen(function*() {
              const ran: Array<number> = []
              const model: Array<{ at: number; priority: number; id: number; done: boolean }> = []
              const calls: Array<{ readonly cancel: Effect.Effect<void> }> = []
              const expected: Array<number> = []
              let now = 0
              for (const one of steps) {
                if (one.do === "enter") {
                  const id = calls.length
                  model.push({ at: now + one.delay, priority: one.priority, id, done: false })
                  calls.push(
                    yield* timer.callAfter(one.delay, Effect.sync(() => void ran.push(id)), { priority: one.priority })
                  )
                } else if (one.do === "cancel") {
                  const found = model[one.which]
                  // What is due already may have run: whether it did is not this property's business.
                  if (found === undefined || found.at <= now) continue
                  found.done = true
                  yield* calls[one.which]!.cancel
                } else {
                  // A millisecond at a time: calls run when they are due, not when we look.
                  for (let i = 0; i <= one.millis; i++) {
                    yield* TestClock.adjust(i === 0 ? 0 : 1)
                    if (i > 0) now++
                    const due = model.filter((entry) => !entry.done && entry.at <= now)
                      .sort((a, b) => a.at - b.at || a.priority - b.priority || a.id - b.id)
                    for (const entry of due) {
                      entry.done = true
                      expected.push(entry.id)
                    }
                  }
                  assert.deepStrictEqual(ran, expected)
                }
              }
            })
          ).pipe(Effect.provide(quiet), Effect.provide(TestClock.layer()))
        )),
      { numRuns: 60 }
    )
  })
})
