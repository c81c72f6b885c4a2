/**
 * A small model of what the documentation promises of steps. It is told all that
 * happens in a run, and complains of what may not happen; it knows the program
 * and the promises, and nothing of how they are kept.
 */
import type { Happening, ProgramSpec, Run, StepSpec } from "./Program.ts"

/** Where a step is in its life. A hook that fails or is given up has no end. */
type Place = "down" | "starting" | "up" | "closing" | "closed" | "stopping" | "final"

/** A step of the program, and of one of its blueprints. */
interface Step {
  readonly spec: StepSpec
  readonly home: Home
  /** It waits for all others, not just for what it requires. */
  readonly last: boolean
  place: Place
  prepared: boolean
  /** When it came up last. */
  upAt: number | undefined
}

/** A blueprint: the outermost, or one inside a step. */
interface Home {
  readonly steps: ReadonlyArray<Step>
  /** The step around it. */
  readonly host: Step | undefined
  /** What has come up and not been released, in that order. */
  up: ReadonlyArray<Step>
}

/** The complaints about a run; none when every promise is kept. */
export const broken = (program: ProgramSpec, run: Run): ReadonlyArray<string> => {
  const steps = new Map<string, Step>()
  const settle = (prefix: string, specs: ReadonlyArray<StepSpec>, host: Step | undefined): void => {
    const own: Array<Step> = []
    const home: Home = { steps: own, host, up: [] }
    for (const [index, spec] of specs.entries()) {
      const last = host === undefined && program.last && index === specs.length - 1
      own.push({ spec, home, last, place: "down", prepared: false, upAt: undefined })
    }
    for (const [index, step] of own.entries()) {
      steps.set(`${prefix}${index}`, step)
      if (step.spec.inside !== undefined) settle(`${prefix}${index}.`, step.spec.inside.steps, step)
    }
  }
  settle("", program.steps, undefined)

  const first = (...whats: ReadonlyArray<string>) =>
    Math.min(...program.disturbances.filter(({ what }) => whats.includes(what)).map(({ at }) => at))
  const operator = { asks: first("shutdown", "terminate"), escalates: first("terminate") }
  const all = Array.from(steps.values())
  const complaints: Array<string> = []
  for (const happening of run.happenings) {
    const step = steps.get(happening.step)!
    for (const why of refusals(happening, step, all, operator)) {
      complaints.push(`at ${happening.at}, ${happening.step} ${happening.what} (${happening.reason ?? ""}): ${why}`)
    }
    go(happening, step)
  }
  for (const [path, { place }] of steps) if (place !== "down") complaints.push(`${path} ends ${place}`)
  const { endedAt } = run
  if (endedAt === undefined) complaints.push("it never ends")
  else if (run.happenings.some(({ at }) => at > endedAt)) complaints.push("something happens after the end")
  return complaints
}

/** Where a step is when something has happened to it. */
const go = ({ at, what }: Happening, step: Step): void => {
  const { home } = step
  switch (what) {
    case "init":
      step.prepared = true
      break
    case "up":
      step.place = "up"
      step.upAt = at
      home.up = [...home.up, step]
      break
    case "released":
      step.place = "down"
      home.up = home.up.filter((other) => other !== step)
      break
    case "shutting down":
      step.place = "final"
      break
    case "stopping":
    case "terminating":
      step.place = "stopping"
      break
    case "starting":
    case "closing":
    case "closed":
      step.place = what
  }
}

