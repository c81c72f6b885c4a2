/** What a task may do at its attempts, and what Celery's rules make of it: for random ones, here and on Python's worker. */
import * as fc from "fast-check"

export type Step = "succeed" | "fail" | "retry" | "retry for an error" | "ignore" | "reject" | "hang" | "tidy"

export interface Life {
  /** What each attempt does; the last does it again and again. */
  readonly steps: ReadonlyArray<Step>
  readonly maxRetries: number | null
  readonly acksLate: boolean
  readonly acksOnFailure: boolean
  readonly acksOnTimeout: boolean
  /** In seconds. */
  readonly soft: number | undefined
  readonly hard: number | undefined
}

/** What there is to be seen of one. */
export interface Seen {
  readonly stored: string
  readonly runs: number
  /** In alphabetical order: an attempt may be told of before the retry that leads to it. */
  readonly events: ReadonlyArray<string>
}

/** A hard limit that is not acknowledged comes back so often. */
const redeliveries = 3

/** Celery's rules. */
export const expected = (life: Life): Seen => {
  const events: Array<string> = []
  let stored = "nothing"
  let runs = 0
  const fail = (exception: string, acks: boolean): void => {
    stored = `FAILURE ${exception}`
    if (life.acksLate && !acks) events.push("task-rejected false")
    events.push("task-failed")
  }
  const { acksOnFailure, hard, soft } = life
  const isSoft = soft !== undefined && (hard === undefined || soft <= hard)
  for (let retries = 0, returns = 0;;) {
    runs++
    events.push("task-received", "task-started")
    const step = life.steps[Math.min(retries, life.steps.length - 1)]!
    switch (step) {
      case "succeed":
        stored = "SUCCESS"
        events.push("task-succeeded")
        break
      case "fail":
        fail("ValueError", acksOnFailure)
        break
      case "retry":
      case "retry for an error": {
        const error = step === "retry" ? undefined : "Busy"
        if (life.maxRetries !== null && retries + 1 > life.maxRetries) {
          fail(error ?? "MaxRetriesExceededError", acksOnFailure)
          break
        }
        retries++
        stored = "RETRY"
        events.push("task-retried")
        continue
      }
      case "ignore":
        break
      case "reject":
        stored = "FAILURE Reject"
        events.push("task-failed")
        if (life.acksLate) events.push("task-rejected false")
        break
      case "tidy":
      case "hang":
        if (isSoft && step === "tidy") {
          stored = "SUCCESS"
          events.push("task-succeeded")
        } else if (isSoft) fail("SoftTimeLimitExceeded", acksOnFailure)
        else if (life.acksLate && !life.acksOnTimeout && returns < redeliveries) {
          returns++
          events.push("task-rejected true")
          continue
        } else fail("TimeLimitExceeded", life.acksOnTimeout)
    }
    return { stored, runs, events: events.toSorted() }
  }
}

export const maxRetries = [0, 1, 3] as const

const step = fc.constantFrom<Step>("succeed", "fail", "retry", "retry for an error", "ignore", "reject", "hang", "tidy")

/** Without a hard limit, what hangs would. Limits in seconds. */
export const lives = (
  limits: { readonly soft: ReadonlyArray<number | undefined>; readonly hard: ReadonlyArray<number> }
): fc.Arbitrary<Life> =>
  fc.record<Life>({
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
    maxRetries: fc.constantFrom(...maxRetries),
    acksLate: fc.boolean(),
    acksOnFailure: fc.boolean(),
    acksOnTimeout: fc.boolean(),
    soft: fc.constantFrom(...limits.soft),
    hard: fc.constantFrom(...limits.hard)
  })
