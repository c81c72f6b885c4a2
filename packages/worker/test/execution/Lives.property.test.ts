/** Whatever a task does, and whatever its options: it comes to what Celery's rules say, in as many runs, and monitors are told the same. */
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as Event from "@celeriac/tasks/event/Event"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { define, lookup, quiet, running, settled } from "../support.ts"

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}

type Step = "succeed" | "fail" | "retry" | "retry for an error" | "ignore" | "reject" | "hang" | "tidy"

interface Life {
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
interface Seen {
  readonly stored: string
  readonly runs: number
  /** In alphabetical order: an attempt may be told of before the retry that leads to it. */
  readonly events: ReadonlyArray<string>
}

/** A hard limit that is not acknowledged comes back so often. */
const redeliveries = 3

/** Celery's rules. */
const expected = (life: Life): Seen => {
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

const observed = (life: Life): Effect.Effect<Seen, unknown> =>
  Effect.suspend(() => {
    let runs = 0
    const events: Array<string> = []
    const value = Object.assign(new Error("bad"), { name: "ValueError" })
    const does: Readonly<Record<Step, Effect.Effect<unknown, any>>> = {
      succeed: Effect.void,
      fail: Effect.die(value),
      retry: Task.retry({ countdown: "30 seconds" }),
      "retry for an error": Task.retry({ error: new Busy(), countdown: "30 seconds" }),
      ignore: Task.ignore(),
      reject: Task.reject({ reason: "no" }),
      hang: Effect.never,
      tidy: Effect.catchTag(Task.failOnSoftTimeLimit(Effect.never), "SoftTimeLimitExceeded", () => Effect.void)
    }
    const { acksLate, acksOnFailure, acksOnTimeout, hard, maxRetries, soft, steps } = life
    const task = Task.make("life", {
      error: Busy,
      success: Schema.Unknown,
      options: {
        ...{ acksLate, acksOnFailure, acksOnTimeout, maxRetries },
        timeLimit: hard === undefined ? undefined : hard * 1_000,
        softTimeLimit: soft === undefined ? undefined : soft * 1_000
      }
    })
    const live = task.toLayer((_, { retries }) =>
      Effect.suspend(() => {
        runs++
        return does[steps[Math.min(retries, steps.length - 1)]!]
      })
    )
    const program = Effect.gen(function*() {
      const channel = yield* (yield* (yield* Transport).connect()).openChannel()
      yield* EventReceiver.consume(channel, (event) => {
        if (!Event.isOfTask(event)) return
        events.push(event._tag === "TaskRejected" ? `${event.type} ${event.requeue}` : event.type)
      })
      const sent = yield* (yield* Client.Client).delay(task)
      for (let i = 0; i < 16; i++) {
        yield* settled
        yield* TestClock.adjust("31 seconds")
      }
      yield* settled
      const record = yield* lookup(sent.id)
      const stored = record === undefined
        ? "nothing"
        : record.status === "FAILURE"
        ? `FAILURE ${record.exception?.excType}`
        : record.status
      return { stored, runs, events: events.toSorted() }
    })
    const worker = define({ tasks: [live], settings: { sendTaskEvents: true } })
    return program.pipe(
      Effect.scoped,
      Effect.provide(running(worker)),
      Effect.provide(quiet),
      Effect.provide(TestClock.layer())
    )
  })

const step = fc.constantFrom<Step>("succeed", "fail", "retry", "retry for an error", "ignore", "reject", "hang", "tidy")

const lives = fc.record<Life>({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  maxRetries: fc.constantFrom(0, 1, 3),
  acksLate: fc.boolean(),
  acksOnFailure: fc.boolean(),
  acksOnTimeout: fc.boolean(),
  soft: fc.constantFrom(undefined, 5, 20),
  // Without one, what hangs would.
  hard: fc.constantFrom(20, 30)
})

describe("a task", () => {
  it("comes to what Celery's rules say", () =>
    fc.assert(
      fc.asyncProperty(lives, async (life) =>
        assert.deepStrictEqual(await Effect.runPromise(observed(life)), expected(life))),
      { numRuns: 60 }
    ), 60_000)
})
