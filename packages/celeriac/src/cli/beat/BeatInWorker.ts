/** `celeriac worker -B`: the scheduler of `celeriac beat` inside of a worker, over the worker's broker. */
import * as Beat from "@celeriac/worker/boot/Beat"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broker } from "../../Broker.ts"
import type * as App from "../app/App.ts"
import * as BeatParts from "./BeatParts.ts"
import { serve } from "./BeatService.ts"

/** Where neither module nor settings say what is to be sent, the module may have a scheduler of its own. */
export const layer = (
  app: Pick<App.App, "exports" | "file">,
  settings: WorkerSettings.Settings
): Layer.Layer<never, never, Broker> =>
  BeatParts.isScheduled(app.exports, settings)
    ? Beat.layer(Effect.scoped(
      Effect.flatMap(
        BeatParts.make(app, settings),
        (parts) => Effect.provideContext(serve(settings, { answersPing: false }), parts)
      )
    ))
    : Layer.empty
