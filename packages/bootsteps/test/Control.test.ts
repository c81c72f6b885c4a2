import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { inspect } from "node:util"
import * as Control from "../src/Control.ts"
import { MutableParent } from "../src/Parent.ts"
import * as StopReason from "../src/StopReason.ts"

describe("Control", () => {
  it.effect("keeps the first request, unless a later one escalates", () =>
    Effect.gen(function*() {
      const warm = StopReason.shutdown({ signal: "SIGTERM" })
      const cold = StopReason.terminate({ signal: "SIGQUIT" })
      const cases = [
        { asked: [], current: undefined },
        { asked: [warm], current: warm },
        { asked: [warm, StopReason.shutdown({ signal: "SIGINT" })], current: warm },
        { asked: [warm, cold], current: cold },
        { asked: [cold, warm], current: cold },
        { asked: [cold, StopReason.terminate()], current: cold }
      ]
      for (const { asked, current } of cases) {
        const control = yield* Control.make
        for (const reason of asked) yield* control.request(reason)
        assert.strictEqual(yield* control.current, current)
        assert.strictEqual(control.currentUnsafe(), current)
        if (asked[0] !== undefined) assert.strictEqual(yield* control.awaitStop, asked[0])
      }
    }))

  it.effect("lets one wait for a stop, and for a cold one", () =>
    Effect.gen(function*() {
      const control = yield* Control.make
      const stop = yield* Effect.forkChild(control.awaitStop, { startImmediately: true })
      const cold = yield* Effect.forkChild(control.awaitTerminate, { startImmediately: true })
      yield* control.request(StopReason.shutdown())
      assert.deepStrictEqual(yield* Fiber.join(stop), { _tag: "Shutdown" })
      assert.isUndefined(cold.pollUnsafe())
      yield* control.request(StopReason.terminate())
      assert.deepStrictEqual(yield* Fiber.join(cold), { _tag: "Terminate" })
    }))

  it.effect("gives up what is warm for what is cold, and only then", () =>
    Effect.gen(function*() {
      const control = yield* Control.make
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => void log.push(line))
      yield* Control.orElseTerminate(control, write("warm"), () => write("cold"))
      const running = yield* Effect.forkChild(
        Control.orElseTerminate(
          control,
          Effect.onInterrupt(Effect.never, () => write("given up")),
          () => write("cold")
        ),
        { startImmediately: true }
      )
      yield* control.request(StopReason.terminate())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["warm", "given up", "cold"])
    }))
})

describe("Parent", () => {
  it("prints as Celery's worker and consumer do", () => {
    const named = new MutableParent("Worker", "celery@host")
    assert.strictEqual(String(named), "<Worker: celery@host (initializing)>")
    const anonymous = new MutableParent("Worker", "")
    anonymous.state = "running"
    assert.strictEqual(inspect(anonymous), "<Worker (running)>")
    assert.strictEqual(JSON.stringify(anonymous), `{"name":"Worker","nodename":"","state":"running"}`)
  })
})
