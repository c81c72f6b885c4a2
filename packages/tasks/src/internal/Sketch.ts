/**
 * What is drawn of a canvas, before it is Mermaid, DOT or text: its tasks, what
 * holds them together, and what is linked to them. Bounded, whatever it is made of.
 */
import { flat, isSignature, kindOf, linksOf, membersOf, stepsOf } from "../canvas/CanvasShape.ts"
import * as PythonRepr from "../protocol/PythonRepr.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import type { TaskState } from "../TaskState.ts"

export type Sketch = TaskSketch | ChainSketch | GroupSketch | ChordSketch | Omitted

interface TaskSketch {
  readonly _tag: "Task"
  /** The call: `proj.add(2, 2)`. */
  readonly title: string
  /** What else there is to be said, each short. */
  readonly notes: ReadonlyArray<string>
  /** Of one that was sent. */
  readonly state: TaskState | undefined
  readonly after: ReadonlyArray<Branch>
}

interface ChainSketch {
  readonly _tag: "Chain"
  readonly steps: ReadonlyArray<Sketch>
  readonly after: ReadonlyArray<Branch>
}

export interface GroupSketch {
  readonly _tag: "Group"
  /** Of how many it is, of which not all are drawn. */
  readonly size: number
  readonly members: ReadonlyArray<Sketch>
  readonly after: ReadonlyArray<Branch>
}

interface ChordSketch {
  readonly _tag: "Chord"
  readonly header: GroupSketch
  readonly body: Sketch
  readonly after: ReadonlyArray<Branch>
}

/** What is not drawn: so many, or nobody has counted. */
export interface Omitted {
  readonly _tag: "Omitted"
  readonly count: number | undefined
}

/** What comes of it besides: linked to it, for its failure, or sent by it while it ran. */
export interface Branch {
  readonly kind: "link" | "error" | "sent"
  readonly to: Sketch
}

/** How much is drawn. */
export interface Bounds {
  /** Of the members of a group, and of the steps of a chain. */
  readonly most: number
  /** Of all. */
  left: number
  /** How many more are looked at: what is drawn may hold itself. */
  looks: number
}

/** In one another: deeper than any workflow. */
export const deepest = 32

export const omitted = (count?: number): Omitted => ({ _tag: "Omitted", count })

/** Takes one of those that may be drawn; false when there are none left. */
export const take = (bounds: Bounds): boolean => bounds.left > 0 && bounds.left-- > 0

/** Of a signature, as it will run. What is none, in it, is left out: whoever sends it is told. */
export const ofCanvas = (signature: SignatureJson, bounds: Bounds): Sketch => sketch(signature, bounds, 0, false)

/** A chain or a group, with lists in it, and signatures in those. */
const sound = (signature: SignatureJson, bounds: Bounds): SignatureJson => {
  const look = (one: SignatureJson, depth: number): SignatureJson => {
    const kind = kindOf(one)
    if (kind !== "chain" && kind !== "group") return one
    const tasks = depth > deepest ? [] : signatures(one.kwargs?.tasks).filter(() => bounds.looks-- > 0)
    return { ...one, kwargs: { tasks: tasks.map((task) => look(task, depth + 1)) } }
  }
  return look(signature, 0)
}

/** `isFed` says that the result of the one before stands in front of its arguments. */
const sketch = (signature: SignatureJson, bounds: Bounds, depth: number, isFed: boolean): Sketch => {
  if (depth > deepest || !take(bounds)) return omitted()
  const inside = (one: SignatureJson, isFed: boolean) => sketch(one, bounds, depth + 1, isFed)
  const after = (): ReadonlyArray<Branch> => [
    ...branches(linksOf(signature, "link"), "link", inside),
    ...branches(linksOf(signature, "link_error"), "error", inside)
  ]
  switch (kindOf(signature)) {
    case "chain": {
      const steps = stepsOf(membersOf(sound(signature, bounds)))
      const all = shown(steps, bounds.most, true).map((step, index) =>
        "_tag" in step ? step : inside(step, isFed || index > 0)
      )
      return { _tag: "Chain", steps: all, after: after() }
    }
    case "group":
      return { ...group(signature, bounds, isFed, inside), after: after() }
    case "chord": {
      const { body, header } = signature.kwargs ?? {}
      const tasks = isCall(header) ? header.kwargs?.tasks : header
      return {
        _tag: "Chord",
        header: group({ task: "celery.group", kwargs: { tasks } }, bounds, isFed, inside),
        body: isCall(body) ? inside(body, true) : omitted(),
        after: after()
      }
    }
    default:
      return {
        _tag: "Task",
        title: titleOf(signature, isFed),
        notes: notesOf(signature),
        state: undefined,
        after: after()
      }
  }
}

