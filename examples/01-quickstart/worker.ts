/**
 * A worker for the command line:
 *
 *     npx celeriac worker -A examples/01-quickstart/worker.ts -l info
 *     npx celeriac graph -A examples/01-quickstart/worker.ts
 *
 * It needs a RabbitMQ on this machine, or one named by `-b` or
 * CELERIAC_BROKER_URL. `-b memory://` boots it without any, to look at.
 */
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int
})

export default Worker.make({
  tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y))]
})
