/** What each line about a task tells in fields, and that a log of text does not ask for them. */
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as LogObserver from "@celeriac/worker/execution/observers/LogObserver"
import type { Observed } from "@celeriac/worker/execution/RequestObserver"
import * as LogFields from "@celeriac/worker/state/LogFields"
import * as WorkerLog from "@celeriac/worker/state/WorkerLog"
import type { Outcome } from "@celeriac/worker/trace/Outcome"
import * as TraceOutcome from "@celeriac/worker/trace/Outcome"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"

/** Of a request that is part of a group, and counts how often its arguments are asked for. */
class Asked implements Observed {
  times = 0
  readonly id: string | undefined = "id-1"
  readonly task: string | undefined = "proj.add"
  readonly name: string = "proj.add"
  readonly retries = 2
  readonly group = "group-1"
  readonly parentId = "parent-1"
  readonly rootId = "root-1"
  readonly redelivered = false
  readonly receivedAt = 1_000
  readonly timeStart: number | undefined
  readonly exchange = ""
  readonly routingKey = "celery"
  readonly queue = "celery"
  readonly eta = 5_000
  readonly expires = undefined
  readonly sendsEvents = true
  readonly size = 10
  readonly isSettled = false
  readonly kwargsRepr = "{}"
  constructor(timeStart: number | undefined = undefined) {
    this.timeStart = timeStart
  }
  get argsRepr(): string {
    this.times++
    return `(${"2, ".repeat(1_000)})`
  }
}

interface Line {
  readonly text: string
  readonly fields: LogFields.Fields
}

/** What a logger of another's hears of it. */
const heard = (
  tell: (observer: ReturnType<typeof LogObserver.make>) => void,
  level: LogLevel.LogLevel = "Debug",
  own: "text" | "others" = "others"
) =>
  Effect.gen(function*() {
    const lines: Array<Line> = []
    const logger = Logger.make(({ fiber, message }) => {
      lines.push({ text: String(message), fields: fiber.getRef(References.CurrentLogAnnotations) })
    })
    const loggers = own === "text"
      ? new Set([LogFields.asOwn(logger, "text")])
      : LogFields.annotating(new Set([logger]))
    const log = yield* WorkerLog.make.pipe(
      Effect.provideService(References.CurrentLoggers, loggers),
      Effect.provideService(References.MinimumLogLevel, level)
    )
    tell(LogObserver.make(log, "celery@test"))
    return lines
  })

const common = {
  task_name: "proj.add",
  task_id: "id-1",
  hostname: "celery@test",
  queue: "celery",
  retries: 2,
  root_id: "root-1",
  parent_id: "parent-1",
  group: "group-1"
}

const args = { args: `(${"2, ".repeat(1_000)}`.slice(0, 1_024), kwargs: "{}" }

const exception = Exceptions.make("ValueError", ["bad"])

const runs: ReadonlyArray<readonly [Outcome, LogFields.Fields]> = [
  [{ _tag: "Success", result: { a: 5 }, isSealed: false }, { state: "SUCCESS", return_value: "{'a': 5}" }],
  [TraceOutcome.failure(exception, "Traceback\n  here"), {
    state: "FAILURE",
    description: "raised unexpected",
    exc: "ValueError('bad')",
    exc_type: "ValueError",
    traceback: "Traceback\n  here",
    ...args
  }],
  [TraceOutcome.failure(exception, undefined, true), {
    state: "FAILURE",
    description: "raised expected",
    exc: "ValueError('bad')",
    exc_type: "ValueError",
    ...args
  }],
  [TraceOutcome.timedOut(3), {
    state: "FAILURE",
    exc: "TimeLimitExceeded(3)",
    exc_type: "TimeLimitExceeded",
    ...args
  }],
  [{ _tag: "Retry", exception, traceback: "Traceback", again: { countdown: 1_000 } }, {
    state: "RETRY",
    exc: "ValueError('bad')",
    exc_type: "ValueError",
    traceback: "Traceback"
  }],
  [{ _tag: "Retry", exception: undefined, traceback: undefined }, { state: "RETRY" }],
  [{ _tag: "Ignored", reason: undefined }, { state: "IGNORED", description: "ignored" }],
  [{ _tag: "Rejected", requeue: true, reason: "no" }, { state: "REJECTED", description: "rejected" }],
  [TraceOutcome.terminated(15), { state: "REVOKED" }],
  [{ _tag: "Lost", why: "Crashed", message: "gone" }, {}]
]