type Inside = (one: SignatureJson, isFed: boolean) => Sketch

const group = (
  signature: SignatureJson,
  bounds: Bounds,
  isFed: boolean,
  inside: Inside
): GroupSketch => {
  const all = flat(membersOf(sound(signature, bounds)))
  return {
    _tag: "Group",
    size: all.length,
    members: all.slice(0, shownOf(all.length, bounds.most)).map((member) => inside(member, isFed)),
    after: []
  }
}

const branches = (links: ReadonlyArray<unknown>, kind: Branch["kind"], inside: Inside): ReadonlyArray<Branch> =>
  shown(signatures(links), 10).map((link) => ({ kind, to: "_tag" in link ? link : inside(link, true) }))

/** The first of them, and where there are more, how many; at an end that matters, the last one too. */
export const shown = <A>(all: ReadonlyArray<A>, most: number, withLast = false): ReadonlyArray<A | Omitted> => {
  const count = shownOf(all.length, most)
  if (count === all.length) return all
  return withLast
    ? [...all.slice(0, count - 1), omitted(all.length - count), ...all.slice(-1)]
    : [...all.slice(0, count), omitted(all.length - count)]
}

/** To leave out one saves nothing. */
export const shownOf = (count: number, most: number): number => count <= most + 1 ? count : most

const signatures = (values: unknown): ReadonlyArray<SignatureJson> => Array.isArray(values) ? values.filter(isCall) : []

const isCall = (value: unknown): value is SignatureJson => isSignature(value) && typeof value.task === "string"

const titleOf = ({ args, immutable, kwargs, task }: SignatureJson, isFed: boolean): string => {
  const own = kwargs ?? {}
  if (/^celery\.(map|starmap|chunks)$/.test(task) && isCall(own.task) && Array.isArray(own.it)) {
    const by = typeof own.n === "number" ? ` by ${own.n}` : ""
    return `${task.slice("celery.".length)} ${own.task.task} over ${own.it.length}${by}`
  }
  return immutable === true
    ? `${task}.si${callOf([], args ?? [], own)}`
    : `${task}${callOf(isFed ? ["…"] : [], args ?? [], own)}`
}

/** `(2, y=3)`, cut where it gets long. */
export const callOf = (
  before: ReadonlyArray<string>,
  args: ReadonlyArray<unknown>,
  kwargs: Readonly<Record<string, unknown>>
): string => {
  const parts = [...before]
  for (const value of args) parts.push(PythonRepr.safe(value, { maxLength: 24 }))
  for (const [name, value] of Object.entries(kwargs)) parts.push(`${name}=${PythonRepr.safe(value, { maxLength: 24 })}`)
  return `(${short(parts.join(", "), 48)})`
}

/** In one line, and not longer than this. */
export const short = (text: string, most: number): string => {
  const line = text.slice(0, most + 1).replace(/\s+/g, " ")
  return line.length > most || text.length > most ? `${line.slice(0, most - 1)}…` : line
}

const notesOf = ({ options }: SignatureJson): ReadonlyArray<string> => {
  const { countdown, queue } = options ?? {}
  return [
    ...typeof queue === "string" && queue !== "" ? [`queue ${short(queue, 32)}`] : [],
    ...typeof countdown === "number" && countdown > 0 ? [`in ${countdown} s`] : []
  ]
}
