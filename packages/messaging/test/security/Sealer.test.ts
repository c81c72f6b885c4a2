import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { deflateSync } from "node:zlib"
import type { Delivery, Message } from "../../src/Message.ts"
import { header, type Refusal } from "../../src/security/Seal.ts"
import { alice, bob, clock, deliver, headers, sealer, signing, task } from "./kit.ts"

const own = signing(alice, [alice, bob])
const python = { isSealed: false }

const refusal = (seal: ReturnType<typeof sealer>, delivery: Delivery): Refusal => {
  const verdict = seal.check(delivery)
  return verdict?._tag === "Refused" ? verdict : assert.fail("it was trusted")
}

const detail = (seal: ReturnType<typeof sealer>, delivery: Delivery): string => refusal(seal, delivery).detail

const trusted = (seal: ReturnType<typeof sealer>, delivery: Delivery) =>
  assert.notStrictEqual(seal.check(delivery)?._tag, "Refused")

const at = <A>(later: number, look: () => A): A => {
  const { now } = clock
  clock.now += later
  try {
    return look()
  } finally {
    clock.now = now
  }
}

/** As a peer's AMQP library hands headers back: in another order, times in seconds, what is undefined left out. */
const travelled = (message: Message): Message => ({
  ...message,
  headers: Object.fromEntries(Object.entries(message.headers).toReversed().filter(([, value]) => value !== undefined))
})

