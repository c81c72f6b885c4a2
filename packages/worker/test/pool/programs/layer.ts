/** A worker whose handlers' layer fails. */
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const task = Task.make("task")

export default Worker.make({
  tasks: [Layer.provide(task.toLayer(() => Effect.void), Layer.effectDiscard(Effect.fail("the database is away")))]
})
