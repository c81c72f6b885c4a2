import * as Worker from "@celeriac/worker/Worker"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { life, live, names } from "../names.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

describe("names that every object has", () => {
  it.live("are ordinary ones over RabbitMQ too", () =>
    Effect.scoped(Effect.gen(function*() {
      const at = { url, queue: Kit.newQueue("names.__proto__") }
      yield* Kit.worker(Worker.make({ tasks: names.map(live) }), at)
      const client = yield* Kit.client(at)
      yield* Effect.forEach(names, (name) => life(client, name, at.queue, randomUUID()), {
        concurrency: "unbounded",
        discard: true
      })
    })), 120_000)
})
