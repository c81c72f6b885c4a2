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
import { expected, type Life, lives, type Seen, type Step } from "../programs.ts"
import { define, lookup, quiet, running, settled } from "../support.ts"

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}

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

describe("a task", () => {
  it("comes to what Celery's rules say", () =>
    fc.assert(
      fc.asyncProperty(lives({ soft: [undefined, 5, 20], hard: [20, 30] }), async (life) =>
        assert.deepStrictEqual(await Effect.runPromise(observed(life)), expected(life))),
      { numRuns: 60 }
    ), 120_000)
})