describe("Seal", () => {
  it("is trusted as it was made, in whichever order headers come", () => {
    const seal = sealer(own)
    trusted(
      seal,
      deliver(travelled(seal.seal(task(own, { shadow: undefined, big: 2n ** 40n, at: new Date(clock.now) }))))
    )
  })

  it("covers every header that is not the broker's, and what says whom to answer", () => {
    const sealed = sealer(own).seal(task(own))
    const names = Object.keys(sealed.headers).filter((name) => name !== header)
    const other = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()))
    fc.assert(
      fc.property(fc.constantFrom(...names, "new"), other, (name, value) => {
        const before = JSON.stringify(sealed.headers[name])
        fc.pre(JSON.stringify(value) !== before)
        const changed = { ...sealed, headers: { ...sealed.headers, [name]: value } }
        assert.include(detail(sealer(own), deliver(changed)), "Bad signature of 'alice 1'")
      }),
      { numRuns: 200 }
    )
    for (const name of names) {
      const { [name]: _, ...rest } = sealed.headers
      assert.include(detail(sealer(own), deliver({ ...sealed, headers: rest })), "Bad signature")
    }
    for (
      const change of [{ replyTo: "mallory" }, { correlationId: "x" }, { contentEncoding: "binary" }, { type: "x" }]
    ) {
      const changed = { ...sealed, properties: { ...sealed.properties, ...change } }
      assert.include(detail(sealer(own), deliver(changed)), "Bad signature")
    }
  })

  it("covers the body", () => {
    const seal = sealer(own)
    const other = task(own)
    const sealed = seal.seal(task(own))
    assert.include(detail(seal, deliver({ ...sealed, body: other.body })), "Bad signature")
  })

  it("covers its own time and number", () => {
    const sealed = sealer(own).seal(task(own))
    const parts = String(sealed.headers[header]).split(";")
    const changed = (index: number, value: string) =>
      deliver({ ...sealed, headers: { ...sealed.headers, [header]: parts.with(index, value).join(";") } })
    assert.include(detail(sealer(own), changed(1, String(clock.now + 1))), "Bad signature")
    assert.include(detail(sealer(own), changed(2, "A".repeat(22))), "Bad signature")
    assert.include(detail(sealer(own), changed(3, Buffer.from("bob 2").toString("base64"))), "Bad signature of 'bob 2'")
    assert.include(
      detail(sealer(own), changed(3, Buffer.from("eve 3").toString("base64"))),
      "Unknown certificate: 'eve 3'"
    )
    for (const [index, value] of [[0, "2"], [1, "x"], [4, "*"]] as const) {
      assert.strictEqual(detail(sealer(own), changed(index, value)), "its seal is none")
    }
  })

  it("lets brokers write what is theirs", () => {
    const seal = sealer(own)
    const sealed = seal.seal(task(own))
    trusted(
      seal,
      deliver({
        ...sealed,
        headers: { ...sealed.headers, "x-death": [{ count: 1 }], "x-delivery-count": 2 },
        properties: { ...sealed.properties, expiration: undefined, timestamp: 1 }
      }, { exchange: "celery_delayed_27" })
    )
  })

  it("cannot be taken away from what Celeriac has signed", () => {
    assert.include(detail(sealer(own), deliver(task(own))), "was taken away")
    assert.include(
      detail(sealer(own), deliver({ ...task(own), headers: { ...headers, [header]: 7 } })),
      "its seal is none"
    )
  })

  it("is not asked of Python, unless all has to be covered", () => {
    trusted(sealer(own), deliver(task(own, {}, python)))
    assert.include(detail(sealer(own, { covers: "all" }), deliver(task(own, {}, python))), "signs bodies alone")
    const plain = { body: Buffer.from("[]"), headers, properties: { contentType: "application/json" } }
    trusted(sealer(own), deliver(plain))
    assert.strictEqual(detail(sealer(own, { covers: "all" }), deliver(plain)), "it is not signed")
  })

  it("of a message that Python has sent again does not count", () => {
    const seal = sealer(own)
    const copied = seal.seal(task(own)).headers[header]
    trusted(seal, deliver(task(own, { retries: 1, [header]: copied }, python)))
  })

  it("is good once", () => {
    const seal = sealer(own)
    const sealed = seal.seal(task(own))
    trusted(seal, deliver(sealed))
    const copy = refusal(seal, deliver(sealed))
    assert.isTrue(copy.isReplay)
    assert.include(copy.detail, "it came before")
    trusted(seal, deliver(seal.seal(task(own))))
  })

  it("is good again for what the broker hands out again", () => {
    const seal = sealer(own)
    const sealed = seal.seal(task(own))
    const first = deliver(sealed)
    trusted(seal, first)
    trusted(seal, deliver(sealed, { redelivered: true }))
    const lost = { ...deliver(sealed), isLost: true }
    const another = seal.seal(task(own))
    trusted(seal, { ...deliver(another), isLost: true })
    trusted(seal, deliver(another))
    assert.isTrue(refusal(seal, lost).isReplay)
  })

  it("is remembered when its message is settled, so many times", () => {
    const seal = sealer(own, { remembered: 3 })
    const all = Array.from({ length: 8 }, () => seal.seal(task(own)))
    for (const sealed of all) {
      const delivery = deliver(sealed)
      trusted(seal, delivery)
      delivery.settlement = "ack"
    }
    assert.isTrue(refusal(seal, deliver(all.at(-1)!)).isReplay)
    // The oldest are forgotten: that is the bound.
    trusted(seal, deliver(all[0]!))
  })

  it("is too old after a while, counted from when its task is due", () => {
    const seal = sealer(own, { maxAge: 60_000 })
    const sealed = seal.seal(task(own))
    at(60_000, () => trusted(seal, deliver(sealed)))
    at(60_001, () => assert.include(detail(sealer(own), deliver(sealed)), "longer ago than 60 s"))
    const eta = new Date(clock.now + 3_600_000).toISOString()
    const later = seal.seal(task(own, { eta }))
    const number = String(later.headers[header]).split(";")[2]
    assert.deepStrictEqual(sealer(own).check(deliver(later)), { _tag: "Sealed", number, until: clock.now + 3_660_000 })
    at(3_660_000, () => trusted(seal, deliver(later)))
    at(3_660_001, () => assert.include(detail(sealer(own), deliver(later)), "longer ago"))
  })

  it("is looked for inside of a compressed body", () => {
    const seal = sealer(own)
    const message = task(own)
    const compressed = {
      ...message,
      body: deflateSync(message.body),
      headers: { ...headers, compression: "application/x-gzip" }
    }
    assert.include(detail(seal, deliver(compressed)), "was taken away")
    trusted(seal, deliver(seal.seal(compressed)))
    const broken = { ...message, headers: { ...headers, compression: "application/x-gzip" } }
    assert.include(detail(seal, deliver(broken)), "Can't decode message body")
  })

  it("that is anything at all, on a body that is anything, is answered and never throws", () => {
    const seal = sealer(own)
    const { [header]: genuine, ...rest } = seal.seal(task(own)).headers
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>(undefined, 1n, new Date(NaN), new Uint8Array(3), "1;1;1;1;1", "x".repeat(10_000)),
      fc.string().map((text) => String(genuine).replace(/;/, text))
    )
    fc.assert(
      fc.property(odd, fc.uint8Array(), fc.boolean(), fc.dictionary(fc.string(), odd), (said, body, isOwn, more) => {
        const delivery = deliver({ ...task(own), headers: { ...rest, ...more, [header]: said } })
        const { detail, isReplay } = refusal(seal, isOwn ? delivery : { ...delivery, body })
        assert.isString(detail)
        assert.isFalse(isReplay)
      })
    )
  })

  it("of another who is known is good, of one who is not is not", () => {
    const others = signing(bob, [bob])
    trusted(sealer(own), deliver(sealer(others).seal(task(others))))
    assert.include(detail(sealer(others), deliver(sealer(own).seal(task(own)))), "Unknown certificate: 'alice 1'")
  })
})
