/**
 * Puts tasks into a chain as Celery's `chain(a, b, c)` does: chains in it are
 * spliced, a group of one is its member, and a group that is followed becomes a
 * chord, whose body what comes behind is added to.
 */
import * as Callback from "../Callback.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as Composed from "./Composed.ts"
import type { Signed } from "./Signed.ts"

/** What comes of several tasks in a row. */
export const fold = (tasks: ReadonlyArray<Signed>): Signed => {
  const folding = new Folding()
  for (const task of tasks) folding.add(task)
  return folding.end()
}

class Folding {
  private readonly steps: Array<Signed> = []
  /** It began with a group: there is no chain around it until something makes one. */
  private isBare = false

  add(given: Signed): void {
    const task = unrolled(given)
    const { steps } = this
    const last = steps.at(-1)
    if (Composed.isChain(task)) {
      for (const step of unchained(task)) this.add(step)
    } else if (last === undefined) {
      this.isBare = Composed.isGroup(task)
      steps.push(task)
    } else if (Composed.isGroup(last)) {
      steps.pop()
      const chord = Composed.make({ kind: "chord", header: last.shape.tasks, body: task }, last.options)
      const before = steps.at(-1)
      if (before !== undefined && Composed.isChord(before)) {
        steps.pop()
        steps.push(withBody(before, chord))
      } else steps.push(chord)
    } else if (Composed.isChord(last)) {
      if (Composed.isGroup(task) && this.isBare) {
        this.isBare = false
        steps.push(task)
      } else if (Composed.isChord(task) && !this.isBare) steps.push(task)
      else {
        steps.pop()
        steps.push(withBody(last, task))
      }
    } else steps.push(task)
  }

  end(): Signed {
    const [first] = this.steps
    return this.isBare && this.steps.length === 1 && first !== undefined
      ? first
      : Composed.make({ kind: "chain", tasks: this.steps })
  }
}

const withBody = (chord: Composed.Composed & { readonly shape: Composed.Chord }, next: Signed): Signed =>
  new Composed.Composed(chord.state, { ...chord.shape, body: behind(chord.shape.body, next) })

/** Celery's `|`. */
const behind = (first: Signed, next: Signed): Signed => {
  if (Composed.isChord(first) && !Composed.isGroup(next)) return withBody(first, next)
  return fold([first, next])
}

const unrolled = (task: Signed): Signed => {
  if (!Composed.isGroup(task)) return task
  const { isList = false, tasks } = task.shape
  return tasks.length === 1 && !isList ? tasks[0]! : task
}

/** The steps of a chain inside of another: its callbacks go to its last, its errbacks to each, the rest to its first. */
const unchained = (chain: Composed.Composed & { readonly shape: Composed.Chain }): ReadonlyArray<Signed> => {
  const { link, link_error, ...options } = chain.options
  const { tasks } = chain.shape
  return tasks.map((task, index) => {
    const first = index === 0 ? task.merged(options) : task
    const linked = index === tasks.length - 1
      ? linksOf(link).reduce<Signed>((step, callback) => step.link(callback), first)
      : first
    return linksOf(link_error).reduce<Signed>((step, errback) => step.onError(errback), linked)
  })
}

const linksOf = (links: unknown): ReadonlyArray<Callback.Callback<unknown>> =>
  // What stands in options was written by `encode`, or looked at when it was read.
  (links == null ? [] : Array.isArray(links) ? links as ReadonlyArray<SignatureJson> : [links as SignatureJson])
    .map(Callback.fromJson)
