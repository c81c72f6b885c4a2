/**
 * The tasks that every worker has: what Celery registers with every app. A task
 * of one's own that has the name of one of them takes its place.
 *
 * @since 0.1.0
 */
import * as CanvasTasks from "@celeriac/tasks/canvas/CanvasTasks"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BackendCleanup from "./builtins/BackendCleanup.ts"
import * as Canvases from "./builtins/Canvases.ts"
import * as ChordUnlock from "./builtins/ChordUnlock.ts"

const all = [
  CanvasTasks.accumulate,
  BackendCleanup.backendCleanup,
  Canvases.oldChain,
  Canvases.oldChord,
  ChordUnlock.chordUnlock,
  Canvases.chunks,
  Canvases.oldGroup,
  CanvasTasks.map,
  CanvasTasks.starmap
]

/** Those whose names nobody has taken. */
export const layer: Layer.Layer<never, never, TaskRegistry> = Layer.unwrap(
  Effect.map(
    TaskRegistry,
    (registry) => Layer.mergeAll(Layer.empty, ...all.filter(({ taskName }) => registry.get(taskName) === undefined))
  )
)
