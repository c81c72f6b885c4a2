/** A task that is to run again, through a whole worker: what is sent, stored, told and settled, and in which order. */
import * as Client from "@celeriac/tasks/Client"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { Ear, listening } from "../events.ts"

import {
  counts,
  define,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  surroundings,
  taskMessage
} from "../support.ts"

class Busy extends Schema.TaggedError<Busy>()("Busy", { attempt: Schema.Int }) {
  override get message(): string {
    return `busy at attempt ${this.attempt}`
  }
}

const fetch = Task.make("fetch", { success: Schema.String, error: Busy })

/** Succeeds at the attempt after so many. */
const after = (attempts: number, options?: Parameters<typeof Task.retry<Busy>>[0]) =>
  Task.make("fetch", { success: Schema.String, error: Busy }).toLayer((_, { retries }) =>
    retries < attempts
      ? Task.retry({ error: new Busy({ attempt: retries }), ...options })
      : Effect.succeed(`done at attempt ${retries}`)
  )

const brief = (record: ResultRecord | undefined) =>
  record && [record.status, record.exception?.excType, record.exception?.args[0]].filter(Boolean).join(" ")

describe("a task that is to run again", () => {
  for (const acksLate of [false, true]) {
    it.effect(`runs again when its time has come, and its result is that of the last attempt (acks late: ${acksLate})`, () => {
      const lines = new Lines()
      const live = fetch.toLayer(
        (_, { retries }) =>
          retries < 2
            ? Task.retry({ error: new Busy({ attempt: retries }), countdown: "1 hour" })
            : Effect.succeed(`done at attempt ${retries}`),
        { acksLate }
      )
      return Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.delay(fetch)
        for (const attempt of [0, 1]) {
          yield* settled
          assert.strictEqual(brief(yield* lookup(sent.id)), `RETRY Busy busy at attempt ${attempt}`)
          // The next attempt waits here for its time; the one before is settled.
          assert.deepStrictEqual(yield* counts(), [0, 1])
          yield* TestClock.adjust("1 hour")
        }
        assert.strictEqual(yield* sent.get(), "done at attempt 2")
        yield* settled
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.isTrue(lines.has(`Task fetch[${sent.id}] retry: Retry in 3600s: Busy(`))
      }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(lines.layer))
    })
  }

  it.effect("runs again after three minutes, three times, and then fails with its error, which comes back as itself", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(fetch)
      for (const attempt of [0, 1, 2]) {
        yield* settled
        assert.strictEqual(brief(yield* lookup(sent.id)), `RETRY Busy busy at attempt ${attempt}`)
        yield* TestClock.adjust("3 minutes")
      }
      assert.deepStrictEqual(yield* Effect.flip(sent.get()), new Busy({ attempt: 3 }))
    }).pipe(Effect.provide(running(define({ tasks: [after(10)] }))), Effect.provide(quiet)))

  it.effect("fails in Celery's words when its retry has no error to give", () => {
    const tired = Task.make("tired", { parameters: { n: Schema.Int } })
    const live = tired.toLayer(() => Task.retry({ countdown: 0 }), { maxRetries: 1 })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(tired, { n: 5 })
      const failure = yield* Effect.flip(sent.get())
      assert.deepInclude(failure, {
        excType: "MaxRetriesExceededError",
        excModule: "celery.exceptions",
        args: [`Can't retry tired[${sent.id}] args:() kwargs:{'n': 5}`]
      })
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
  })

  it.effect("may say other arguments, which take the place of those before, in what is sent, shown and failed with", () => {
    const login = Task.make("login", {
      parameters: { user: Schema.String, password: Schema.optionalKey(Schema.RedactedFromValue(Schema.String)) }
    })
    const seen: Array<readonly [unknown, unknown, string, string]> = []
    const live = login.toLayer((_, { args, argsRepr, kwargs, kwargsRepr }) => {
      seen.push([args, kwargs, argsRepr, kwargsRepr])
      return Task.retry({
        countdown: 0,
        ...(seen.length === 1 ? { args: ["eve", "s3cret"] } : { kwargs: { user: "bob" } })
      })
    }, { maxRetries: 1 })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(login, { user: "ada", password: Redacted.make("hunter2") })
      const failure = yield* Effect.flip(sent.get())
      assert.deepStrictEqual(seen, [
        [[], { user: "ada", password: "hunter2" }, "()", "{'user': 'ada', 'password': '<redacted>'}"],
        [["eve", "s3cret"], {}, "('eve', '<redacted>')", "{}"]
      ])
      assert.deepInclude(failure, {
        args: [`Can't retry login[${sent.id}] args:('bob', '<redacted>') kwargs:{}`]
      })
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
  })

  for (
    const [what, options, layer, runs] of [
      ["of its definition", { maxRetries: 1 }, {}, 2],
      ["of its layer, which count before those", { maxRetries: 1 }, { maxRetries: 0 }, 1],
      ["without end", { maxRetries: 1 }, { maxRetries: null }, 6],
      ["of the retry itself, which count first", { maxRetries: 1 }, { maxRetries: 0 }, 4]
    ] as const
  ) {
    it.effect(`has as many retries as are said: ${what}`, () => {
      const task = Task.make("counted", { options })
      let ran = 0
      const live = task.toLayer(() =>
        ++ran > 5
          ? Effect.void
          : Task.retry(what.startsWith("of the retry") ? { countdown: 0, maxRetries: 3 } : { countdown: 0 }), layer)
      return Effect.gen(function*() {
        const client = yield* Client.Client
        yield* Effect.exit((yield* client.delay(task)).get())
        assert.strictEqual(ran, runs)
      }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
    })
  }

  it.effect("is told of by `task-retried`, once its next message is with the broker", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* Worker.Worker
      yield* publish(taskMessage({ task: "fetch", id: "a" }))
      yield* settled
      const [retried] = ear.of("task-retried")
      assert.deepInclude(retried, { uuid: "a" })
      assert.include(String(retried?.["exception"]), "Busy('busy at attempt 0'")
      assert.deepStrictEqual(
        ear.of("task-received").map(({ retries }) => retries),
        [0, 1]
      )
    }).pipe(
      Effect.provide(
        define({ tasks: [after(1)], settings: { sendTaskEvents: true, without: ["heart"] } }).layer.pipe(
          Layer.provideMerge(listening),
          Layer.provideMerge(surroundings())
        )
      ),
      Effect.provide(quiet)
    ))

  it.effect("fails with what is wrong with its retry", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(fetch)
      const failure = yield* Effect.flip(sent.get())
      assert.include(String(failure.message), "300 is no integer from 0 to 255")
    }).pipe(
      Effect.provide(running(define({ tasks: [after(1, { priority: 300 })] }))),
      Effect.provide(quiet)
    ))

  it.effect("is no surprise when it fails as its options say: a line, and no traceback", () => {
    const lines = new Lines()
    const task = Task.make("picky", { options: { throws: [RangeError] } })
    const live = task.toLayer((_, { headers }) =>
      Effect.die(headers["odd"] === true ? new TypeError("odd") : new RangeError("no"))
    )
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const one = yield* client.delay(task)
      const other = yield* client.applyAsync(task, undefined, { headers: { odd: true } })
      yield* settled
      assert.isTrue(lines.of("Info").includes(`Task picky[${one.id}] raised expected: RangeError('no')`))
      assert.isTrue(lines.of("Error").some((text) => text.startsWith(`Task picky[${other.id}] raised unexpected:`)))
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(lines.layer))
  })

  it.effect("stores nothing where its result is ignored, and runs again all the same", () =>
    Effect.gen(function*() {
      yield* Worker.Worker
      yield* publish(taskMessage({ task: "fetch", id: "a", ignoreResult: true }))
      yield* settled
      assert.isUndefined(yield* lookup("a"))
      assert.deepStrictEqual(yield* counts(), [0, 1])
      yield* TestClock.adjust("3 minutes")
      yield* settled
      assert.isUndefined(yield* lookup("a"))
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(define({ tasks: [after(1)] }))), Effect.provide(quiet)))
})

describe("the types of a retry", () => {
  it("hold a handler to the errors that its task declares", () => {
    class Other extends Schema.TaggedError<Other>()("Other", {}) {}
    fetch.toLayer(() => Task.retry({ error: new Busy({ attempt: 1 }) }))
    fetch.toLayer(() => Task.retry({ defect: new Other() }))
    fetch.toLayer(() => Task.reject({ requeue: true }))
    fetch.toLayer(() => Task.ignore("its own business"))
    // @ts-expect-error: nobody would know it at the other end
    fetch.toLayer(() => Task.retry({ error: new Other() }))
    // @ts-expect-error: a task that declares no errors has none to give
    Task.make("plain").toLayer(() => Task.retry({ error: new Busy({ attempt: 1 }) }))
    // @ts-expect-error: nothing of a retry is a text
    Task.retry({ maxRetries: "3" })
  })
})
