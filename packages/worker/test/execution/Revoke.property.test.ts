import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Task from "@celeriac/tasks/Task"
import { Execution } from "@celeriac/worker/boot/Execution"
import * as RequestObserver from "@celeriac/worker/execution/RequestObserver"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { counts, define, Doors, lookup, publish, quiet, running, settled, taskMessage } from "../support.ts"

const kinds = ["gated", "late", "limited", "stubborn"] as const

type Command =
  | {
    readonly _tag: "submit"
    readonly kind: typeof kinds[number]
    readonly id: string
    readonly eta: number | undefined
    readonly expires: number | undefined
    readonly batch: string
  }
  | { readonly _tag: "revoke"; readonly ids: ReadonlyArray<string>; readonly terminate: boolean }
  | { readonly _tag: "stamp"; readonly batch: string; readonly terminate: boolean }
  | { readonly _tag: "open"; readonly n: number }
  | { readonly _tag: "wait"; readonly millis: number }
  | { readonly _tag: "lose" }

const id = fc.constantFrom("a", "b", "c", "d", "e")
const batch = fc.constantFrom("x", "y", "z", "w")
const time = fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined })

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      _tag: fc.constant("submit" as const),
      kind: fc.constantFrom(...kinds),
      id,
      eta: time,
      expires: time,
      batch
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      _tag: fc.constant("revoke" as const),
      ids: fc.array(id, { minLength: 1, maxLength: 3 }),
      terminate: fc.boolean()
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("stamp" as const), batch, terminate: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("open" as const), n: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("wait" as const), millis: fc.nat(11_000) }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "lose" } as const) }
)

const parameters = { n: Schema.Int }
const late = Task.make("late", { parameters, success: Schema.Int, options: { acksLate: true } })
const stubborn = Task.make("stubborn", { parameters, success: Schema.Int, options: { acksLate: true } })
const limited = Task.make("limited", { parameters, success: Schema.Int, options: { rateLimit: "2/s" } })

/** Runs the commands, lets everything come to its end, and says what is wrong with what came of it. */
const play = (commands: ReadonlyArray<Command>) => {
  const doors = new Doors()
  const reached = Deferred.makeUnsafe<Execution["Service"]>()
  const step = Bootstep.make("Reach", {
    requires: [Execution],
    start: Effect.flatMap(Execution, (execution) => Deferred.succeed(reached, execution))
  })
  /** How often each message was settled, by its name, which is its own. */
  const settlements = new Map<string, number>()
  const observer = RequestObserver.layer({
    settled: ({ name }, _settlement, isStale) => {
      if (!isStale) settlements.set(name, (settlements.get(name) ?? 0) + 1)
    }
  })
  const definition = define({
    tasks: [
      doors.early,
      late.toLayer(doors.handler),
      limited.toLayer(({ n }) => Effect.succeed(n)),
      stubborn.toLayer((parameters) => Effect.uninterruptible(doors.handler(parameters)))
    ],
    steps: { worker: [step] },
    // Minutes pass in each run, and nobody listens.
    without: ["heart"],
    prefetch: { count: 0 },
    concurrency: 2
  })
  const later = (millis: number) => Effect.andThen(TestClock.adjust(millis), settled)
  let sent = 0

  const run = Effect.fnUntraced(function*(command: Command) {
    const execution = yield* Deferred.await(reached)
    switch (command._tag) {
      case "submit": {
        const { batch, eta, expires, id, kind } = command
        const n = sent++
        return yield* publish(taskMessage({
          task: kind,
          id,
          kwargs: { n },
          shadow: `${n}`,
          // Two of one id and attempt would be taken for one that came again.
          retries: n,
          eta,
          expires,
          stampedHeaders: ["batch"],
          stamps: { batch }
        }))
      }
      case "revoke":
        return yield* execution.revoke(command.ids, { terminate: command.terminate })
      case "stamp":
        return yield* execution.revokeByStampedHeaders({ batch: command.batch }, { terminate: command.terminate })
      case "open":
        return doors.open(command.n)
      case "wait":
        return yield* later(command.millis)
      case "lose":
        ;(yield* MemoryBroker).faults.dropConnections("lost", ({ name }) => name === "celery@test")
        return yield* later(6_000)
    }
  })

  return Effect.gen(function*() {
    for (const command of commands) {
      yield* run(command)
      yield* settled
    }
    for (let n = 0; n < sent; n++) doors.open(n)
    yield* settled
    yield* later(60_000)
    yield* later(60_000)
    const { state } = yield* Worker
    assert.deepStrictEqual([yield* counts(), state.requests.size, state.active.size], [[0, 0], 0, 0])
    assert.deepStrictEqual(
      Array.from({ length: sent }, (_, n) => settlements.get(`${n}`)),
      Array.from({ length: sent }, () => 1)
    )
    for (const id of new Set(commands.flatMap((command) => command._tag === "submit" ? [command.id] : []))) {
      assert.include(["SUCCESS", "REVOKED"], (yield* lookup(id))?.status)
    }
  }).pipe(
    Effect.provide(Layer.provide(running(definition), observer)),
    Effect.provide(quiet),
    Effect.provide(TestClock.layer())
  )
}

describe("whatever is sent, revoked, terminated and lost, in whatever order", () => {
  it("every message is settled once, and whoever waits is told", () =>
    fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), (commands) => Effect.runPromise(play(commands))),
      { numRuns: 100 }
    ))
})
