/**
 * A sketch as Mermaid, for documents, and as DOT, for GraphViz. Arrows go as
 * tasks do; dashed ones to what is linked, red ones to what runs after a failure.
 */
import * as TaskState from "../TaskState.ts"
import type { Sketch } from "./Sketch.ts"
import * as SketchGraph from "./SketchGraph.ts"

/** How a state looks: fill and edge. */
const colours: Readonly<Record<string, readonly [fill: string, edge: string]>> = {
  [TaskState.SUCCESS]: ["#e6f4ea", "#2e7d32"],
  [TaskState.FAILURE]: ["#fdecea", "#c62828"],
  [TaskState.REVOKED]: ["#eeeeee", "#757575"],
  [TaskState.RETRY]: ["#fff4e5", "#e67700"],
  [TaskState.PENDING]: ["#ffffff", "#9e9e9e"]
}

/** Of one that runs, and of states that an application made up. */
const running = ["#e8f0fe", "#1a73e8"] as const

const red = "#c62828"

export const toMermaid = (sketch: Sketch): string => {
  const { edges, inside } = SketchGraph.make(sketch)
  const classes = new Map<string, string>()
  const lines = ["flowchart TB"]
  const classOf = ({ isErrback, shape, state }: SketchGraph.Node): string => {
    const [name, look] = shape === "more"
      ? ["more", "stroke-dasharray:3 3,fill:none"]
      : state !== undefined
      ? [stateClass(state), `fill:${colourOf(state)[0]},stroke:${colourOf(state)[1]}`]
      : isErrback
      ? ["errback", `stroke:${red},color:${red}`]
      : ["", ""]
    if (name === "") return ""
    classes.set(name, look)
    return `:::${name}`
  }
  const write = (all: ReadonlyArray<SketchGraph.Node | SketchGraph.Box>, indent: string): void => {
    for (const one of all) {
      if (SketchGraph.isBox(one)) {
        lines.push(`${indent}subgraph ${one.id}["${escape(one.label)}"]`)
        write(one.inside, `${indent}  `)
        lines.push(`${indent}end`)
        continue
      }
      const label = `"${one.lines.map(escape).join("<br/>")}"`
      lines.push(`${indent}${one.id}${one.shape === "join" ? `((${label}))` : `[${label}]`}${classOf(one)}`)
    }
  }
  write(inside, "  ")
  for (const { from, kind, to } of edges) lines.push(`  ${from} ${arrows[kind]} ${to}`)
  const errors = edges.flatMap(({ kind }, index) => kind === "error" ? [index] : [])
  if (errors.length > 0) lines.push(`  linkStyle ${errors.join(",")} stroke:${red},color:${red}`)
  for (const [name, look] of classes) lines.push(`  classDef ${name} ${look}`)
  return lines.join("\n")
}

const arrows: Readonly<Record<SketchGraph.Edge["kind"], string>> = {
  next: "-->",
  link: "-. link .->",
  error: "-. on error .->",
  sent: "-. sent .->"
}

export const toGraphViz = (sketch: Sketch): string => {
  const { edges, inside } = SketchGraph.make(sketch)
  const lines = ["digraph canvas {", `  node [shape=box, style="rounded,filled", fillcolor=white]`]
  const write = (all: ReadonlyArray<SketchGraph.Node | SketchGraph.Box>, indent: string): void => {
    for (const one of all) {
      if (SketchGraph.isBox(one)) {
        lines.push(`${indent}subgraph ${quote(`cluster_${one.id}`)} {`, `${indent}  label=${quote(one.label)}`)
        write(one.inside, `${indent}  `)
        lines.push(`${indent}}`)
        continue
      }
      lines.push(`${indent}${one.id} [label=${quote(...one.lines)}${lookOf(one)}]`)
    }
  }
  write(inside, "  ")
  for (const { from, kind, to } of edges) lines.push(`  ${from} -> ${to}${edgeLooks[kind]}`)
  lines.push("}")
  return lines.join("\n")
}

const edgeLooks: Readonly<Record<SketchGraph.Edge["kind"], string>> = {
  next: "",
  link: ` [style=dashed, label="link"]`,
  error: ` [style=dashed, label="on error", color="${red}", fontcolor="${red}"]`,
  sent: ` [style=dashed, label="sent"]`
}

const lookOf = ({ isErrback, shape, state }: SketchGraph.Node): string => {
  if (shape === "more") return ", style=dashed"
  if (shape === "join") return ", shape=circle"
  if (state !== undefined) return `, fillcolor="${colourOf(state)[0]}", color="${colourOf(state)[1]}"`
  return isErrback ? `, color="${red}", fontcolor="${red}"` : ""
}

const colourOf = (state: TaskState.TaskState) => Object.hasOwn(colours, state) ? colours[state]! : running

const stateClass = (state: TaskState.TaskState): string =>
  Object.hasOwn(colours, state) ? state.toLowerCase() : "running"

const quote = (...lines: ReadonlyArray<string>): string =>
  `"${lines.map((line) => line.replace(/[\\"]/g, "\\$&")).join("\\n")}"`

/** Neither HTML nor Markdown, nor an end of the label. */
const escape = (text: string): string => text.replace(/[#"<>&`]/g, (sign) => `#${sign.charCodeAt(0)};`)
