import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import { because, type MessagingError, Unroutable } from "@celeriac/messaging/MessagingError"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"

const returned = because("publish", new Unroutable({ exchange: "celeryev", routingKey: "task.multi" }))

/** Who sends events of tasks as an observer does, and a broker that answers when it is told to. */
const make = Effect.gen(function*() {
  const dispatcher = yield* EventDispatcher.make({ hostname: "celery@test", clock: LogicalClock.make() })
  const bodies: Array<string> = []
  const answers: Array<(error: MessagingError | undefined) => void> = []
  dispatcher.attach({
    publish: (message, _to, onOutcome) => {
      bodies.push(Buffer.from(message.body).toString())
      answers.push(onOutcome)
    },
    soon: (flush) => flush()
  })
  let written = 0
  return {
    dispatcher,
    bodies,
    /** How many events were worth writing. */
    written: () => written,
    tell: () => {
      if (!dispatcher.isHeard()) return
      written++
      dispatcher.tasks.started("1")
    },
    answer: (error?: MessagingError) => {
      for (const answer of answers.splice(0)) answer(error)
    }
  }
})

describe("events of tasks", () => {
  it.effect("are not written once the broker has sent them back, but for an empty list now and then", () =>
    Effect.gen(function*() {
      const { answer, bodies, tell, written } = yield* make
      tell()
      answer(returned)
      bodies.length = 0
      for (let i = 0; i < 1_000; i++) {
        tell()
        yield* TestClock.adjust("1 millis")
        answer(returned)
      }
      assert.strictEqual(written(), 1)
      assert.deepStrictEqual(bodies, Array.from({ length: 9 }, () => "[]"))
    }))

  it.effect("are written again when the empty list was heard", () =>
    Effect.gen(function*() {
      const { answer, tell, written } = yield* make
      tell()
      answer(returned)
      yield* TestClock.adjust("100 millis")
      tell()
      assert.strictEqual(written(), 1)
      answer()
      tell()
      assert.strictEqual(written(), 2)
    }))

  it.effect("are written again at once when somebody says that he listens, whatever comes back of before", () =>
    Effect.gen(function*() {
      const { answer, dispatcher, tell, written } = yield* make
      tell()
      answer(returned)
      dispatcher.expectListener()
      tell()
      assert.strictEqual(written(), 2)
      dispatcher.expectListener()
      answer(returned)
      tell()
      assert.strictEqual(written(), 3)
      answer(returned)
      tell()
      assert.strictEqual(written(), 3)
    }))

  it.effect("are written again when they are enabled, and on another connection", () =>
    Effect.gen(function*() {
      const { answer, dispatcher, tell, written } = yield* make
      tell()
      answer(returned)
      yield* dispatcher.disable("task")
      yield* dispatcher.enable("task")
      tell()
      answer(returned)
      tell()
      assert.strictEqual(written(), 2)
      dispatcher.attach({ publish: (_message, _to, onOutcome) => onOutcome(undefined) })
      tell()
      assert.strictEqual(written(), 3)
    }))
})
