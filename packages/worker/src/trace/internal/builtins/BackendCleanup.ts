/**
 * `celery.backend_cleanup`: drops results that are out of date, where the
 * backend does not do so by itself. Beat calls it every day at four. Source:
 * Celery's `builtins`.
 *
 * @since 0.1.0
 */
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Task from "@celeriac/tasks/Task"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export const backendCleanup = Task.make("celery.backend_cleanup").toLayer(() =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.orDie(Context.getOrUndefined(context, ResultWriter)?.cleanup ?? Effect.void)
  )
)
