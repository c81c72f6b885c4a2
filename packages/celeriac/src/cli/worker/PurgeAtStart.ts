/** `worker --purge`: empties the queues of a worker before it consumes from them, however long the broker is away. */
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as TaskQueues from "@celeriac/tasks/Queues"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as StandardConsole from "../../internal/StandardConsole.ts"

type Settings = Pick<WorkerSettings.Settings, "connectionMaxRetries" | "excludeQueues" | "queues">

/** Says how many messages there were, in Celery's words; of none it says nothing. */
export const purge = ({ connectionMaxRetries, excludeQueues, queues }: Settings) =>
  Effect.gen(function*() {
    const known = yield* TaskQueues.make
    const listed = queues?.map((name) => known.get(name)?.name ?? name) ??
      [known.default, ...known.configured].map(({ name }) => name)
    const remote = yield* RemoteControl.make
    const count = yield* remote.purge(listed.filter((name) => !excludeQueues.includes(name))).pipe(
      Effect.tapError((error) => Effect.logError(`purge: ${error.message}`)),
      Effect.retry({
        while: (error) => error.isRecoverable,
        schedule: Schedule.spaced("1 second"),
        ...(connectionMaxRetries === 0 ? {} : { times: connectionMaxRetries })
      })
    )
    if (count > 0) {
      yield* StandardConsole.print(`purge: Erased ${count} ${count === 1 ? "message" : "messages"} from the queue.\n`)
    }
  }).pipe(Effect.scoped)
