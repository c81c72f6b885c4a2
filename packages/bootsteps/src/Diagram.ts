/**
 * Boot graphs as pictures: Mermaid for documents, GraphViz for `dot`.
 *
 * Arrows point in boot order, from what must be up to what waits for it; one that
 * follows from others is left out. A nested blueprint is drawn inside its own
 * box, entered from the step that runs it. As in Celery, `∘` marks a conditional
 * step and `⧉` the last one.
 *
 * @since 0.1.0
 */
import type { BootGraph } from "./BootGraph.ts"

/**
 * What is written below the name of a step, and the class that it is drawn with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Note {
  readonly text: string
  readonly style: string
}

/**
 * `note` says what there is to be said of a step.
 *
 * @category drawing
 * @since 0.1.0
 */
export const toMermaid = (
  graph: BootGraph,
  note: (blueprint: string, step: string) => Note | undefined = () => undefined
): string => {
  const lines = ["flowchart TB"]
  const { boxes, edges } = lay(graph)
  for (const box of boxes) {
    lines.push(`  subgraph ${box.id}["${escapeMermaid(box.name)}"]`)
    for (const node of box.nodes) {
      const said = note(box.name, node.step)
      const below = said === undefined ? "" : `<br/>${escapeMermaid(said.text)}`
      lines.push(
        `    ${node.id}["${escapeMermaid(node.label)}${below}"]${said === undefined ? "" : `:::${said.style}`}`
      )
    }
    lines.push("  end")
  }
  for (const edge of edges) lines.push(`  ${edge.from} ${edge.kind === "requires" ? "-->" : "-.->"} ${edge.to}`)
  return lines.join("\n")
}

/**
 * @category drawing
 * @since 0.1.0
 */
export const toGraphViz = (graph: BootGraph): string => {
  const lines = [`digraph ${quote(graph.name)} {`, "  node [shape=box]"]
  const { boxes, edges } = lay(graph)
  for (const box of boxes) {
    lines.push(`  subgraph ${quote(`cluster_${box.id}`)} {`, `    label=${quote(box.name)}`)
    for (const node of box.nodes) lines.push(`    ${node.id} [label=${quote(node.label)}]`)
    lines.push("  }")
  }
  for (const edge of edges) {
    lines.push(`  ${edge.from} -> ${edge.to}${edge.kind === "requires" ? "" : " [style=dashed]"}`)
  }
  lines.push("}")
  return lines.join("\n")
}

interface Box {
  readonly id: string
  readonly name: string
  readonly nodes: ReadonlyArray<{ readonly id: string; readonly step: string; readonly label: string }>
}

interface Edge {
  readonly from: string
  readonly to: string
  /** `last`: waits only because it is the last. `runs`: from a step to what starts first inside it. */
  readonly kind: "requires" | "last" | "runs"
}

const lay = (graph: BootGraph): { readonly boxes: ReadonlyArray<Box>; readonly edges: ReadonlyArray<Edge> } => {
  const boxes: Array<Box> = []
  const edges: Array<Edge> = []
  /** Draws one blueprint, and returns the nodes that start first in it. */
  const draw = (graph: BootGraph): ReadonlyArray<string> => {
    const box = `b${boxes.length}`
    const id = (index: number) => `${box}s${index}`
    boxes.push({
      id: box,
      name: graph.name,
      nodes: graph.nodes.map(({ definition }, index) => ({
        id: id(index),
        step: definition.name,
        label: `${definition.conditional ? "∘" : ""}${definition.last ? "⧉" : ""}${definition.label}`
      }))
    })
    const provides = (index: number) => graph.nodes[index]!.definition.provides?.key
    const nearest = nearestNeeds(graph)
    for (const [index, { definition }] of graph.nodes.entries()) {
      const required = new Set(definition.requires.map((tag) => tag.key))
      for (const need of nearest[index]!) {
        const service = provides(need)
        const kind = service !== undefined && required.has(service) ? "requires" : "last"
        edges.push({ from: id(need), to: id(index), kind })
      }
      if (definition.child === undefined) continue
      for (const first of draw(definition.child.graph)) edges.push({ from: id(index), to: first, kind: "runs" })
    }
    return graph.nodes.flatMap((node, index) => node.needs.length === 0 ? [id(index)] : [])
  }
  draw(graph)
  return { boxes, edges }
}

/** What each step waits for, without what that waits for itself. */
const nearestNeeds = ({ nodes }: BootGraph): ReadonlyArray<ReadonlyArray<number>> => {
  const before: Array<Set<number>> = []
  return nodes.map(({ needs }) => {
    const further = new Set(needs.flatMap((need) => Array.from(before[need]!)))
    before.push(new Set([...needs, ...further]))
    return needs.filter((need) => !further.has(need))
  })
}

const quote = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`

const escapeMermaid = (text: string): string => text.replaceAll("\"", "#quot;")