const neverRan: ReadonlyArray<readonly [Outcome, LogFields.Fields]> = [
  [TraceOutcome.revoked, { state: "REVOKED" }],
  [{ _tag: "Unregistered", task: "proj.add" }, {
    state: "FAILURE",
    exc: "NotRegistered('proj.add')",
    exc_type: "NotRegistered"
  }],
  [{ _tag: "Invalid", message: "no id" }, { state: "FAILURE", exc: "no id" }],
  [{ _tag: "Damaged", message: "cut" }, { state: "FAILURE", exc: "cut" }],
  [{ _tag: "Refused", exception }, { state: "FAILURE", exc: "ValueError('bad')", exc_type: "ValueError" }],
  [{ _tag: "Broken", message: "oh", traceback: "where" }, {
    state: "FAILURE",
    description: "INTERNAL ERROR",
    exc: "oh",
    traceback: "where"
  }]
]

describe("the fields of a line about a task", () => {
  it.effect("tell that it has come, and that it begins", () =>
    Effect.gen(function*() {
      const lines = yield* heard((observer) => {
        observer.received!(new Asked())
        observer.started!(new Asked(2_000))
      })
      assert.deepStrictEqual(lines, [
        {
          text: "Task proj.add[id-1] received",
          fields: { ...common, state: "RECEIVED", eta: "1970-01-01T00:00:05+00:00", ...args }
        },
        { text: "Task accepted: proj.add[id-1]", fields: { ...common, state: "STARTED" } }
      ])
    }))

  it.effect("tell what came of a run, and how long it took", () =>
    Effect.gen(function*() {
      for (const [outcome, fields] of runs) {
        const [line] = yield* heard((observer) => observer.ended!(new Asked(2_000), outcome, 3_500, undefined))
        assert.deepStrictEqual(line?.fields, { ...common, ...fields, runtime: 1.5 }, outcome._tag)
      }
    }))

  it.effect("tell why it never ran", () =>
    Effect.gen(function*() {
      for (const [outcome, fields] of neverRan) {
        const [line] = yield* heard((observer) => observer.ended!(new Asked(), outcome, 3_500, undefined))
        assert.deepStrictEqual(line?.fields, { ...common, ...fields }, outcome._tag)
      }
    }))

  it.effect("say whom all else is about", () =>
    Effect.gen(function*() {
      const lines = yield* heard((observer) => {
        observer.timedOut!(new Asked(), { _tag: "Soft", limit: 1 })
        observer.timedOut!(new Asked(), { _tag: "Hard", limit: 1 })
        observer.timedOut!(new Asked(), { _tag: "GoesOn", seconds: 1 })
        observer.timedOut!(new Asked(), { _tag: "GivenUp", seconds: 1 })
        observer.timedOut!(new Asked(), { _tag: "Missed", limit: 1, seconds: 2 })
        observer.notStored!(new Asked(), "STARTED", "no store", { _tag: "Lost" })
        observer.notStored!(new Asked(), "SUCCESS", "no store", { _tag: "Lost" })
        observer.adopted!(new Asked())
        observer.repeated!(new Asked(), "ack")
        observer.settled!(new Asked(), "ack", true)
      })
      assert.deepStrictEqual(lines.map(({ fields }) => fields), Array.from({ length: 10 }, () => common))
    }))
})

describe("a log of text", () => {
  it.effect("has the same lines, and asks for no field", () =>
    Effect.gen(function*() {
      const outcomes = [...runs, ...neverRan].map(([outcome]) => outcome)
      const request = new Asked(2_000)
      const all = (observer: ReturnType<typeof LogObserver.make>) => {
        observer.received!(request)
        for (const outcome of outcomes) observer.ended!(request, outcome, 3_500, undefined)
      }
      const text = yield* heard(all, "Debug", "text")
      assert.strictEqual(request.times, 0)
      const others = yield* heard(all)
      assert.isAbove(request.times, 0)
      assert.deepStrictEqual(text.map((line) => line.text), others.map((line) => line.text))
      assert.isTrue(text.every(({ fields }) => Object.keys(fields).length === 0))
    }))

  it.effect("of no line asks for no field either, whoever would write it", () =>
    Effect.gen(function*() {
      const request = new Asked(2_000)
      const lines = yield* heard((observer) => {
        assert.deepStrictEqual([observer.received, observer.started], [undefined, undefined])
        observer.ended!(request, TraceOutcome.failure(exception, undefined, true), 3_500, undefined)
        observer.ended!(request, { _tag: "Success", result: 1, isSealed: false }, 3_500, undefined)
      }, "Warn")
      assert.deepStrictEqual([lines, request.times], [[], 0])
    }))
})
