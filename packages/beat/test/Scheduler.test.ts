import { because, ConnectionLost } from "@celeriac/messaging/MessagingError"
import * as Signature from "@celeriac/tasks/Signature"
import * as TaskError from "@celeriac/tasks/TaskError"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { PeriodicTasks } from "../src/PeriodicTasks.ts"
import * as Schedule from "../src/Schedule.ts"
import * as ScheduleEntry from "../src/ScheduleEntry.ts"
import { Scheduler } from "../src/Scheduler.ts"
import { ScheduleStore } from "../src/ScheduleStore.ts"
import * as MemoryStore from "../src/stores/MemoryStore.ts"
import { beat, Outbox, type Sent } from "./fixtures/beat.ts"

const start = Date.parse("2026-11-28T12:00:00Z")
const second = 1000
const minute = 60 * second
const hour = 60 * minute

const entry = (
  name: string,
  every: number | Schedule.Schedule,
  options: Partial<ScheduleEntry.EntryOptions<any, any>> = {}
) =>
  ScheduleEntry.make<any, any>(name, {
    signature: Signature.make(`proj.${name}`),
    schedule: typeof every === "number" ? Schedule.schedule(every) : every,
    ...options
  })

/** Runs the scheduler from noon of a day on. */
const begin = Effect.gen(function*() {
  yield* TestClock.setTime(start)
  const scheduler = yield* Scheduler
  return yield* Effect.forkChild(scheduler.run, { startImmediately: true })
})

