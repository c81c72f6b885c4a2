import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as FieldTable from "../src/FieldTable.ts"
import { AmqpDelivery } from "../src/internal/AmqpDelivery.ts"
import type { RawMessage, RawProperties } from "../src/internal/DriverFrame.ts"
import { Settlements } from "../src/internal/Settlements.ts"

const deliver = (
  properties: Partial<RawProperties>,
  content: Uint8Array,
  fields: Partial<RawMessage["fields"]> = {}
) => {
  const settled: Array<number> = []
  const settlements = new Settlements({
    ack: (tag) => void settled.push(tag),
    requeue: (tag) => void settled.push(tag),
    reject: (tag) => void settled.push(tag),
    schedule: () => {}
  })
  settlements.delivered(7, false)
  const raw: RawMessage = {
    fields: { consumerTag: "c", deliveryTag: 7, redelivered: false, exchange: "", routingKey: "celery", ...fields },
    // what was not sent is undefined, as the driver has it
    properties: { headers: undefined, ...properties } as RawProperties,
    content: Buffer.from(content)
  }
  return { delivery: new AmqpDelivery(raw, settlements, false), settlements, settled }
}

const everything = (delivery: AmqpDelivery) => ({
  body: Buffer.from(delivery.body).toString("hex"),
  headers: delivery.headers,
  properties: delivery.properties,
  exchange: delivery.exchange,
  routingKey: delivery.routingKey,
  consumerTag: delivery.consumerTag,
  deliveryTag: delivery.deliveryTag,
  redelivered: delivery.redelivered,
  defect: delivery.defect
})

const text = fc.option(fc.string({ unit: "grapheme", maxLength: 40 }), { nil: undefined })
const scalar = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.boolean(),
  fc.constant(null),
  fc.double().filter((n) => !Object.is(n, -0)),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
  fc.date({ min: new Date(0), max: new Date(8.64e15), noInvalidDate: true }).map((date) =>
    new Date(Math.trunc(date.getTime() / 1000) * 1000)
  )
)
const headers = fc.letrec<{ value: unknown; table: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie("value"), { maxLength: 4 }), tie("table")),
  table: fc.dictionary(fc.string({ maxLength: 30 }), tie("value"), { maxKeys: 8, noNullPrototype: true })
})).table

describe("a delivery that is condensed", () => {
  it("says all that it said before", () => {
    fc.assert(fc.property(
      fc.record({
        contentType: text,
        contentEncoding: text,
        headers: fc.option(headers, { nil: undefined }),
        deliveryMode: fc.constantFrom(undefined, 1, 2),
        priority: fc.constantFrom(undefined, 0, 9),
        correlationId: text,
        replyTo: text,
        expiration: text,
        messageId: text,
        timestamp: fc.option(fc.nat(), { nil: undefined }),
        type: text,
        userId: text,
        appId: text
      }),
      fc.oneof(fc.uint8Array(), fc.constantFrom(Buffer.alloc(16 * 1024, 0xe9), Buffer.alloc(20_000, 7))),
      fc.record({ redelivered: fc.boolean(), exchange: fc.string(), routingKey: fc.string() }),
      (properties, body, fields) => {
        const { delivery } = deliver(properties, body, fields)
        const before = everything(delivery)
        // Another one between: what was read of the one is not told of the other.
        const { delivery: other } = deliver({ headers: { other: true } }, Buffer.from("other"))
        other.condense()
        delivery.condense()
        assert.strictEqual(Buffer.from(other.body).toString(), "other")
        assert.deepStrictEqual(everything(delivery), before)
        delivery.condense()
        assert.deepStrictEqual(everything(delivery), before)
      }
    ))
  })

  it("is settled as any other", () => {
    const { delivery, settled, settlements } = deliver({}, Buffer.from("[]"))
    delivery.condense()
    assert.strictEqual(delivery.settle("ack"), "settled")
    settlements.flush()
    assert.deepStrictEqual(settled, [7])
    assert.strictEqual(delivery.settle("requeue"), "already")
  })

  it("stays as it is when it is not all there, or too large", () => {
    const damaged = FieldTable.decodeFields(Buffer.from([1, 0x6b, 0x3f]))
    const { delivery } = deliver({ headers: damaged }, Buffer.from(""))
    delivery.condense()
    assert.strictEqual(delivery.defect?._tag, "Undecodable")
    const { delivery: large } = deliver({ headers: { large: "x".repeat(200_000) } }, Buffer.from("body"))
    large.condense()
    assert.strictEqual(large.headers["large"], "x".repeat(200_000))
    assert.strictEqual(Buffer.from(large.body).toString(), "body")
  })
})
