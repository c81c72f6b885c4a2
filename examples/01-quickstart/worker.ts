/**
 * A worker for a process of its own, started by itself or by the command:
 *
 *     node_modules/.bin/node examples/01-quickstart/worker.ts
 *     npx celeriac worker -A examples/01-quickstart/worker.ts -l info
 *     npx celeriac graph -A examples/01-quickstart/worker.ts
 *
 * It needs a RabbitMQ on this machine, or one named by CELERIAC_BROKER_URL (or
 * by `-b`). `memory://` boots it without any, to look at. Ctrl-C stops it warm.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int
})

const worker = Worker.make({
  tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y))]
})

export default worker

if (import.meta.main) worker.run.pipe(Effect.provide(Broker.layerConfig()), NodeRuntime.runMain)
