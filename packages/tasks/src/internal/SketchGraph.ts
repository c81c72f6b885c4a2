/**
 * A sketch as nodes in boxes, and arrows between them: what Mermaid and DOT
 * have in common.
 */
import type { TaskState } from "../TaskState.ts"
import type { Branch, GroupSketch, Sketch } from "./Sketch.ts"

export interface Node {
  readonly id: string
  /** One below the other. */
  readonly lines: ReadonlyArray<string>
  /** `join` is where all of a group come together, `more` stands for what is not drawn. */
  readonly shape: "task" | "join" | "more"
  readonly state: TaskState | undefined
  /** It runs when another one has failed. */
  readonly isErrback: boolean
}

export interface Box {
  readonly id: string
  readonly label: string
  readonly inside: Array<Node | Box>
}

export interface Edge {
  readonly from: string
  readonly to: string
  readonly kind: "next" | Branch["kind"]
}

interface Graph {
  readonly inside: ReadonlyArray<Node | Box>
  readonly edges: ReadonlyArray<Edge>
}

export const isBox = (one: Node | Box): one is Box => "inside" in one

/** By which nodes one goes in, by which out, and which can fail. */
interface Ends {
  readonly first: ReadonlyArray<string>
  readonly last: ReadonlyArray<string>
  readonly all: ReadonlyArray<string>
}

export const make = (sketch: Sketch): Graph => {
  const edges: Array<Edge> = []
  let count = 0
  const id = (letter: string) => `${letter}${count++}`

  const put = (into: Array<Node | Box>, node: Omit<Node, "id" | "state" | "isErrback"> & Partial<Node>): Ends => {
    const made = { id: id("n"), state: undefined, isErrback: false, ...node }
    into.push(made)
    const own = [made.id]
    return { first: own, last: own, all: node.shape === "task" ? own : [] }
  }

  const arrows = (from: ReadonlyArray<string>, to: ReadonlyArray<string>, kind: Edge["kind"]): void => {
    for (const one of from) for (const other of to) edges.push({ from: one, to: other, kind })
  }

  const box = (into: Array<Node | Box>, label: string): Array<Node | Box> => {
    const inside: Array<Node | Box> = []
    into.push({ id: id("b"), label, inside })
    return inside
  }

  const group = (into: Array<Node | Box>, title: string, { members, size }: GroupSketch, isErrback: boolean): Ends => {
    const inside = box(into, `${title} of ${counted(size)}`)
    const ends = members.map((member, index) => draw(inside, member, isErrback, `${index} · `))
    const more = size - members.length
    if (more > 0) ends.push(put(inside, { lines: [moreOf(more)], shape: "more" }))
    if (ends.length === 0) ends.push(put(inside, { lines: ["empty"], shape: "more" }))
    return {
      first: ends.flatMap(({ first }) => first),
      last: ends.flatMap(({ last }) => last),
      all: ends.flatMap(({ all }) => all)
    }
  }

  /** One after the other; where several end, what comes next waits for all of them. */
  const follow = (into: Array<Node | Box>, { last }: Ends, next: Ends): void => {
    if (last.length === 1) return arrows(last, next.first, "next")
    const join = put(into, { lines: ["all"], shape: "join" })
    arrows(last, join.first, "next")
    arrows(join.first, next.first, "next")
  }

  const draw = (into: Array<Node | Box>, sketch: Sketch, isErrback: boolean, place = ""): Ends => {
    switch (sketch._tag) {
      case "Omitted":
        return put(into, { lines: [moreOf(sketch.count)], shape: "more" })
      case "Task": {
        const { after, notes, state, title } = sketch
        const own = put(into, { lines: [`${place}${title}`, ...notes], shape: "task", state, isErrback })
        branch(into, after, own, isErrback)
        return own
      }
      case "Chain": {
        const [first, ...rest] = sketch.steps.map((step, index) =>
          draw(into, step, isErrback, index === 0 ? place : "")
        )
        if (first === undefined) return put(into, { lines: ["empty chain"], shape: "more" })
        const last = rest.reduce((before, step) => (follow(into, before, step), step), first)
        const ends = { first: first.first, last: last.last, all: [first, ...rest].flatMap(({ all }) => all) }
        branch(into, sketch.after, ends, isErrback)
        return ends
      }
      case "Group": {
        const ends = group(into, `${place}group`, sketch, isErrback)
        branch(into, sketch.after, ends, isErrback)
        return ends
      }
      case "Chord": {
        const header = group(into, `${place}chord`, sketch.header, isErrback)
        const body = draw(into, sketch.body, isErrback)
        follow(into, header, body)
        const ends = { first: header.first, last: body.last, all: body.all }
        branch(into, sketch.after, ends, isErrback)
        return ends
      }
    }
  }

  /** A link follows the last of it; an errback any that may fail. */
  const branch = (into: Array<Node | Box>, after: ReadonlyArray<Branch>, ends: Ends, isErrback: boolean): void => {
    for (const { kind, to } of after) {
      const drawn = draw(into, to, isErrback || kind === "error")
      arrows(kind === "error" ? ends.all : ends.last, drawn.first, kind)
    }
  }

  const inside: Array<Node | Box> = []
  draw(inside, sketch, false)
  return { inside, edges }
}

/** `… 9,990 more`. */
export const moreOf = (count: number | undefined): string => count === undefined ? "…" : `… ${counted(count)} more`

/** `10,000`. */
export const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",")
