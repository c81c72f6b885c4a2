/** Queues that count how often a message comes back, and drop it after that: a prefetch that gives back must not use that up. */
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll } from "vitest"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import * as Kit from "./Kit.ts"

/** RabbitMQ 4 makes a quorum queue of every durable one there, but for what a client says; RabbitMQ 3 does not know of it. */
let rabbit: RabbitMq
beforeAll(async () => {
  rabbit = await RabbitMq.start({ config: ["{default_queue_type, rabbit_quorum_queue}"] })
})
afterAll(() => rabbit?.stop())

const rabbitmqctl = (...args: ReadonlyArray<string>) => Effect.promise(() => rabbit.rabbitmqctl(...args))

/** A virtual host with a policy that lets a message come back once, and its URL. */
const strictHost = Effect.fnUntraced(function*(name: string, ...options: ReadonlyArray<string>) {
  yield* rabbitmqctl("add_vhost", name, ...options)
  yield* rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
  yield* rabbitmqctl("set_policy", "-p", name, "limit", ".*", `{"delivery-limit":1}`, "--apply-to", "queues")
  return `amqp://guest:guest@127.0.0.1:${rabbit.port}/${name}`
})

/** Quick and slow tasks in turn, all in the queue at once, so that the prefetch grows and shrinks again and again. */
const inTurns = (url: string) =>
  Effect.gen(function*() {
    const at = { url, queue: Kit.newQueue("returns") }
    const journal = new Kit.Journal()
    const client = yield* Kit.client(at)
    const numbers = Kit.numbers(900)
    const sent = yield* Effect.forEach(
      numbers,
      (n) => client.delay(Kit.step, { n, millis: n % 150 < 146 ? 1 : 600 }),
      { concurrency: "unbounded" }
    )
    yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 1 }), at)
    yield* Kit.until(
      "all have run",
      () => journal.ends.length >= numbers.length,
      45_000,
      () => `${journal.ends.length} of ${numbers.length} have run`
    )
    const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "5 seconds" }), {
      concurrency: "unbounded"
    })
    assert.deepStrictEqual(results, numbers)
    assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), numbers, "each ran once")
  })

describe("no task is lost to a prefetch that gives back", () => {
  it.live(
    "where the virtual host makes quorum queues of all, and a policy lets a message come back once",
    () => Effect.scoped(Effect.flatMap(strictHost("host", "--default-queue-type", "quorum"), inTurns)),
    60_000
  )

  it.live(
    "where the node makes quorum queues of all",
    () => Effect.scoped(Effect.flatMap(strictHost("node"), inTurns)),
    60_000
  )
})
