import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import type { ReceivedTask } from "@celeriac/tasks/event/TaskEvents"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"

type Sent = Readonly<Record<string, unknown>>

/** What two dispatchers sent, one as `send` writes it, the other by hand. */
const both = (use: (bySend: EventDispatcher.EventDispatcher["Service"], byHand: typeof bySend) => void) => {
  const one = (isTogether: boolean) => {
    const bodies: Array<string> = []
    const flushes: Array<() => void> = []
    const dispatcher = Effect.runSync(EventDispatcher.make({ hostname: "celery@ü\"", clock: LogicalClock.make(98) }))
    dispatcher.attach({
      publish: ({ body }, _to, onOutcome) => {
        bodies.push(Buffer.from(body).toString("utf8"))
        onOutcome(undefined)
      },
      ...(isTogether ? { soon: (flush) => void flushes.push(flush) } : {})
    })
    const events = () => {
      for (const flush of flushes) flush()
      return bodies.flatMap((body): ReadonlyArray<Sent> | Sent => JSON.parse(body)).map(({ timestamp: _, ...event }) =>
        event
      )
    }
    return { dispatcher, events }
  }
  for (const isTogether of [true, false]) {
    const [first, second] = [one(isTogether), one(isTogether)]
    use(first.dispatcher, second.dispatcher)
    const expected = first.events()
    assert.isNotEmpty(expected)
    assert.deepStrictEqual(second.events(), expected)
  }
}

const texts = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.string({ unit: "grapheme", minLength: 3_000, maxLength: 5_000 })
)
const maybe = fc.option(texts, { nil: undefined })
const times = fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 }), { nil: undefined })
const tasks: fc.Arbitrary<ReceivedTask> = fc.record({
  name: texts,
  argsRepr: maybe,
  kwargsRepr: maybe,
  rootId: maybe,
  parentId: maybe,
  retries: fc.nat(),
  eta: times,
  expires: times
})

describe("the events of every task", () => {
  it("say what the others would, whatever the task is called and was given", () => {
    fc.assert(
      fc.property(
        texts,
        tasks,
        texts,
        fc.nat(),
        (uuid, task, result, runtime) =>
          both((bySend, { tasks: byHand }) => {
            const { argsRepr: args, eta, expires, kwargsRepr: kwargs, ...rest } = task
            bySend.send("task-received", {
              ...rest,
              uuid,
              args,
              kwargs,
              eta: IsoTime.text(eta),
              expires: IsoTime.text(expires)
            })
            byHand.received(uuid, task)
            bySend.send("task-started", { uuid })
            byHand.started(uuid)
            bySend.send("task-succeeded", { uuid, result, runtime: runtime / 1_000 })
            byHand.succeeded(uuid, result, runtime)
          })
      )
    )
  })

  it("are put together as long as there is room, and one that is larger goes too", () => {
    both((bySend, { tasks: byHand }) => {
      for (const length of [10, 900, 1_100, 70_000, 3, 20_000, 60_000]) {
        for (let i = 0; i < 250; i++) {
          if (length > 1_000 && i > 3) break
          bySend.send("task-succeeded", { uuid: `${i}`, result: "é".repeat(length), runtime: 0 })
          byHand.succeeded(`${i}`, "é".repeat(length), 0)
        }
      }
    })
  })
})
