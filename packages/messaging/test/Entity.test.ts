import { assert, describe, it } from "@effect/vitest"
import * as Entity from "../src/Entity.ts"

describe("a queue", () => {
  it("tells its exchange and its routing key, as the guide's do", () => {
    const custom = Entity.exchange("custom")
    const queue = Entity.queue("custom", { exchange: custom, routingKey: "routing_key" })
    assert.strictEqual(queue.exchange, custom)
    assert.strictEqual(queue.routingKey, "routing_key")
    const bound = Entity.queue("custom", { bindings: [Entity.binding(custom, "other")] })
    assert.deepStrictEqual([bound.exchange, bound.routingKey], [custom, "other"])
  })

  it("without one is fed by the default exchange, by its name", () => {
    const { bindings, exchange, routingKey } = Entity.queue("celery")
    assert.deepStrictEqual([exchange, routingKey, bindings], [Entity.defaultExchange, "celery", []])
  })
})
