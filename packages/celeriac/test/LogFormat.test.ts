import * as WorkerLog from "@celeriac/worker/state/WorkerLog"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as LogFormat from "../src/LogFormat.ts"

const at = new Date(2026, 0, 2, 3, 4, 5, 67)

/** The lines that an effect logs. */
const lines = (logger: Logger.Logger<unknown, string>, effect: Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const written: Array<string> = []
    yield* TestClock.setTime(at.getTime())
    yield* effect.pipe(
      Effect.provide(Logger.layer([Logger.map(logger, (line) => void written.push(line))])),
      Effect.provideService(References.MinimumLogLevel, "All")
    )
    return written
  })

describe("LogFormat.plain", () => {
  it.effect("writes Celery's process format, with Celery's names of levels", () =>
    Effect.gen(function*() {
      const log = Effect.all([
        Effect.logTrace("a"),
        Effect.logDebug("b"),
        Effect.logInfo("celery@host ready."),
        Effect.logWarning("d"),
        Effect.logError("e"),
        Effect.logFatal("f")
      ])
      assert.deepStrictEqual(yield* lines(LogFormat.plain, log), [
        "[2026-01-02 03:04:05,067: DEBUG/MainProcess] a",
        "[2026-01-02 03:04:05,067: DEBUG/MainProcess] b",
        "[2026-01-02 03:04:05,067: INFO/MainProcess] celery@host ready.",
        "[2026-01-02 03:04:05,067: WARNING/MainProcess] d",
        "[2026-01-02 03:04:05,067: ERROR/MainProcess] e",
        "[2026-01-02 03:04:05,067: CRITICAL/MainProcess] f"
      ])
    }))

  it.effect("writes annotations behind the message, and the cause below", () =>
    Effect.gen(function*() {
      const log = Effect.logError("it failed:", { id: 1 }, Cause.fail("no luck")).pipe(
        Effect.annotateLogs({ queue: "celery", count: 2n })
      )
      const [line] = yield* lines(LogFormat.plain, log)
      assert.match(line!, /\] it failed: \{"id":1\} queue=celery count=2\n.*no luck/)
    }))

  it.effect("lets nobody steer the terminal", () =>
    Effect.gen(function*() {
      const [line] = yield* lines(LogFormat.plain, Effect.logInfo("task \x1b[2J\x07 \u009b31m\tend"))
      assert.isTrue(line!.endsWith("task \\x1b[2J\\x07 \\x9b31m\tend"), line)
    }))
})

describe("a format of Python's", () => {
  const written = (options: LogFormat.Options, effect: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const said: Array<string> = []
      yield* TestClock.setTime(at.getTime())
      const own = { ...console, error: (text: string) => void said.push(text) }
      yield* effect.pipe(Effect.provide(LogFormat.layer(options)), Effect.provideService(Console.Console, own))
      return said.join("\n")
    })

  const ofTask = <A>(effect: Effect.Effect<A>) =>
    Effect.provideService(effect, WorkerLog.TaskOfLine, { name: "proj.add", id: "id-1" })

  it.effect("is Celery's for tasks where a task writes", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* written({}, ofTask(Effect.logInfo("hello"))),
        "[2026-01-02 03:04:05,067: INFO/MainProcess] proj.add[id-1]: hello"
      )
      assert.include(
        yield* written({ json: true }, ofTask(Effect.logInfo("hello"))),
        `"task_name":"proj.add","task_id":"id-1"`
      )
    }))

  it.effect("of one's own says how lines and their times are written", () =>
    Effect.gen(function*() {
      const format = "%(levelname)-8s|%(asctime)s|%(process)d %(name)s 100%% %(message).3s"
      assert.strictEqual(
        yield* written({ format, datefmt: "%d/%b/%y %H:%M" }, Effect.logWarning("hello")),
        `WARNING |02/Jan/26 03:04|${process.pid} celery 100% hel`
      )
      const taskFormat = "%(task_name)s %(msecs)03d %(message)s"
      assert.strictEqual(yield* written({ format, taskFormat }, ofTask(Effect.logInfo("m"))), "proj.add 067 m")
    }))

  it.effect("is coloured around the message", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* written({ format: "a %(levelname)s %(message)s z", colors: true }, Effect.logError("m")),
        "\x1b[2ma ERROR \x1b[22m\x1b[31mm\x1b[39m\x1b[2m z\x1b[22m"
      )
    }))
})

describe("LogFormat.colored", () => {
  it.effect("colours by level, and leaves the ordinary as it is", () =>
    Effect.gen(function*() {
      const [info, warning, error] = yield* lines(
        LogFormat.colored,
        Effect.all([Effect.logInfo("i"), Effect.logWarning("w"), Effect.logError("e")])
      )
      assert.isTrue(info!.endsWith("] \x1b[22mi") || info!.endsWith("]\x1b[22m i"), info)
      assert.isTrue(warning!.endsWith("\x1b[33mw\x1b[39m"))
      assert.isTrue(error!.endsWith("\x1b[31me\x1b[39m"))
    }))
})

describe("LogFormat.json", () => {
  it.effect("writes one object a line, whatever is in it", () =>
    Effect.gen(function*() {
      const circular: Record<string, unknown> = {}
      circular["self"] = circular
      const log = Effect.all([
        Effect.annotateLogs(Effect.logInfo("two\nlines"), { queue: "celery" }),
        Effect.annotateLogs(Effect.logError("odd", 1n, Symbol("s"), circular), { circular, none: undefined }),
        Effect.logError(Cause.fail(new Error("bad")))
      ])
      const written = yield* lines(LogFormat.json, log)
      assert.isTrue(written.every((line) => !line.includes("\n")))
      const [first, second, third] = written.map((line) => JSON.parse(line))
      assert.deepStrictEqual(first, {
        level: "INFO",
        time: at.toISOString(),
        message: "two\nlines",
        annotations: { queue: "celery" }
      })
      assert.strictEqual(second.message, "odd 1 Symbol(s) [object Object]")
      assert.match(third.cause, /Error: bad/)
    }))
})

describe("LogFormat.layer", () => {
  it.effect("sets the lowest level by Celery's name", () =>
    Effect.gen(function*() {
      const minimum = (level: LogFormat.Level) => Effect.provide(References.MinimumLogLevel, LogFormat.layer({ level }))
      const levels = yield* Effect.forEach(LogFormat.levels, minimum)
      assert.deepStrictEqual(levels, ["Debug", "Info", "Warn", "Error", "Fatal"])
    }))
})
