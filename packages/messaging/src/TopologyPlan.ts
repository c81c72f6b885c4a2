/**
 * What a broker has of a topology, and what it has not: a report as plain data,
 * to print or to write as JSON.
 *
 * Nothing is changed by looking. What is there is declared once more as it
 * should be, which a broker answers with what differs; what is not there is not
 * declared. (A queue that vanishes between the two questions comes back.) AMQP
 * does not show bindings: of them it is only known that those of what is missing
 * are missing too.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Declaration } from "./Declaration.ts"
import * as Inspection from "./internal/Inspection.ts"
import * as Properties from "./internal/Properties.ts"
import type { MessagingError } from "./MessagingError.ts"
import type { Connection } from "./Transport.ts"

export type { Difference, Status } from "./internal/Inspection.ts"

/** One declaration, and what the broker has of it. */
export interface Entry {
  readonly kind: Declaration["_tag"]
  /** `emails`; of a binding `emails <- mail 'send.#'`. */
  readonly name: string
  /** `durable, x-max-priority=10`. */
  readonly properties: string
  readonly status: Inspection.Status
  readonly differences: ReadonlyArray<Inspection.Difference>
  readonly detail: string
}

/** What is to be done, and what not. */
export interface TopologyPlan {
  /** Which broker, without a password. */
  readonly uri: string
  readonly entries: ReadonlyArray<Entry>
}

/** Looks at the broker, each time over a channel of its own: a broker closes the one by which it refuses something. */
export const make: (
  connection: Connection,
  declarations: ReadonlyArray<Declaration>
) => Effect.Effect<TopologyPlan, MessagingError> = Effect.fnUntraced(function*(connection, declarations) {
  const entries: Array<Entry> = []
  const missing = new Set<string>()
  for (const declaration of declarations) {
    const found = yield* look(connection, declaration, missing)
    if (found.status === "create") missing.add(keyOf(declaration))
    entries.push({
      kind: declaration._tag,
      name: nameOf(declaration),
      properties: propertiesOf(declaration),
      ...found
    })
  }
  return { uri: connection.uri, entries }
})

const look = (
  connection: Connection,
  declaration: Declaration,
  missing: ReadonlySet<string>
): Effect.Effect<Inspection.Found, MessagingError> => {
  switch (declaration._tag) {
    case "Exchange":
      return Inspection.exchange(connection, declaration.exchange)
    case "Queue":
      return declaration.queue.name === ""
        ? Effect.succeed(Inspection.found("create", "the broker names it"))
        : Inspection.queue(connection, declaration.queue)
    case "Binding":
    case "ExchangeBinding": {
      const ends = declaration._tag === "Binding"
        ? [`Queue ${declaration.queue.name}`, `Exchange ${declaration.binding.exchange.name}`]
        : [`Exchange ${declaration.binding.source.name}`, `Exchange ${declaration.binding.destination.name}`]
      return Effect.succeed(Inspection.found(ends.some((end) => missing.has(end)) ? "create" : "unseen"))
    }
  }
}

const keyOf = (declaration: Declaration): string => `${declaration._tag} ${nameOf(declaration)}`

/** What something is called in a plan. */
export const nameOf = (declaration: Declaration): string => {
  switch (declaration._tag) {
    case "Exchange":
      return declaration.exchange.name
    case "Queue":
      return declaration.queue.name
    case "Binding":
      return `${
        declaration.queue.name || "<named by the broker>"
      } <- ${declaration.binding.exchange.name} '${declaration.binding.routingKey}'`
    case "ExchangeBinding":
      return `${declaration.binding.destination.name} <- ${declaration.binding.source.name} '${declaration.binding.routingKey}'`
  }
}

/** What something is declared with, in words. */
export const propertiesOf = (declaration: Declaration): string => {
  switch (declaration._tag) {
    case "Exchange":
      return Properties.ofExchange(declaration.exchange)
    case "Queue":
      return Properties.ofQueue(declaration.queue)
    case "Binding":
      return Properties.ofArguments(declaration.binding.arguments).join(", ")
    case "ExchangeBinding":
      return ""
  }
}

/** How many there are of each status. */
export const count = ({ entries }: TopologyPlan, status: Inspection.Status): number =>
  entries.filter((entry) => entry.status === status).length

/** A table for people: what is to be created, what is as it should be, what differs and how. */
export const render = (plan: TopologyPlan): string => {
  const rows = [
    ["", "what", "name", "declared"],
    ...plan.entries.map((entry) => [signs[entry.status], kinds[entry.kind], entry.name, entry.properties])
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  const indent = " ".repeat((widths[0] ?? 0) + 2)
  const lines: Array<string> = []
  for (const [index, row] of rows.entries()) {
    lines.push(line(row))
    for (const note of notes(plan.entries[index - 1])) lines.push(`${indent}^ ${note}`)
  }
  const summary = summed.flatMap(([status, words]) => {
    const number = count(plan, status)
    return number === 0 ? [] : [`${number} ${words}`]
  })
  return [plan.uri, ...lines, summary.length === 0 ? "nothing is declared" : summary.join(", ")].join("\n")
}

const notes = (entry: Entry | undefined): ReadonlyArray<string> => [
  ...entry?.differences.map(({ argument, current, declared }) =>
    `${argument}: declared ${declared}, and there it is ${current}`
  ) ?? [],
  ...entry === undefined || entry.detail === "" ? [] : [entry.detail]
]

const signs: Readonly<Record<Inspection.Status, string>> = {
  create: "+ create",
  same: "= same",
  differs: "! differs",
  exists: "= exists",
  unseen: "? unseen",
  refused: "! refused"
}

const summed: ReadonlyArray<readonly [Inspection.Status, string]> = [
  ["create", "to create"],
  ["same", "as declared"],
  ["differs", "different"],
  ["exists", "not compared: the user may not configure"],
  ["refused", "not told of"],
  ["unseen", "that cannot be seen"]
]

/** In words. */
export const kinds: Readonly<Record<Entry["kind"], string>> = {
  Exchange: "exchange",
  Queue: "queue",
  Binding: "binding",
  ExchangeBinding: "binding"
}
