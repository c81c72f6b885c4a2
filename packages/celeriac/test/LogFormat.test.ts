import * as LogFields from "@celeriac/worker/state/LogFields"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Client from "../src/Client.ts"
import * as LogFormat from "../src/LogFormat.ts"
import * as Task from "../src/Task.ts"

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
    Effect.provideService(effect, LogFields.TaskOfLine, { task: "proj.add", id: "id-1" })

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

describe("lines about tasks", () => {
  const add = Task.make("proj.add", { parameters: { x: Schema.Int }, success: Schema.Int })
  const AddLive = add.toLayer(({ x }) =>
    x === 0 ? Effect.die(new RangeError("no zero")) : Effect.as(Effect.logInfo("at it", { x }), x)
  )

  /** The worker's and the task's, of a run that succeeds and one that does not. */
  const ofRuns = (make: (keep: (line: string) => void) => Layer.Layer<never>) =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const ids = yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* Effect.forEach([{ x: 2 }, { x: 0 }], (parameters) =>
          Effect.tap(client.delay(add, parameters), (result) => Effect.exit(result.get())))
        return sent.map(({ id }) =>
          id
        )
      }).pipe(
        Effect.provide(TestWorker.layer({ tasks: [AddLive] })),
        Effect.provide(make((line) => void lines.push(line))),
        Effect.provideService(References.MinimumLogLevel, "Info")
      )
      return { ids, lines: lines.filter((line) => ids.some((id) => line.includes(id))) }
    })

  const kept = (logger: Logger.Logger<unknown, string>) => (keep: (line: string) => void) =>
    Logger.layer([Logger.map(logger, keep)])

  const onError = (options: LogFormat.Options) => (keep: (line: string) => void) =>
    Layer.provideMerge(LogFormat.layer(options), Layer.succeed(Console.Console, { ...console, error: keep }))

  it.effect("have what they tell in fields, as JSON", () =>
    Effect.gen(function*() {
      for (const way of [onError({ json: true }), kept(LogFormat.json)]) {
        const { ids, lines } = yield* ofRuns(way)
        const [received, said, succeeded, second, failed] = lines.map((line) => JSON.parse(line))
        const own = (id: string) => ({
          level: "INFO",
          time: "1970-01-01T00:00:00.000Z",
          task_name: "proj.add",
          task_id: id,
          hostname: "celery@test",
          retries: 0,
          root_id: id,
          annotations: {}
        })
        const [first = "", other = ""] = ids
        const ofWorker = { ...own(first), queue: "celery" }
        const args = { args: "()", kwargs: "{'x': 2}" }
        assert.deepStrictEqual(received, {
          ...ofWorker,
          message: `Task proj.add[${first}] received`,
          state: "RECEIVED",
          ...args
        })
        assert.deepStrictEqual(said, { ...own(first), message: "at it {\"x\":2}" })
        assert.deepStrictEqual(succeeded, {
          ...ofWorker,
          message: `Task proj.add[${first}] succeeded in 0s: 2`,
          state: "SUCCESS",
          runtime: 0,
          return_value: "2"
        })
        assert.strictEqual(second.task_id, other)
        assert.match(failed.traceback, /RangeError: no zero/)
        assert.deepStrictEqual(failed, {
          ...own(other),
          level: "ERROR",
          message: `Task proj.add[${other}] raised unexpected: RangeError('no zero')`,
          queue: "celery",
          state: "FAILURE",
          runtime: 0,
          description: "raised unexpected",
          exc: "RangeError('no zero')",
          exc_type: "RangeError",
          traceback: failed.traceback,
          args: "()",
          kwargs: "{'x': 0}"
        })
      }
    }))

  it.effect("are Celery's to the byte, as text", () =>
    Effect.gen(function*() {
      for (const way of [onError({}), kept(LogFormat.plain)]) {
        const { ids: [first, second], lines } = yield* ofRuns(way)
        const texts = lines.map((line) => line.slice(line.indexOf("] ") + 2))
        assert.deepStrictEqual(texts.slice(0, 4), [
          `Task proj.add[${first}] received`,
          `proj.add[${first}]: at it {"x":2}`,
          `Task proj.add[${first}] succeeded in 0s: 2`,
          `Task proj.add[${second}] received`
        ])
        assert.isTrue(texts[4]?.startsWith(`Task proj.add[${second}] raised unexpected: RangeError('no zero')\n`))
        assert.notInclude(texts[4], "task_id")
      }
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
