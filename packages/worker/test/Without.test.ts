import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Connection } from "@celeriac/worker/consumer/Connection"
import * as Optional from "@celeriac/worker/state/Optional"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

/** A step that can be switched off, and one of a user's that requires it. */
const make = () => {
  const log: Array<string> = []
  class Pulse extends Bootstep.Service<Pulse, { readonly beat: () => string }>()("Pulse", {
    requires: [Connection],
    enabled: WorkerSettings.takesPart("heart"),
    disabled: Effect.succeed({ beat: () => "silence" }),
    start: Effect.acquireRelease(
      Effect.succeed({ beat: () => "boom" }),
      () => Effect.sync(() => void log.push("stopped"))
    )
  }) {}
  const Listener = Bootstep.make("Listener", {
    requires: [Pulse],
    start: Effect.map(Pulse, ({ beat }) => log.push(beat()))
  })
  return { log, worker: Worker.make({ steps: { consumer: [Pulse, Listener] } }) }
}

describe("a step that is switched off", () => {
  it.effect("does not start, and who requires it finds what stands in for it", () =>
    Effect.gen(function*() {
      const { log, worker } = make()
      yield* Effect.provide(Effect.void, TestWorker.of(worker.with({ without: ["heart"] })))
      assert.deepStrictEqual(log, ["silence"])
    }))

  it.effect("takes part again when the list is empty", () =>
    Effect.gen(function*() {
      const { log, worker } = make()
      const again = worker.with({ without: ["heart", "gossip"] }).with({ settings: { without: [] } })
      yield* Effect.provide(Effect.void, TestWorker.of(again))
      assert.deepStrictEqual(log, ["boom", "stopped"])
    }))

  it("is one of those that a worker can do without", () => {
    const refused = (wrong: () => unknown, message: string) => assert.throws(wrong, message)
    // @ts-expect-error it can not be done without
    refused(() => Worker.make({ tasks: [], without: ["pool"] }), `without is ["pool"], and must be any of events,`)
    // @ts-expect-error there is no such step
    refused(() => Worker.make({ tasks: [], without: ["mingel"] }), "delayedDelivery: did you mean mingle?")
  })

  it.for(Optional.switches)("has a flag of Celery's: --$name", ({ says }) => {
    assert.include(Optional.names, says)
  })
})