/** The promises, by what they are about. What happens at the very moment of a disturbance may come before it. */
const refusals = (
  { at, reason, what }: Happening,
  step: Step,
  all: ReadonlyArray<Step>,
  operator: { readonly asks: number; readonly escalates: number }
): ReadonlyArray<string> => {
  const { home, place, spec } = step
  const later = home.up.slice(home.up.indexOf(step) + 1)
  const isOver = (other: Step) => !other.home.up.includes(other) || other.place === "stopping" && isKept(other)
  const rules: ReadonlyArray<readonly [boolean, string]> = (() => {
    switch (what) {
      case "init":
        return [
          [!step.prepared, "init runs once in a boot of the outermost blueprint"],
          [home.host === undefined || home.host.home.steps.every((it) => it.prepared), "from the outermost inwards"],
          [all.every((it) => it.place === "down"), "every init comes before any start"]
        ]
      case "starting":
        return [
          [place === "down", "what starts is down"],
          [all.every((it) => it.prepared), "every init comes before any start"],
          [spec.enabled !== "no", "a disabled step takes no part"],
          [needsOf(step).every(isThere), "what it requires is up"],
          [home.host === undefined || isThere(home.host), "what its blueprint requires is up"],
          [startsAtOnce(step, at), "it starts as soon as what it requires is up"],
          [home.steps.every((it) => it.place !== "stopping" && it.place !== "final"), "none starts while others stop"],
          [
            at <= operator.asks || home.steps.some((it) => it.place !== "down") || isBooting(home.host, operator.asks),
            "no boot begins after a stop was asked for"
          ]
        ]
      case "up":
        return [[place === "starting", "it has started"]]
      case "closing":
        return [
          [place === "up", "what is closed is up"],
          [reason === "Shutdown", "only a warm shutdown closes"],
          [at <= operator.escalates, "nothing is closed after an escalation"],
          [home.up.every((it) => it.place === "up" || it.place === "closed"), "one at a time, before any is stopped"],
          [
            later.every((it) => it.place !== "up" || it.spec.close === undefined || it.spec.enabled !== "yes"),
            "in reverse"
          ]
        ]
      case "closed":
        return [[place === "closing", "it was closing"]]
      case "stopping":
        return [
          [place === "up" || place === "closing" || place === "closed", "what is stopped is up"],
          [later.every(isOver), "one at a time, in the exact reverse"],
          [insideOf(step, all).every(isOver), "what is inside has stopped"],
          [reason !== "Restart" || home.host !== undefined, "an outermost blueprint is not restarted"],
          [at <= operator.escalates || reason === "Terminate", "after an escalation all is cold"],
          [reason !== "Terminate" || spec.terminate === undefined, "terminate goes before stop"]
        ]
      case "terminating":
        return [
          [place !== "down" && place !== "starting" && place !== "final", "what is terminated is up"],
          [later.every(isOver), "one at a time, in the exact reverse"],
          [insideOf(step, all).every(isOver), "what is inside has stopped"],
          [at >= operator.escalates, "only after an escalation"]
        ]
      case "stopped":
      case "terminated":
        return [[place === "stopping", "it was stopping"]]
      case "shutting down":
        return [
          [home.host !== undefined, "an outermost blueprint has no final stop"],
          [place === "stopping", "it has stopped"],
          [home.up.every((it) => it.place === "stopping" || it.place === "final"), "when all have stopped"],
          [home.host?.home.up.every(isOver) ?? false, "when all around have stopped"]
        ]
      case "shut down":
        return [[place === "final", "it was shutting down"]]
      case "released":
        return [
          [place !== "down", "once"],
          [
            place === "starting" || spec.enabled !== "yes" || place === "stopping" || place === "final",
            "when it has stopped"
          ],
          [place === "starting" || place === "final" || later.every(isOver), "in the exact reverse"]
        ]
    }
  })()
  return rules.flatMap(([kept, promise]) => kept ? [] : [promise])
}

/** Stopped, with its final stop to come. */
const isKept = ({ home, spec }: Step): boolean => home.host !== undefined && spec.shutdown !== undefined

const isThere = ({ place, spec }: Step): boolean => spec.enabled === "no" || place === "up"

/** Whether a step was not up yet when a stop was asked for: what is inside belongs to the boot that goes on. */
const isBooting = (host: Step | undefined, asked: number): boolean =>
  host !== undefined && (host.spec.enabled === "no" || host.upAt === undefined || host.upAt >= asked)

const needsOf = ({ home, spec }: Step): ReadonlyArray<Step> => spec.requires.map((need) => home.steps[need]!)

const insideOf = (step: Step, all: ReadonlyArray<Step>): ReadonlyArray<Step> =>
  all.filter((it) => it.home.host === step)

/** A step that is disabled is passed at once, and nobody knows when a blueprint begins. */
const readyAt = (step: Step): number =>
  Math.max(
    ...needsOf(step).map((need) => need.spec.enabled === "no" ? readyAt(need) : need.upAt ?? Infinity),
    -Infinity
  )

const startsAtOnce = (step: Step, at: number): boolean => {
  const ready = readyAt(step)
  return step.last || ready === at || ready === -Infinity
}
