/**
 * Steps with options of their own, typed, and steps that require what not every
 * worker has: the autoscaler and the file of state.
 *
 *     node_modules/.bin/node examples/16-step-options/main.ts
 *
 * The worker is run twice over one file, and remembers; then once without any of
 * it, where the same steps find what stands in for both.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Autoscaler from "celeriac/Autoscaler"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as LogFormat from "celeriac/LogFormat"
import * as StateDB from "celeriac/StateDB"
import * as StepOption from "celeriac/StepOption"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

// #region option
const EnableMyOption = StepOption.make("enableMyOption", Schema.Boolean, {
  default: false,
  doc: "Whether there is a party."
})

const MyBootstep = Bootstep.make("MyBootstep", {
  requires: [EnableMyOption],
  start: Effect.gen(function*() {
    if (yield* EnableMyOption) yield* Console.log("Party!")
  })
})
// #endregion

// #region autoscaler
const Guests = StepOption.make("guests", Schema.Int.check(Schema.isGreaterThan(0)), {
  doc: "How many tasks may run at once tonight."
})

const Seating = Bootstep.make("Seating", {
  requires: [Autoscaler.Autoscaler, Guests],
  start: Effect.gen(function*() {
    const autoscaler = yield* Autoscaler.Autoscaler
    if (!autoscaler.isEnabled) return yield* Console.log("The pool keeps its size")
    const { max, min } = yield* autoscaler.update(yield* Guests)
    yield* Console.log(`Between ${min} and ${max} slots`)
  })
})
// #endregion

// #region statedb
const BootCount = Bootstep.make("BootCount", {
  requires: [StateDB.StateDB],
  start: Effect.gen(function*() {
    const { file, keep } = yield* StateDB.StateDB
    const kept = keep("example/BootCount")
    const before = new Map(yield* kept.entries).get("count") ?? 0
    yield* kept.put("count", Number(before) + 1)
    yield* Console.log(`Booted ${before} times before, kept ${file === undefined ? "in memory" : "in a file"}`)
  })
})
// #endregion

// #region given
const worker = Worker.make({
  steps: { worker: [MyBootstep, Seating, BootCount] },
  options: { guests: 12 } // has no default, and must be given; `enableMyOption` may be
})

const party = worker.with({ options: { enableMyOption: true } })
// #endregion

// #region wrong
// An option that must be given and is not, and one that no step has: neither compiles.
export const misspelt = () =>
  // @ts-expect-error 'guest' does not exist, and 'guests' is missing
  Worker.make({ steps: { worker: [Seating] }, options: { guest: 12 } })
// #endregion

const folder = mkdtempSync(join(tmpdir(), "celeriac-example-"))
const settings = { autoscale: { max: 8, min: 2 }, stateDb: join(folder, "%n.state") }
const boot = (definition: typeof worker) => Effect.provide(Effect.void, definition.layer)

boot(party.with({ settings })).pipe(
  Effect.andThen(boot(party.with({ settings }))),
  Effect.andThen(boot(worker)),
  Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true }))),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "error" }))),
  NodeRuntime.runMain
)
