import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { ResultWriter, type ResultWriter as Writer } from "@celeriac/tasks/result/ResultWriter"
import * as Signature from "@celeriac/tasks/Signature"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import { TestClock } from "effect/testing"
import * as BackendCleanup from "../src/BackendCleanup.ts"
import * as BeatCommands from "../src/BeatCommands.ts"
import * as BeatNode from "../src/BeatNode.ts"
import { Leadership } from "../src/Leadership.ts"
import * as Schedule from "../src/Schedule.ts"
import * as ScheduleEntry from "../src/ScheduleEntry.ts"
import { Scheduler } from "../src/Scheduler.ts"
import { beat, Outbox } from "./fixtures/beat.ts"

const start = Date.parse("2026-11-28T12:00:00Z")

const entry = (name: string, schedule: Schedule.Schedule) =>
  ScheduleEntry.make(name, { signature: Signature.make(`proj.${name}`), schedule })

const entries = [
  entry("often", Schedule.schedule("10 seconds")),
  entry("morning", Schedule.crontab({ hour: 8, minute: 0, timeZone: "Europe/Berlin" }))
]

/** What one node says, on a clock that goes on. */
const said = <A, E>(asking: Effect.Effect<RemoteControl.Answers<A>, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(asking, { startImmediately: true })
    yield* TestClock.adjust("1 second")
    const answers = yield* Fiber.join(fiber)
    return Object.values(answers).map((answer) => Result.isSuccess(answer) ? answer.success : answer.failure.message)
  })

const asking = (options?: BeatNode.Options) =>
  Effect.gen(function*() {
    yield* TestClock.setTime(start)
    const scheduler = yield* Scheduler
    yield* Effect.forkScoped(scheduler.run, { startImmediately: true })
    yield* Effect.forkScoped(BeatNode.run({ nodename: "celerybeat@here", ...options }), { startImmediately: true })
    yield* TestClock.adjust("1 second")
    return yield* RemoteControl.make
  })

const test = (
  says: string,
  run: Effect.Effect<unknown, unknown, Layer.Success<ReturnType<typeof beat>> | any>,
  leadership?: Layer.Layer<Leadership>
) =>
  it.effect(says, () =>
    Effect.scoped(run as Effect.Effect<unknown>).pipe(
      Effect.provide(beat(entries, {}, undefined, leadership).pipe(Layer.provideMerge(MemoryTransport.layer()))),
      Effect.provide(Logger.layer([]))
    ))

describe("the node of a scheduler", () => {
  test(
    "lists, shows what comes next, pauses, resumes and runs, in the zone of each entry",
    Effect.gen(function*() {
      const remote = yield* asking()
      const to = { destination: "celerybeat@here" }
      const [listed] = yield* said(remote.call(BeatCommands.list, {}, to))
      assert.deepStrictEqual(listed, [
        {
          name: "morning",
          task: "proj.morning",
          schedule: "<crontab: 0 8 * * * (m/h/dM/MY/d)>",
          timezone: "Europe/Berlin",
          enabled: true,
          last_run_at: "2026-11-28T13:00:00+01:00",
          next_run_at: "2026-11-29T08:00:00+01:00",
          total_run_count: 0
        },
        {
          name: "often",
          task: "proj.often",
          schedule: "<freq: 10.00 seconds>",
          timezone: null,
          enabled: true,
          last_run_at: "2026-11-28T12:00:00+00:00",
          next_run_at: "2026-11-28T12:00:10+00:00",
          total_run_count: 0
        }
      ])
      assert.deepStrictEqual(yield* said(remote.call(BeatCommands.pause, { name: "often" }, to)), ["often is paused"])
      const [slots] = yield* said(remote.call(BeatCommands.next, { count: 2 }, to))
      assert.deepStrictEqual(slots, [
        { name: "morning", task: "proj.morning", at: "2026-11-29T08:00:00+01:00" },
        { name: "morning", task: "proj.morning", at: "2026-11-30T08:00:00+01:00" }
      ])
      const now = { name: "often", word: "once" }
      yield* said(remote.call(BeatCommands.run, now, to))
      assert.strictEqual((yield* Outbox).sent.length, 1)
      assert.deepStrictEqual(yield* said(remote.call(BeatCommands.resume, { name: "nobody" }, to)), [
        "celerybeat@here refused beat_resume: entry 'nobody': there is none of this name: see what is listed"
      ])
      const [health] = yield* said(remote.call(BeatCommands.health, {}, to))
      assert.deepInclude(health as object, { leader: true, leadership: "alone", store: "memory", lag: 0 })
    })
  )

  test(
    "answers a ping, and nothing that it does not know",
    Effect.gen(function*() {
      const remote = yield* asking()
      assert.deepStrictEqual(yield* said(remote.ping()), ["pong"])
      assert.deepStrictEqual(yield* said(remote.inspect.active({})), [])
    })
  )

  test(
    "says that it lives while it waits to lead, and leaves the rest to whoever leads",
    Effect.gen(function*() {
      const remote = yield* asking()
      assert.deepStrictEqual(yield* said(remote.ping()), ["pong"])
      assert.deepStrictEqual(yield* said(remote.call(BeatCommands.list)), [])
      const [health] = yield* said(remote.call(BeatCommands.health))
      assert.deepInclude(health as object, { leader: false, last_tick: null })
    }),
    Layer.succeed(Leadership, { describe: "never", acquire: Effect.never })
  )

  test(
    "is silent in a worker, which answers pings itself",
    Effect.gen(function*() {
      const remote = yield* asking({ answersPing: false })
      assert.deepStrictEqual(yield* said(remote.ping()), [])
    })
  )

  test(
    "is silent when it stands still",
    Effect.gen(function*() {
      const remote = yield* asking({ maxTickAge: "30 seconds" })
      const outbox = yield* Outbox
      const confirmed = yield* Deferred.make<void>()
      outbox.before = () => Deferred.await(confirmed)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(yield* said(remote.ping()), ["pong"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* said(remote.ping()), [])
      yield* Deferred.succeed(confirmed, undefined)
    })
  )
})

describe("the cleanup of results", () => {
  const writer = (cleanup: Writer["Service"]["cleanup"]) =>
    Layer.succeed(ResultWriter, { cleanup } as Writer["Service"]) // what is looked at of it

  it.effect("is sent at four where the backend does not see to it by itself, and nobody has said otherwise", () =>
    Effect.gen(function*() {
      const missing = BackendCleanup.missingIn(entries, "Europe/Berlin")
      const [cleanup, ...others] = yield* Effect.provide(missing, writer(Effect.void))
      assert.strictEqual(others.length, 0)
      assert.strictEqual(cleanup!.name, "celery.backend_cleanup")
      assert.strictEqual(cleanup!.schedule.next(start), Date.parse("2026-11-29T03:00:00Z"))
      assert.strictEqual(cleanup!.signature.toJSON().options?.["expires"], 12 * 3600)
      assert.deepStrictEqual(yield* Effect.provide(missing, writer(undefined)), [])
      assert.deepStrictEqual(yield* missing, [])
      const own = BackendCleanup.missingIn([cleanup!], "UTC")
      assert.deepStrictEqual(yield* Effect.provide(own, writer(Effect.void)), [])
    }))
})
