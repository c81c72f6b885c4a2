/** Prints the boot graph of a worker. */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import type { BootGraph } from "@celeriac/bootsteps/BootGraph"
import * as Graph from "@celeriac/bootsteps/BootGraph"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as App from "../app/App.ts"
import type { CliFailure } from "../output/CliFailure.ts"

export type Format = "mermaid" | "dot" | "levels"

export const draw = (app: Option.Option<string>, format: Format): Effect.Effect<void, CliFailure> =>
  Effect.flatMap(App.load(app), ({ worker }) => Console.log(render(worker.blueprint, format)))

const render = (blueprint: Blueprint.Any, format: Format): string => {
  switch (format) {
    case "mermaid":
      return Blueprint.toMermaid(blueprint)
    case "dot":
      return Blueprint.toGraphViz(blueprint)
    case "levels":
      return levels(blueprint.graph).join("\n")
  }
}

/** One level a line, numbered; what may start together stands side by side. */
const levels = (graph: BootGraph): ReadonlyArray<string> => [
  graph.name,
  ...Graph.levels(graph).map((labels, index) => `${String(index + 1).padStart(3)}  ${labels.join(", ")}`),
  ...graph.nodes.flatMap(({ definition }) =>
    definition.child === undefined ? [] : ["", ...levels(definition.child.graph)]
  )
]
