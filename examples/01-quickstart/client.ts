/**
 * Sends a task to the worker of `worker.ts`, and waits for its result:
 *
 *     CELERIAC_BROKER_URL=amqp://localhost node client.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as Task from "celeriac/Task"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

export const program = Effect.gen(function*() {
  const client = yield* Client.Client
  const sum = yield* client.execute(add, { x: 2, y: 3 }, { timeout: "10 seconds" })
  yield* Console.log(`2 + 3 = ${sum}`)
})

if (import.meta.main) program.pipe(Effect.provide(Broker.layerConfig()), NodeRuntime.runMain)
