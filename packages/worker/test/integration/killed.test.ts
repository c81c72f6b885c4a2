/** A worker that is killed while it holds thousands of tasks for their time: none of them is lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

const many = 5_000

describe("a worker that holds tasks", () => {
  it.live(
    "and is killed leaves all of them to the next one, which takes none for done and runs what is due",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const queue = Kit.newQueue("held.killed")
        const journal = yield* Kit.journalFile
        const wire = yield* Kit.wire(url)
        const client = yield* Kit.client({ url, queue })
        const options = { url, queue, journal: journal.path, acksLate: false, concurrency: 2, prefetch: 8 }
        yield* Effect.forEach(
          Kit.numbers(many),
          (n) => client.applyAsync(Kit.step, { n, millis: 0 }, { countdown: "1 day", ignoreResult: true }),
          { concurrency: "unbounded", discard: true }
        )
        const allAreHeld = Kit.until("all are held", async () => await wire.ready(queue) === 0)
        const killed = yield* Kit.workerProcess(options)
        yield* allAreHeld
        killed.signal("SIGKILL")
        yield* Effect.promise(() => killed.exited)
        yield* Kit.until("all are back", async () => await wire.ready(queue) === many)
        const next = yield* Kit.workerProcess(options)
        yield* allAreHeld
        assert.strictEqual(yield* client.execute(Kit.step, { n: many, millis: 0 }), many)
        next.signal("SIGTERM")
        assert.strictEqual(yield* Effect.promise(() => next.exited), 0, next.output)
        yield* Kit.until("all are back once more", async () => await wire.ready(queue) === many)
        assert.deepStrictEqual(journal.starts(), [many])
        yield* Effect.promise(() => wire.channel.deleteQueue(queue))
      })),
    120_000
  )
})
