/**
 * A sketch as a tree for the terminal, within a width: columns are counted as
 * terminals do, where signs of the East take two and marks none.
 */
import * as TaskState from "../TaskState.ts"
import type { Branch, Sketch } from "./Sketch.ts"
import { counted, moreOf } from "./SketchGraph.ts"

export interface Options {
  /** In columns; what is longer ends in `…`. */
  readonly width: number
  /** Whether states and errbacks have colours (ANSI). */
  readonly isColoured: boolean
}

/** How a state looks: its sign, and its colour. */
const states: Readonly<Record<string, readonly [sign: string, colour: number]>> = {
  [TaskState.SUCCESS]: ["✔", 32],
  [TaskState.FAILURE]: ["✘", 31],
  [TaskState.REVOKED]: ["⊘", 90],
  [TaskState.RETRY]: ["↻", 33],
  [TaskState.PENDING]: ["○", 90]
}

const running = ["▶", 34] as const
const red = 31
const grey = 90

interface Line {
  readonly text: string
  readonly colour: number | undefined
  readonly below: ReadonlyArray<{ readonly isDashed: boolean; readonly line: Line }>
}

export const make = (sketch: Sketch, { isColoured, width }: Options): string => {
  const out: Array<string> = []
  const write = ({ below, colour, text }: Line, before: string, indent: string): void => {
    const room = Math.max(8, width - columnsOf(before))
    const cut = fit(text, room)
    out.push(before + (isColoured && colour !== undefined ? `\u001B[${colour}m${cut}\u001B[39m` : cut))
    for (const [index, { isDashed, line }] of below.entries()) {
      const isLast = index === below.length - 1
      const corner = isLast ? "└" : "├"
      write(line, `${indent}${corner}${isDashed ? "╌" : "─"} `, `${indent}${isLast ? "   " : "│  "}`)
    }
  }
  write(lineOf(sketch, "", false), "", "")
  return out.join("\n")
}

const lineOf = (sketch: Sketch, place: string, isErrback: boolean): Line => {
  const branches = (after: ReadonlyArray<Branch>) =>
    after.map(({ kind, to }) => ({
      isDashed: true,
      line: lineOf(to, kind === "error" ? "on error " : `${kind} `, isErrback || kind === "error")
    }))
  const plain = (line: Line) => ({ isDashed: false, line })
  const colour = isErrback ? red : undefined
  switch (sketch._tag) {
    case "Omitted":
      return { text: place + moreOf(sketch.count), colour: grey, below: [] }
    case "Task": {
      const { after, notes, state, title } = sketch
      const look = state === undefined ? undefined : Object.hasOwn(states, state) ? states[state]! : running
      return {
        text: [`${look === undefined ? "" : `${look[0]} `}${place}${title}`, ...notes].join(" · "),
        colour: look?.[1] ?? colour,
        below: branches(after)
      }
    }
    case "Chain": {
      const below = sketch.steps.map((step) => plain(lineOf(step, "", isErrback)))
      return { text: `${place}chain`, colour, below: [...below, ...branches(sketch.after)] }
    }
    case "Group": {
      const below = sketch.members.map((member, index) => plain(lineOf(member, `${index} `, isErrback)))
      const more = sketch.size - sketch.members.length
      if (more > 0) below.push(plain({ text: moreOf(more), colour: grey, below: [] }))
      return { text: `${place}group of ${counted(sketch.size)}`, colour, below: [...below, ...branches(sketch.after)] }
    }
    case "Chord":
      return {
        text: `${place}chord`,
        colour,
        below: [
          plain(lineOf(sketch.header, "", isErrback)),
          plain(lineOf(sketch.body, "then ", isErrback)),
          ...branches(sketch.after)
        ]
      }
  }
}

const segments = new Intl.Segmenter("en", { granularity: "grapheme" })

/** Escapes of the terminal do nothing in a label. */
const harmless = (text: string): string => text.replace(/[\u0000-\u001F\u007F-\u009F]/g, "�")

const fit = (given: string, room: number): string => {
  const text = harmless(given)
  if (text.length <= room && columnsOf(text) <= room) return text
  let out = ""
  let columns = 0
  for (const { segment } of segments.segment(text.slice(0, room * 8))) {
    const next = columnsOf(segment)
    if (columns + next > room - 1) break
    columns += next
    out += segment
  }
  return `${out}…`
}

const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u

const columnsOf = (text: string): number => {
  if (/^[\x20-\x7E]*$/.test(text)) return text.length
  let columns = 0
  for (const { segment } of segments.segment(text)) {
    columns += wide.test(segment)
      ? 2
      : /^\p{M}+$/u.test(segment)
      ? 0
      : 1
  }
  return columns
}
