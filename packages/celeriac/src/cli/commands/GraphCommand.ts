/** `celeriac graph`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { globals } from "./Root.ts"

const flags = {
  format: Flag.Literals("format", ["mermaid", "dot", "levels"]).pipe(
    Flag.withMetavar("FORMAT"),
    Flag.withAlias("f"),
    Flag.withDescription("Mermaid for documents, dot for GraphViz, levels to read in a terminal. Default: mermaid"),
    Flag.withDefault("mermaid")
  )
}

const bootsteps = Command.make("bootsteps", flags, ({ format }) =>
  Effect.gen(function*() {
    const { app } = yield* globals
    const { draw } = yield* Effect.promise(() => import("../graph/Draw.ts"))
    yield* draw(app, format)
  })).pipe(
    Command.withDescription("Draws the boot steps of a worker, both blueprints, in boot order. Starts nothing.")
  )

const workers = Command.make("workers", flags, ({ format }) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { draw } = yield* Effect.promise(() => import("../graph/WorkersGraph.ts"))
    yield* draw(shared, format)
  })).pipe(Command.withDescription("Draws the workers that are online, with their broker and result backend."))

/** Alone it draws the boot steps. */
export const graph = Command.make("graph", flags, ({ format }) =>
  Effect.gen(function*() {
    const { app } = yield* globals
    const { draw } = yield* Effect.promise(() => import("../graph/Draw.ts"))
    yield* draw(app, format)
  })).pipe(
    Command.withDescription("Draws the boot steps of a worker, both blueprints, in boot order. Starts nothing."),
    Command.withShortDescription("Draw the boot steps of a worker, or the workers of a cluster"),
    Command.withSubcommands([bootsteps, workers]),
    Command.withExamples([
      { command: "celeriac graph -A ./worker.ts", description: "For a Markdown document" },
      {
        command: "celeriac graph bootsteps -A ./worker.ts -f dot | dot -Tsvg > steps.svg",
        description: "As a picture"
      },
      { command: "celeriac graph workers -f levels", description: "Who is online" }
    ])
  )
