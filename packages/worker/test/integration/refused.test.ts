/** A result that the broker does not take, among many that it does. */
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Kit from "./Kit.ts"

/** Over the `max_message_size` of RabbitMQ 3 (128 MiB) and 4 (16 MiB). */
const tooMany = 150_000_000

const big = Task.make("it.big", { parameters: { size: Schema.Int }, success: Schema.String })

describe("a result of 150 MB, beside ten small tasks a second", () => {
  for (const acksLate of [false, true]) {
    it.live(
      `is FAILURE with the reason, after one run, and the small ones do not notice (acks late: ${acksLate})`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const at = { url: brokerUrl(), queue: Kit.newQueue("refused") }
          const journal = new Kit.Journal()
          const sizes: Array<number> = []
          const live = big.toLayer(({ size }) =>
            Effect.sync(() => {
              sizes.push(size)
              return "x".repeat(size)
            }), { acksLate })
          const tasks = [acksLate ? journal.late : journal.early, live]
          yield* Kit.worker(Worker.make({ tasks, concurrency: 4 }), at)
          const client = yield* Kit.client(at)
          const numbers = Kit.numbers(80)
          const small = yield* Effect.forkChild(
            Effect.forEach(
              numbers,
              (n) => Effect.andThen(Effect.sleep(100 * n), client.execute(Kit.step, { n, millis: 10 })),
              { concurrency: "unbounded" }
            )
          )
          yield* Effect.sleep("1 second")
          const refused = () => Effect.result(client.execute(big, { size: tooMany }))
          // The first is refused by the broker; the limit is known for the second.
          for (const outcome of [yield* refused(), yield* refused()]) {
            const error = Result.isFailure(outcome) ? outcome.failure : assert.fail("it has a result")
            assert.match(
              String(error),
              /BackendStoreError.*does not take this result: the message of 1500\d{5} bytes is over the limit of \d+/s
            )
          }
          assert.deepStrictEqual(yield* Fiber.join(small), numbers)
          assert.deepStrictEqual(sizes, [tooMany, tooMany], "each ran once")
          assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), numbers, "each ran once")
        })),
      120_000
    )
  }
})
