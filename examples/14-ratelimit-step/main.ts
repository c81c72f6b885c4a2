/**
 * Two workers share a rate limit, and one has it to itself when the other has
 * left.
 *
 *     node_modules/.bin/node examples/14-ratelimit-step/main.ts
 *
 * The step is in `RatelimitStep.ts`, and a test of it, on a clock that the test
 * turns, in `ratelimit.test.ts`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { RatelimitStep, render } from "./RatelimitStep.ts"

/** What was said, by all of them. */
const said: Array<string> = []

/** What the step of this node says, and nothing else. */
const logs = (name: string) =>
  Logger.layer([
    Logger.make(({ message }) => {
      const text = String(message)
      if (!text.includes("in the cluster")) return
      said.push(`${name}: ${text}`)
      process.stdout.write(`${name}: ${text}\n`)
    })
  ])

const start = (name: string) =>
  Layer.build(
    Worker.make({
      nodename: `${name}@example.com`,
      tasks: [render.toLayer(() => Effect.void)],
      settings: { heartbeatInterval: "200 millis" },
      steps: { consumer: [RatelimitStep] }
    }).layer
  ).pipe(Effect.provide(logs(name)))

const says = (beginning: string, times = 1) =>
  Effect.repeat(Effect.sleep("20 millis"), {
    until: () => said.filter((text) => text.startsWith(beginning)).length >= times
  })

const program = Effect.gen(function*() {
  yield* start("a")
  yield* Effect.scoped(Effect.all([start("b"), says("a: 2 in"), says("b: 2 in")]))
  yield* says("a: 1 in", 2)
  yield* Console.log("done")
})

program.pipe(
  Effect.scoped,
  Effect.provide(Broker.layerMemory),
  NodeRuntime.runMain
)
