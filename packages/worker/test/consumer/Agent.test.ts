import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import { Timer } from "@celeriac/worker/boot/Timer"
import { Connection } from "@celeriac/worker/consumer/Connection"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { settled } from "../support.ts"

const makeLogged = () => {
  const log: Array<string> = []
  const layer = Layer.effectDiscard(Effect.gen(function*() {
    const { uri } = yield* Connection
    yield* Timer
    log.push(`begins with ${uri}`)
    yield* Effect.addFinalizer(() => Effect.sync(() => void log.push("ends")))
  }))
  return { log, layer }
}

const lost = Effect.gen(function*() {
  ;(yield* MemoryBroker.MemoryBroker).faults.dropConnections("lost", ({ name }) => name === "celery@test")
  yield* TestClock.adjust("10 seconds")
  yield* settled
})

describe("an agent", () => {
  it.effect("lives with the connection, and again with the next one", () =>
    Effect.gen(function*() {
      const { layer, log } = makeLogged()
      const begins = "begins with memory://local"
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(log, [begins])
        yield* lost
        assert.deepStrictEqual(log, [begins, "ends", begins])
      }).pipe(Effect.provide(TestWorker.layer({ tasks: [], agent: layer })))
      assert.deepStrictEqual(log, [begins, "ends", begins, "ends"])
    }))

  it.effect("can be switched off", () =>
    Effect.gen(function*() {
      const { layer, log } = makeLogged()
      const worker = Worker.make({ tasks: [], agent: layer }).with({ without: ["agent"] })
      yield* Effect.provide(Effect.void, TestWorker.of(worker))
      assert.deepStrictEqual(log, [])
    }))

  it("may use what comes from outside, which is then a need of the worker, and nothing that comes after it", () => {
    class Mailer extends Context.Service<Mailer, { readonly send: Effect.Effect<void> }>()("test/Mailer") {}
    const needs = Worker.make({ tasks: [], agent: Layer.effectDiscard(Effect.andThen(Mailer, Connection)) })
    // @ts-expect-error the Mailer is not provided
    TestWorker.of(needs) satisfies Layer.Layer<TestWorker.TestWorker, unknown>
    Worker.make({
      tasks: [],
      // @ts-expect-error "The agent uses 'Tasks', which is not there when a connection begins: it may use the connection, and what steps of the Worker blueprint provide"
      agent: Layer.effectDiscard(Effect.asVoid(Tasks))
    })
  })
})
