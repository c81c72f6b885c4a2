/**
 * The boot graph of a blueprint that runs: each step with its state, when it
 * started, how long that took, and how often it was started again.
 *
 * Provide what `make` gives to whoever boots, as an `Observer`; a worker has one:
 * `Worker.drawing`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { BootGraph } from "./BootGraph.ts"
import * as Diagram from "./Diagram.ts"
import type { Observe, StepEvent } from "./Observer.ts"

/**
 * - `waiting`: for what it requires, or for its blueprint
 * - `restarting`: stopped, to be started again with the blueprint around it
 *
 * @category models
 * @since 0.1.0
 */
export type State =
  | "waiting"
  | "starting"
  | "running"
  | "disabled"
  | "failed"
  | "closing"
  | "stopping"
  | "restarting"
  | "stopped"

/**
 * @category models
 * @since 0.1.0
 */
export interface StepStatus {
  readonly blueprint: string
  readonly step: string
  readonly label: string
  readonly state: State
  /** When it last began to start, in milliseconds since 1970. */
  readonly startedAt: number | undefined
  /** Milliseconds from then until it was up. */
  readonly took: number | undefined
  /** How often it was started again. */
  readonly restarts: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LiveGraph {
  readonly observe: Observe
  /** The steps of a graph in boot order, those of a blueprint inside of a step after it. */
  readonly steps: (graph: BootGraph) => ReadonlyArray<StepStatus>
}

interface Known {
  state: State
  startedAt: number | undefined
  took: number | undefined
  starts: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (): LiveGraph => {
  const known = new Map<string, Known>()
  const steps = (graph: BootGraph): ReadonlyArray<StepStatus> =>
    graph.nodes.flatMap(({ definition: { child, label, name: step } }) => {
      const { starts, ...at } = known.get(keyOf(graph.name, step)) ?? unknown
      const status = { blueprint: graph.name, step, label, ...at, restarts: Math.max(0, starts - 1) }
      return child === undefined ? [status] : [status, ...steps(child.graph)]
    })
  return {
    observe: (event) => Effect.sync(() => note(known, event)),
    steps
  }
}

const unknown: Known = { state: "waiting", startedAt: undefined, took: undefined, starts: 0 }

const keyOf = (blueprint: string, step: string): string => JSON.stringify([blueprint, step])

const note = (known: Map<string, Known>, event: StepEvent): void => {
  const key = keyOf(event.blueprint, event.step)
  const now: Known = known.get(key) ?? { ...unknown }
  known.set(key, now)
  now.state = stateOf(event)
  if (event.phase === "starting") {
    now.starts++
    now.startedAt = event.at
    now.took = undefined
  } else if (event.phase === "started") now.took = event.duration
}

const stateOf = ({ phase, reason }: StepEvent): State => {
  switch (phase) {
    case "initializing":
    case "initialized":
      return "waiting"
    case "started":
      return "running"
    case "closed":
      return "closing"
    case "stopping":
    case "stopped":
      return reason?._tag === "Restart" ? "restarting" : phase
    case "shuttingDown":
      return "stopping"
    case "shutDown":
      return "stopped"
    default:
      return phase
  }
}

/**
 * A table, one step a line, what is inside of a step below it.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toText = (steps: ReadonlyArray<StepStatus>): string => {
  const blueprints = Array.from(new Set(steps.map(({ blueprint }) => blueprint)))
  const rows = [
    ["step", "state", "started", "took", "restarts"],
    ...steps.map((step) => [
      `${"  ".repeat(blueprints.indexOf(step.blueprint))}${step.label}`,
      step.state,
      step.startedAt === undefined ? "" : new Date(step.startedAt).toISOString(),
      step.took === undefined ? "" : `${step.took} ms`,
      step.restarts === 0 ? "" : String(step.restarts)
    ])
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n")
}

/**
 * A Mermaid flowchart: what is up, switched off or in trouble has its colour.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toMermaid = (graph: BootGraph, steps: ReadonlyArray<StepStatus>): string => {
  const statuses = new Map(steps.map((status) => [keyOf(status.blueprint, status.step), status]))
  const drawing = Diagram.toMermaid(graph, (blueprint, step) => {
    const status = statuses.get(keyOf(blueprint, step))
    return status === undefined ? undefined : { text: noteOf(status), style: status.state }
  })
  const used = Array.from(new Set(steps.map(({ state }) => state)))
  return [drawing, ...used.map((state) => `  classDef ${state} ${styles[state]}`)].join("\n")
}

const noteOf = ({ restarts, startedAt, state }: StepStatus): string => {
  const since = startedAt === undefined || state !== "running" ? "" : ` since ${new Date(startedAt).toISOString()}`
  return `${state}${since}${restarts === 0 ? "" : `, restarted ${restarts === 1 ? "once" : `${restarts} times`}`}`
}

const styles: Readonly<Record<State, string>> = {
  waiting: "stroke-dasharray:2",
  starting: "fill:#fff3c4",
  running: "fill:#d3f9d8",
  disabled: "fill:#eee,color:#888,stroke-dasharray:4",
  failed: "fill:#ffc9c9",
  closing: "fill:#ffe8cc",
  stopping: "fill:#ffe8cc",
  restarting: "fill:#fff3c4",
  stopped: "fill:#eee"
}
