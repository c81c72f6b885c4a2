/** `celeriac graph`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { globals } from "./Root.ts"

export const graph = Command.make("graph", {
  format: Flag.Literals("format", ["mermaid", "dot", "levels"]).pipe(
    Flag.withAlias("f"),
    Flag.withDescription("Mermaid for documents, dot for GraphViz, levels to read in a terminal"),
    Flag.withDefault("mermaid")
  )
}, ({ format }) =>
  Effect.gen(function*() {
    const { app } = yield* globals
    const { draw } = yield* Effect.promise(() => import("../Draw.ts"))
    yield* draw(app, format)
  })).pipe(
    Command.withDescription("Draws the boot steps of a worker, both blueprints, in boot order. Starts nothing."),
    Command.withShortDescription("Draw the boot steps of a worker"),
    Command.withExamples([
      { command: "celeriac graph -A ./worker.ts", description: "For a Markdown document" },
      { command: "celeriac graph -A ./worker.ts --format dot | dot -Tsvg > steps.svg", description: "As a picture" }
    ])
  )
