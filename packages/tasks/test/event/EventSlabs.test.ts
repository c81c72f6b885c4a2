/** Where events of tasks are written: into the same memory again, and never while somebody may read it. */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import {
  because,
  ConnectionLost,
  type MessagingError,
  Nacked,
  OutcomeUnknown,
  Unroutable
} from "@celeriac/messaging/MessagingError"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"

/** A message as it was when it was given away. */
interface Sent {
  readonly body: Uint8Array
  readonly was: string
  readonly end: (error: MessagingError | undefined) => void
}

const textOf = (body: Uint8Array): string => Buffer.from(body).toString("latin1")

const make = (onSent: (sent: Sent) => void) => {
  const flushes: Array<() => void> = []
  const { attach, tasks } = Effect.runSync(
    EventDispatcher.make({ hostname: "celery@here", clock: LogicalClock.make() })
  )
  const outlet: EventDispatcher.Outlet = {
    publish: ({ body }, _to, end) => onSent({ body, was: textOf(body), end }),
    soon: (flush) => void flushes.push(flush)
  }
  attach(outlet)
  const flush = () => {
    for (const one of flushes.splice(0)) one()
  }
  return { again: () => void attach(outlet), flush, tasks }
}

const to = { exchange: "celeryev", routingKey: "task.multi" }

/** What may become of a message; and whether nobody reads it any more. */
const outcomes = {
  confirmed: [undefined, true],
  unheard: [because("publish", new Unroutable(to)), true],
  unsent: [because("publish", new ConnectionLost({ uri: "amqp://here", detail: "cut" })), false],
  unknown: [because("publish", new OutcomeUnknown({ ...to, detail: "cut" })), false],
  refused: [because("publish", new Nacked(to)), false]
} as const

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 300 }), size: fc.constantFrom(4, 60, 900) }) },
    { weight: 3, arbitrary: fc.constant("flush" as const) },
    {
      weight: 6,
      arbitrary: fc.record({
        end: fc.nat(),
        outcome: fc.constantFrom<keyof typeof outcomes>(
          "confirmed",
          "confirmed",
          "confirmed",
          "unheard",
          "unsent",
          "unknown",
          "refused"
        )
      })
    },
    { weight: 1, arbitrary: fc.constant("attach" as const) }
  ),
  { maxLength: 60 }
)

describe("the memory of events", () => {
  it("is the same again when the broker has what was in it", () => {
    const seen = new Set<ArrayBufferLike>()
    const events = make(({ body, end }) => {
      seen.add(body.buffer)
      end(undefined)
    })
    for (let n = 0; n < 3_000; n++) events.tasks.started(`task ${n}`)
    assert.strictEqual(seen.size, 1)
  })

  it("is not more than what is under way, and what that is in", () => {
    const seen = new Set<ArrayBufferLike>()
    const underWay: Array<Sent> = []
    const events = make((sent) => {
      seen.add(sent.body.buffer)
      if (underWay.push(sent) > 5) underWay.shift()!.end(undefined)
    })
    for (let n = 0; n < 20_000; n++) events.tasks.succeeded(`task ${n}`, "x".repeat(100), 1)
    assert.isAtMost(seen.size, 8)
  })

  it("is not written over while somebody may read what is in it, whatever becomes of what is sent, and when", () => {
    fc.assert(fc.property(steps, (all) => {
      const underWay: Array<Sent> = []
      const unclear: Array<Sent> = []
      const events = make((sent) => void underWay.push(sent))
      const check = () => {
        for (const { body, was } of [...underWay, ...unclear]) assert.strictEqual(textOf(body), was)
      }
      for (const step of all) {
        if (step === "flush") events.flush()
        else if (step === "attach") events.again()
        else if ("send" in step) {
          for (let n = 0; n < step.send; n++) events.tasks.succeeded(`task ${n}`, "x".repeat(step.size), n)
        } else if (underWay.length > 0) {
          const [sent] = underWay.splice(step.end % underWay.length, 1)
          const [error, isRead] = outcomes[step.outcome]
          if (!isRead) unclear.push(sent!)
          sent!.end(error)
        }
        check()
      }
      for (const { was } of underWay) JSON.parse(was)
    }))
  })
})
