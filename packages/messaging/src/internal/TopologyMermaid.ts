/** Exchanges, queues and bindings as a flowchart: messages go along the arrows, dead letters along the dotted ones. */
import type { Declaration } from "../Declaration.ts"
import type { Exchange, Queue } from "../Entity.ts"

export const draw = (declarations: ReadonlyArray<Declaration>): string => {
  const nodes: Array<string> = []
  const edges: Array<string> = []
  const ids = new Map<string, string>()
  const node = (key: string, shape: (id: string) => string): string => {
    const known = ids.get(key)
    if (known !== undefined) return known
    const id = `n${ids.size}`
    ids.set(key, id)
    nodes.push(`  ${shape(id)}`)
    return id
  }
  const exchange = ({ name, type }: Exchange) =>
    node(`exchange ${name}`, (id) => `${id}{{"${escape(name)}<br/>${type}"}}`)
  const queue = ({ arguments: args, name }: Queue) =>
    node(`queue ${name}`, (id) => `${id}[("${[name || "…", ...notes(args)].map(escape).join("<br/>")}")]`)
  for (const declaration of declarations) {
    switch (declaration._tag) {
      case "Exchange":
        exchange(declaration.exchange)
        break
      case "Queue": {
        const { deadLetters } = declaration.queue
        const from = queue(declaration.queue)
        if (deadLetters === undefined) break
        const to = deadLetters.exchange.name === "" ? queue(deadLetters) : exchange(deadLetters.exchange)
        edges.push(`  ${from} -. dead letters .-> ${to}`)
        break
      }
      case "Binding":
        edges.push(edge(
          exchange(declaration.binding.exchange),
          queue(declaration.queue),
          declaration.binding.exchange.type === "fanout" ? "" : declaration.binding.routingKey
        ))
        break
      case "ExchangeBinding":
        edges.push(edge(
          exchange(declaration.binding.source),
          exchange(declaration.binding.destination),
          declaration.binding.routingKey
        ))
    }
  }
  return ["flowchart LR", ...nodes, ...edges].join("\n")
}

const edge = (from: string, to: string, label: string): string =>
  `  ${from} -->${label === "" ? "" : `|"${escape(label)}"|`} ${to}`

/** What is worth to know of a queue at a glance. */
const notes = (args: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  shown.flatMap(([argument, words]) => argument in args ? [`${words}${String(args[argument])}`] : [])

const shown = [["x-queue-type", ""], ["x-max-priority", "priorities to "]] as const

/** Mermaid's own characters as entities. */
const escape = (text: string): string => text.replace(/[#"<>&]/g, (character) => `#${character.codePointAt(0)};`)