const lines: Array<string> = []
const quiet = Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel}: ${String(message)}`))])

const test = (
  says: string,
  layer: Layer.Layer<Outbox | Scheduler | PeriodicTasks | ScheduleStore, unknown>,
  run: Effect.Effect<
    unknown,
    unknown,
    Outbox | Scheduler | PeriodicTasks | ScheduleStore | import("effect/Scope").Scope
  >
) =>
  it.effect(says, () => {
    lines.length = 0
    return run.pipe(Effect.scoped, Effect.provide(layer), Effect.provide(quiet))
  })

const times = (sent: ReadonlyArray<Sent>, task?: string) =>
  sent.filter((one) => task === undefined || one.task === `proj.${task}`).map(({ at }) => (at - start) / second)

describe("a scheduler", () => {
  test(
    "sends each entry at its slots, and says so as Celery's does",
    beat([entry("ten", 10 * second), entry("quarter", Schedule.crontab({ minute: "*/15" }))]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      yield* begin
      yield* TestClock.adjust("35 seconds")
      assert.deepStrictEqual(times(outbox.sent, "ten"), [10, 20, 30])
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual(times(outbox.sent, "quarter"), [15 * 60, 30 * 60])
      assert.strictEqual(new Set(outbox.sent.map(({ id }) => id)).size, outbox.sent.length)
      assert.strictEqual(lines[0], "Info: beat: Starting...")
      assert.include(lines, "Info: Scheduler: Sending due task ten (proj.ten)")
      const { isLeader, lag, lastTick, sent } = yield* (yield* Scheduler).health
      assert.deepStrictEqual([isLeader, lag, sent], [true, 0, outbox.sent.length])
      assert.isAtLeast(lastTick!, start + 30 * minute)
    })
  )

  test(
    "sends what was missed as the entry says: the newest, none, or so many",
    beat([
      entry("latest", 10 * second),
      entry("skip", Schedule.crontab({ minute: 0 }), { missed: "skip" }),
      entry("all", minute, { missed: { all: 3 } }),
      entry("deadline", hour, { missed: { all: 9 }, startingDeadline: "2 hours" })
    ]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      yield* Fiber.interrupt(yield* begin)
      yield* TestClock.adjust(5.5 * hour)
      yield* Effect.forkChild((yield* Scheduler).run, { startImmediately: true })
      yield* Effect.yieldNow
      const counts = ["latest", "skip", "all", "deadline"].map((name) => times(outbox.sent, name).length)
      assert.deepStrictEqual(counts, [1, 0, 3, 2])
    })
  )

  test(
    "sends no slot twice when the clock is put back, and none less when it is put forward again",
    beat([entry("ten", 10 * second, { missed: { all: 1000 } })]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      yield* begin
      yield* TestClock.adjust("60 seconds")
      yield* TestClock.setTime(start - hour)
      yield* TestClock.adjust("50 minutes")
      assert.strictEqual(outbox.sent.length, 6)
      yield* TestClock.setTime(start + 2 * minute)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(new Set(outbox.sent.map(({ id }) => id)).size, 12)
      assert.strictEqual(outbox.sent.length, 12)
    })
  )

  test(
    "tries again while the broker is away, and goes on with what makes no sense",
    beat([entry("away", minute), entry("odd", minute)]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      let isAway = true
      outbox.before = (task) =>
        task === "proj.odd"
          ? Effect.fail(TaskError.because("send", new TaskError.InvalidOption({ option: "queue", detail: "none" })))
          : isAway
          ? Effect.fail(because("publish", new ConnectionLost({ uri: "amqp://nowhere", detail: "closed" })))
          : Effect.void
      yield* begin
      yield* TestClock.adjust("70 seconds")
      assert.strictEqual(outbox.sent.length, 0)
      assert.isTrue(lines.some((line) => line.startsWith("Error: Message Error: Couldn't apply scheduled task away")))
      isAway = false
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(outbox.sent.map(({ task }) => task), ["proj.away"])
      assert.strictEqual(lines.filter((line) => line.includes("scheduled task odd")).length, 1)
    })
  )

  test(
    "makes no entry late because the broker takes long to confirm another, and waits when too many are not confirmed",
    beat([entry("slow", 10 * second), ...["a", "b", "c"].map((name) => entry(name, second))], { concurrency: 3 }),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      const confirmed = yield* Deferred.make<void>()
      const waiting: Array<string> = []
      outbox.before = (task) => {
        if (task === "proj.slow") return Deferred.await(confirmed)
        waiting.push(task)
        return waiting.length > 36 ? Deferred.await(confirmed) : Effect.void
      }
      yield* begin
      yield* TestClock.adjust("12 seconds")
      assert.deepStrictEqual(times(outbox.sent, "a"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
      assert.deepStrictEqual(times(outbox.sent, "slow"), [])
      // Two more, and a third has no place.
      yield* TestClock.adjust("3 seconds")
      assert.lengthOf(waiting, 38)
      yield* Deferred.succeed(confirmed, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(times(outbox.sent, "slow"), [15])
      assert.strictEqual(new Set(outbox.sent.map(({ id }) => id)).size, outbox.sent.length)
    })
  )

  test(
    "sends what an entry has missed side by side, and again from the first that the broker did not take",
    beat([entry("a", second, { missed: { all: 100 } })]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      const store = yield* ScheduleStore
      yield* store.advance([["a", { last: start - 20 * second, count: 0 }]])
      let asked = 0
      outbox.before = () =>
        ++asked === 5
          ? Effect.fail(because("publish", new ConnectionLost({ uri: "amqp://nowhere", detail: "closed" })))
          : Effect.sleep("100 millis")
      yield* begin
      yield* TestClock.adjust("900 millis")
      const { progress } = yield* store.read
      assert.deepStrictEqual(progress.get("a"), { last: start - 16 * second, count: 4 })
      yield* TestClock.adjust("5 seconds")
      const ids = outbox.sent.map(({ id }) => id)
      const all = Array.from(
        { length: 25 },
        (_, n) => ScheduleEntry.slotId("celerybeat", entry("a", second), start + (n - 19) * second)
      )
      assert.deepStrictEqual(new Set(ids), new Set(all))
      assert.strictEqual((yield* store.read).progress.get("a")!.count, 25)
    })
  )

  test(
    "goes on when what sends throws, and looks at that entry again",
    beat([entry("a", 10 * second), entry("b", 10 * second)]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      outbox.before = (task) => task === "proj.a" && outbox.sent.length < 30 ? Effect.die("middleware") : Effect.void
      const fiber = yield* begin
      yield* TestClock.adjust("5 minutes")
      assert.lengthOf(times(outbox.sent, "a"), 0)
      assert.lengthOf(times(outbox.sent, "b"), 30)
      assert.include(lines, "Error: Message Error: Couldn't apply scheduled task a")
      yield* TestClock.adjust("5 minutes")
      assert.isNotEmpty(times(outbox.sent, "a"))
      yield* Fiber.interrupt(fiber)
    })
  )

  test(
    "has sent what it was sending when it is stopped, and kept how far that is",
    beat([entry("slow", minute)]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      const confirmed = yield* Deferred.make<void>()
      outbox.before = () => Deferred.await(confirmed)
      const running = yield* begin
      yield* TestClock.adjust("1 minute")
      const stopping = yield* Effect.forkChild(Fiber.interrupt(running), { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(stopping.pollUnsafe())
      yield* Deferred.succeed(confirmed, undefined)
      yield* Fiber.join(stopping)
      assert.strictEqual(outbox.sent.length, 1)
      const { progress } = yield* (yield* ScheduleStore).read
      assert.deepStrictEqual(progress.get("slow"), { last: start + minute, count: 1 })
      assert.strictEqual(lines.at(-1), "Info: beat: Shutting down...")
    })
  )

  test(
    "is not stopped by a schedule that throws, or that stands still",
    beat([
      entry("throws", {
        describe: "<mine>",
        next: () => {
          throw new Error("no moon")
        }
      }),
      entry("stands", { describe: "<mine>", next: (after) => after }),
      entry("good", minute)
    ]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      yield* begin
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(times(outbox.sent), [60, 120])
      assert.include(lines, "Error: beat: entry 'throws': its schedule <mine> cannot say what comes next: no moon")
    })
  )
})

describe("an operator", () => {
  test(
    "adds, changes and removes entries while it runs",
    beat([entry("code", minute)]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      const tasks = yield* PeriodicTasks
      yield* begin
      yield* TestClock.adjust("30 seconds")
      yield* tasks.add(entry("added", 10 * second))
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual(times(outbox.sent), [40, 50])
      yield* tasks.add(entry("added", 20 * second))
      yield* tasks.add(entry("code", 5 * second))
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(times(outbox.sent, "added"), [40, 50, 75])
      assert.deepStrictEqual(times(outbox.sent, "code"), [60, 65, 70, 75])
      yield* tasks.remove("added")
      yield* tasks.remove("code")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(times(outbox.sent, "added"), [40, 50, 75])
      assert.deepStrictEqual(times(outbox.sent, "code"), [60, 65, 70, 75, 135])
      assert.deepStrictEqual((yield* tasks.list).map(({ entry }) => entry.name), ["code"])
    })
  )

  test(
    "pauses and resumes: slots of the pause are none that were missed",
    beat([entry("ten", 10 * second, { missed: { all: 100 } })]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      const tasks = yield* PeriodicTasks
      yield* begin
      yield* TestClock.adjust("10 seconds")
      yield* tasks.pause("ten")
      yield* TestClock.adjust("1 minute")
      const [paused] = yield* tasks.list
      assert.deepStrictEqual([paused!.isEnabled, paused!.next, paused!.count], [false, undefined, 1])
      yield* tasks.resume("ten")
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(times(outbox.sent), [10, 80])
      const [resumed] = yield* tasks.list
      assert.deepStrictEqual([resumed!.isEnabled, resumed!.next, resumed!.last], [true, start + 90_000, start + 80_000])
    })
  )

  test(
    "has an entry sent now, once",
    beat([entry("daily", Schedule.crontab({ minute: 0, hour: 0 }))]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      yield* begin
      yield* (yield* PeriodicTasks).runNow("daily")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(times(outbox.sent).length, 1)
      assert.strictEqual((yield* (yield* ScheduleStore).read).changes.size, 0)
    })
  )

  test(
    "has an entry kept that a newer version has defined: the others go on, and it counts on from where it was",
    beat([entry("code", 10 * second)]),
    Effect.gen(function*() {
      const outbox = yield* Outbox
      const store = yield* ScheduleStore
      const newer = { task: "proj.newer", schedule: { __type__: "tide", every: 12 } }
      yield* store.advance([["newer", { last: start, count: 7 }], ["gone", { last: start, count: 1 }]])
      yield* store.change("newer", () => ({ entry: newer }))
      yield* store.change("code", () => ({ entry: newer, enabled: false }))
      yield* begin
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(times(outbox.sent), [])
      assert.include(
        lines,
        "Error: beat: entry 'newer': schedule: __type__ is \"tide\": write one of interval, crontab, solar"
      )
      yield* store.change("code", () => ({ entry: newer }))
      yield* TestClock.adjust("30 seconds")
      assert.isNotEmpty(times(outbox.sent, "code"))
      const { progress } = yield* store.read
      assert.deepStrictEqual(progress.get("newer"), { last: start, count: 7 })
      assert.isFalse(progress.has("gone"))
    })
  )

  test(
    "is told of names that are none",
    beat([]),
    Effect.gen(function*() {
      const tasks = yield* PeriodicTasks
      for (const act of [tasks.pause, tasks.resume, tasks.remove, tasks.runNow]) {
        const error = yield* Effect.flip(act("nobody"))
        assert.strictEqual(error.message, "entry 'nobody': there is none of this name: see what is listed")
      }
    })
  )
})

describe("the next scheduler", () => {
  it.effect("goes on where the one before was, and sends what that may have sent as the same task", () =>
    Effect.gen(function*() {
      const store = Layer.succeed(ScheduleStore, yield* MemoryStore.make)
      const sent: Array<Sent> = []
      yield* TestClock.setTime(start)
      const run = (time: number) =>
        Effect.gen(function*() {
          const scheduler = yield* Scheduler
          const running = yield* Effect.forkChild(scheduler.run, { startImmediately: true })
          yield* TestClock.adjust(time)
          yield* Fiber.interrupt(running)
          sent.push(...(yield* Outbox).sent)
        }).pipe(Effect.provide(beat([entry("ten", 10 * second)], {}, store)), Effect.scoped)
      yield* run(35 * second)
      yield* TestClock.adjust(10 * second)
      yield* run(20 * second)
      assert.deepStrictEqual(times(sent), [10, 20, 30, 45, 50, 60])
      // One that could not keep what it had sent.
      const kept = yield* MemoryStore.make
      yield* kept.advance([["ten", { last: start, count: 0 }]])
      const again = yield* Effect.gen(function*() {
        const scheduler = yield* Scheduler
        yield* Effect.forkChild(scheduler.run, { startImmediately: true })
        yield* Effect.yieldNow
        return (yield* Outbox).sent[0]!.id
      }).pipe(
        Effect.provide(beat([entry("ten", 10 * second)], {}, Layer.succeed(ScheduleStore, kept))),
        Effect.scoped
      )
      assert.strictEqual(again, sent.at(-1)!.id)
    }).pipe(Effect.provide(quiet)))
})

describe("a year", () => {
  it.effect("of 200 entries in five zones has each slot once", () =>
    Effect.gen(function*() {
      const zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
      const kinds = [
        (n: number) => ({ minute: n % 60, hour: n % 24 }),
        (n: number) => ({ minute: 30, hour: "*/6", dayOfWeek: "mon-fri", monthOfYear: `${n % 12 + 1}-6` }),
        (n: number) => ({ minute: "*/20", hour: `${n % 24}`, dayOfMonth: "1-15" }),
        (n: number) => ({ minute: 0, hour: 2, dayOfMonth: n % 28 + 1 })
      ]
      const entries = Array.from({ length: 200 }, (_, n) =>
        entry(`e${n}`, Schedule.crontab({ ...kinds[n % 4]!(n), timeZone: zones[n % 5]! })))
      const end = start + 365 * 24 * hour
      const expected = new Map(entries.map((entry) => {
        let count = 0
        for (let slot = entry.schedule.next(start)!; slot <= end; slot = entry.schedule.next(slot)!) {
          count++
        }
        return [`proj.${entry.name}`, count]
      }))
      const sent = yield* Effect.gen(function*() {
        yield* begin
        yield* TestClock.adjust(end - start)
        return (yield* Outbox).sent
      }).pipe(Effect.provide(beat(entries, { maxInterval: "1 day" })), Effect.scoped)
      const counted = new Map<string, number>()
      for (const { task } of sent) {
        counted.set(task, (counted.get(task) ?? 0) + 1)
      }
      assert.deepStrictEqual(Array.from(counted).sort(), Array.from(expected).sort())
      assert.isAbove(sent.length, 40_000)
      assert.strictEqual(
        new Set(sent.map(({ id }) =>
          id
        )).size,
        sent.length
      )
    }).pipe(Effect.provide(Logger.layer([]))))
})
