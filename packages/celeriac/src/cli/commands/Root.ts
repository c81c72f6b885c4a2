/** `celeriac`: what its commands share. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"

/** The module with the worker: before or behind the name of a command, as Celery has it. */
export const celeriac = Command.make("celeriac").pipe(
  Command.withDescription("Workers for task queues, in TypeScript, that speak Celery's protocol."),
  Command.withSharedFlags({
    app: Flag.String("app").pipe(
      Flag.withAlias("A"),
      Flag.withMetavar("FILE"),
      Flag.withDescription("The module that exports the worker. Default: worker.ts or worker.js, here or in src"),
      Flag.optional
    )
  })
)
