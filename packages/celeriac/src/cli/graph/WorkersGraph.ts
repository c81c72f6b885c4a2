/** `celeriac graph workers`: the workers that are online, with their broker, as a drawing. */
import { Transport } from "@celeriac/messaging/Transport"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { inOneLine } from "../../internal/Harmless.ts"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import { unavailable } from "../output/CliFailure.ts"
import * as Print from "../output/Print.ts"
import type { Format } from "./Draw.ts"

interface Node {
  readonly name: string
  readonly slots: string
}

export const draw = (globals: Globals, format: Format) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const remote = yield* RemoteControl.make
      const broker = (yield* Transport).uri
      const backend = (yield* ResultReader).uri
      const stats = yield* Effect.mapError(
        remote.inspect.stats({}, { deadline: "4 seconds" }),
        (error) => unavailable(error.message)
      )
      const nodes = Object.entries(stats).flatMap(([name, answer]): ReadonlyArray<Node> => {
        if (Result.isFailure(answer)) return []
        const { pool } = answer.success
        return [{ name, slots: typeof pool === "object" ? String(pool["max-concurrency"] ?? "?") : "?" }]
      }).toSorted((one, other) => one.name < other.name ? -1 : 1)
      if (nodes.length === 0) return yield* Effect.fail(unavailable("No nodes replied within time constraint"))
      yield* Print.line(render(format, broker, backend, nodes))
    }).pipe(Effect.provide(Verb.broker(verb)), Effect.scoped))

const render = (format: Format, broker: string, backend: string, nodes: ReadonlyArray<Node>): string => {
  const quoted = (text: string) => JSON.stringify(text)
  const label = ({ name, slots }: Node) => `${inOneLine(name)} (${slots} ${slots === "1" ? "slot" : "slots"})`
  switch (format) {
    case "mermaid":
      return [
        "flowchart LR",
        `  broker((${quoted(broker)}))`,
        `  backend[(${quoted(backend)})]`,
        ...nodes.flatMap((node, at) => [
          `  w${at}[${quoted(label(node))}]`,
          `  w${at} --> broker`,
          `  w${at} --> backend`
        ])
      ].join("\n")
    case "dot":
      return [
        "digraph workers {",
        "  rankdir=LR",
        `  broker [shape=circle, label=${quoted(broker)}]`,
        `  backend [shape=folder, label=${quoted(backend)}]`,
        ...nodes.flatMap((node, at) => [
          `  w${at} [shape=box, label=${quoted(label(node))}]`,
          `  w${at} -> broker`,
          `  w${at} -> backend`
        ]),
        "}"
      ].join("\n")
    case "levels":
      return [broker, ...nodes.map((node, at) => `${at === nodes.length - 1 ? "└─" : "├─"} ${label(node)}`)].join("\n")
  }
}
