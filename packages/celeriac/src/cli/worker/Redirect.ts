/**
 * What tasks say by `console` as lines of the log, with the task that says it:
 * Celery's `worker_redirect_stdouts`. In a log file they are then too, and of a
 * worker in the background nothing else would be left of them. What steps and
 * modules say is the program's own, and stays where it is.
 */
import { TaskOfLine } from "@celeriac/worker/state/LogFields"
import type * as LogSettings from "@celeriac/worker/state/LogSettings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { format } from "node:util"
import * as CurrentTask from "../../internal/CurrentTask.ts"
import * as StandardConsole from "../../internal/StandardConsole.ts"
import * as LogFormat from "../../LogFormat.ts"

/** Until the layer is closed; by the loggers that are there. */
export const layer = (level: LogSettings.Level): Layer.Layer<never> =>
  Layer.effectDiscard(Effect.contextWith((context) => {
    const run = Effect.runSyncWith(context)
    const said = (words: ReadonlyArray<unknown>): boolean => {
      const task = CurrentTask.current()
      if (task === undefined) return false
      const line = Effect.logWithLevel(LogFormat.levelOf(level))(format(...words))
      run(Effect.provideService(line, TaskOfLine, task))
      return true
    }
    return Effect.acquireRelease(
      Effect.sync(() => StandardConsole.takeOver(said)),
      (giveBack) => Effect.sync(giveBack)
    )
  }))
