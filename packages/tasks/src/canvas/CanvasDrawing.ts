/**
 * Draws a canvas: before it ran, what runs after what and what if it fails;
 * after, what became of each of its tasks.
 *
 * ```ts
 * Canvas.draw(report, { format: "mermaid" })
 * yield* Canvas.draw(yield* client.delay(report))
 * ```
 *
 * Arrows go as tasks do. A dashed one goes to what is linked, or was sent while a
 * task ran; a red one to what runs after a failure. Where all of a group come
 * together (a chord), they meet in one point. However large the canvas is, the
 * drawing is not: a group of 10,000 has ten members and "… 9,990 more". It is
 * `Canvas.draw`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ResultSketch from "../internal/ResultSketch.ts"
import * as Sketch from "../internal/Sketch.ts"
import * as SketchPictures from "../internal/SketchPictures.ts"
import * as SketchTree from "../internal/SketchTree.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import type { ResultError } from "../result/ResultError.ts"
import type { AnyIdentified } from "../ResultBase.ts"

/** What is drawn before it ran: a signature of any kind, or one as it stands in messages. */
export type Drawable = SignatureJson | { readonly toJSON: () => SignatureJson }

export interface Options {
  /** `text` is a tree for the terminal. Default `text`. */
  readonly format?: "mermaid" | "dot" | "text" | undefined
  /** How many members of a group are drawn, and steps of a chain. Default 10. */
  readonly most?: number | undefined
  /** Of text, in columns; what is longer ends in `…`. Default 100. */
  readonly width?: number | undefined
  /** Whether text has colours, as terminals know them. Default false. */
  readonly colour?: boolean | undefined
}

export interface ResultOptions extends Options {
  /**
   * What else is known of a task, by its id: its name where records do not say it,
   * and how long it took, which they never do. `ClusterState` knows of every task
   * whose events it heard: `(id) => state.task(id)`.
   */
  readonly known?: ResultSketch.Knows | undefined
}

/** A canvas that did not run yet. Throws a `TaskError` when a signature makes no sense. */
export function draw(canvas: Drawable, options?: Options): string
/** The tasks of a result, with what they follow and what they sent: states, times and workers, as they are now. */
export function draw(result: AnyIdentified, options?: ResultOptions): Effect.Effect<string, ResultError>
export function draw(
  given: Drawable | AnyIdentified,
  options: ResultOptions = {}
): string | Effect.Effect<string, ResultError> {
  const bounds = { most: Math.max(1, Math.floor(options.most ?? 10)), left: mostTasks, looks: mostLooks }
  const write = (sketch: Sketch.Sketch): string => formats[options.format ?? "text"](sketch, options)
  if ("asTuple" in given) {
    return Effect.map(ResultSketch.make(given, bounds, options.known ?? unknown), write)
  }
  return write(Sketch.ofCanvas("toJSON" in given ? given.toJSON() : given, bounds))
}

/** Of all that is drawn. */
const mostTasks = 500

/** Of what is there, and more than any canvas has. */
const mostLooks = 200_000

const unknown = () => undefined

const formats: Readonly<Record<NonNullable<Options["format"]>, (sketch: Sketch.Sketch, options: Options) => string>> = {
  mermaid: SketchPictures.toMermaid,
  dot: SketchPictures.toGraphViz,
  text: (sketch, { colour = false, width = 100 }) => SketchTree.make(sketch, { width, isColoured: colour })
}
