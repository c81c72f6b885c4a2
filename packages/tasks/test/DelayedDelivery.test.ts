import * as Entity from "@celeriac/messaging/Entity"
import * as DelayedDelivery from "@celeriac/tasks/DelayedDelivery"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"

/** What RabbitMQ listed when Celery had declared it: rows of a section, by tabs. */
const captured = (section: string): ReadonlyArray<ReadonlyArray<string>> => {
  const text = readFileSync(new URL("fixtures/delayed-topology.txt", import.meta.url), "utf8")
  const [, rows = ""] = text.split("\n## ").find((part) => part.startsWith(section))!.split(/^[^\n]*\n/)
  return rows.trim().split("\n").map((row) => row.split("\t"))
}

const vq = Entity.queue("vq", {
  type: "quorum",
  exchange: Entity.exchange("vqx", { type: "topic" }),
  routingKey: "vq.key"
})

/** As Erlang prints a table. */
const erlang = (args: Readonly<Record<string, unknown>>): string =>
  `[${Object.entries(args).map(([key, value]) => `{"${key}",${JSON.stringify(value)}}`).join(",")}]`

describe("DelayedDelivery", () => {
  const { bindings, exchanges, queues } = DelayedDelivery.topology("quorum")

  it("declares the exchanges and queues that Celery declares", () => {
    const names = [...exchanges, ...queues.map(({ exchange }) => exchange)]
    assert.deepStrictEqual(
      names.map(({ autoDelete, durable, name, type }) => [name, type, `${durable}`, `${autoDelete}`, "false", "[]"]),
      captured("exchanges").filter(([name]) => name !== "vqx")
    )
    assert.deepStrictEqual(
      [vq, ...queues].map((queue) => [queue.name, "true", "false", erlang(queue.arguments)]),
      captured("queues")
    )
  })

  it("binds them as Celery does, and the queues of the tasks to their end", () => {
    const ours = [
      ...[vq, ...queues].flatMap((queue) =>
        queue.bindings.map(({ exchange, routingKey }) => [exchange.name, queue.name, "queue", routingKey, "[]"])
      ),
      ...bindings.map((
        { destination, routingKey, source }
      ) => [source.name, destination.name, "exchange", routingKey, "[]"]),
      ...DelayedDelivery.bindingsOf(vq).flatMap(({ exchange, routingKey }) => [
        [DelayedDelivery.deliveryExchange.name, exchange.name, "exchange", routingKey, "[]"],
        [exchange.name, vq.name, "queue", routingKey, "[]"]
      ])
    ]
    const sorted = (rows: ReadonlyArray<ReadonlyArray<string>>) => rows.map((row) => row.join(" ")).sort()
    assert.deepStrictEqual(sorted(ours), sorted(captured("bindings")))
  })

  it("leaves out what only quorum queues have where the delay is in classic ones", () => {
    for (const queue of DelayedDelivery.topology("classic").queues) {
      assert.strictEqual(queue.arguments["x-queue-type"], "classic")
      assert.notProperty(queue.arguments, "x-dead-letter-strategy")
    }
  })

  it("writes the delay in front of the routing key, as Celery does", () => {
    assert.strictEqual(
      DelayedDelivery.routingKey(5, "vq.key"),
      "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.1.vq.key"
    )
    assert.strictEqual(
      DelayedDelivery.routingKey(3.7, "vq.key"),
      "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.1.vq.key"
    )
  })

  it("delays nothing that is due within a second, past, or no number", () => {
    for (const seconds of [0.999, 0, -1, -Infinity, Number.NaN]) {
      assert.isUndefined(DelayedDelivery.routingKey(seconds, "key"))
    }
  })

  it("says each delay of more than eight years as the longest one", () => {
    assert.strictEqual(DelayedDelivery.routingKey(1e12, "k"), `${"1.".repeat(28)}k`)
  })

  it("puts a new delay in the place of an old one, and gives the key back", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: DelayedDelivery.longest }),
      fc.integer({ min: 1, max: DelayedDelivery.longest }),
      fc.string().filter((key) => DelayedDelivery.withoutDelay(key) === key),
      (first, second, key) => {
        const once = DelayedDelivery.routingKey(first, key)!
        assert.strictEqual(DelayedDelivery.withoutDelay(once), key)
        assert.strictEqual(DelayedDelivery.routingKey(second, once), DelayedDelivery.routingKey(second, key))
        assert.strictEqual(Number.parseInt(once.slice(0, 56).replaceAll(".", ""), 2), first)
      }
    ))
  })

  it("is in effect when a quorum queue is configured, and goes by no direct exchange", () => {
    assert.isFalse(DelayedDelivery.isActive([Entity.queue("a"), Entity.queue("b", { type: "classic" })]))
    assert.isTrue(DelayedDelivery.isActive([Entity.queue("a"), vq]))
    assert.deepStrictEqual(DelayedDelivery.bindingsOf(Entity.queue("d", { exchange: Entity.exchange("d") })), [])
    const all = Entity.queue("all", { exchange: Entity.exchange("x", { type: "topic" }), routingKey: "#" })
    assert.strictEqual(DelayedDelivery.bindingsOf(all)[0]?.routingKey, "#")
  })
})
