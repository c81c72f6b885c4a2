import * as Event from "@celeriac/tasks/event/Event"
import * as EventCodec from "@celeriac/tasks/event/EventCodec"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"

interface Captured {
  readonly routingKey: string
  readonly body: Wire | ReadonlyArray<Wire>
}

type Wire = Readonly<Record<string, unknown>>

const captured: ReadonlyArray<Captured> = JSON.parse(
  readFileSync(new URL("../fixtures/events.json", import.meta.url), "utf8")
)

const events = captured.flatMap(({ body }) => body).filter((body): body is Wire => !Array.isArray(body))

const decode = (wire: unknown) => Result.getOrThrow(EventCodec.decode(wire))

const common = ["type", "hostname", "utcoffset", "pid", "clock", "timestamp"]

const base = { type: "task-progress", hostname: "a@b", timestamp: 1 }

const complaint = (wire: unknown): string | undefined => {
  const decoded = EventCodec.decode(wire)
  if (Result.isSuccess(decoded)) return undefined
  assert.instanceOf(decoded.failure, EventCodec.MalformedEvent)
  return decoded.failure.message
}

describe("an event that Python sent", () => {
  it("is read, and what it says is written as it was", () => {
    for (const wire of events) {
      const event = decode(wire)
      const written: Wire = JSON.parse(`{${EventCodec.members(event.type, event)}}`)
      const said = Object.entries(wire).filter(([name]) => !common.includes(name))
      assert.deepStrictEqual(written, Object.fromEntries(said), event.type)
      assert.deepStrictEqual(
        [event.type, event.hostname, event.utcoffset, event.pid, event.clock, event.timestamp],
        common.map((name) => wire[name])
      )
    }
  })

  it("goes under the routing key that its type becomes, and several of a group under that of the group", () => {
    for (const { body, routingKey } of captured) {
      if (Array.isArray(body)) assert.strictEqual(routingKey, "task.multi")
      else assert.strictEqual(routingKey, Event.routingKeyOf(decode(body).type))
    }
  })

  it("has its fields in the names of this side", () => {
    const [received] = events.filter(({ type }) => type === "task-received").map(decode)
    assert.deepStrictEqual(received, {
      _tag: "TaskReceived",
      type: "task-received",
      hostname: "w1@h",
      utcoffset: 0,
      pid: 18430,
      clock: 139,
      timestamp: 1795216556.5384605,
      uuid: "dfb7e1f1-89b2-4be6-8d2b-1cc5b3d3ae92",
      name: "proj.add",
      args: "(1, 2)",
      kwargs: "{}",
      rootId: "dfb7e1f1-89b2-4be6-8d2b-1cc5b3d3ae92",
      parentId: undefined,
      retries: 0,
      eta: undefined,
      expires: undefined
    })
    const [heartbeat] = events.filter(({ type }) => type === "worker-heartbeat").map(decode)
    assert.include(heartbeat, {
      _tag: "WorkerHeartbeat",
      freq: 2,
      swIdent: "py-celery",
      swVer: "5.6.3",
      swSys: "Linux"
    })
  })
})

describe("an event of an application", () => {
  it("keeps its fields as they are", () => {
    const event = decode({ ...base, uuid: "1", done: 3, some_thing: { of: ["mine"] } })
    assert.strictEqual(event._tag, "TaskCustom")
    assert.deepStrictEqual("fields" in event && event.fields, { uuid: "1", done: 3, some_thing: { of: ["mine"] } })
  })

  it("may be of a group of its own", () => {
    assert.include(decode({ ...base, type: "shop-opened", till: 4 }), { _tag: "Custom", type: "shop-opened" })
  })

  it("cannot say what every event says", () => {
    const said = {
      hostname: "other",
      clock: 9,
      type: "x",
      timestamp: 1,
      pid: 4,
      utcoffset: 3,
      local_received: 1,
      done: 1
    }
    assert.strictEqual(EventCodec.members("task-progress", said), "\"done\":1")
  })
})

describe("a malformed event", () => {
  const rows: ReadonlyArray<readonly [unknown, string]> = [
    [null, "malformed event: the event is null, not an object"],
    [[], "malformed event: the event is a list of 0, not an object"],
    [{ ...base, type: 7 }, "malformed event: type is the number 7, not text of at most 255 characters without spaces"],
    [{ ...base, type: "a b" }, "malformed event: type is \"a b\", not text of at most 255 characters without spaces"],
    [{ ...base, hostname: undefined }, "malformed event: hostname is absent, not text of at most 255 characters"],
    [{ ...base, timestamp: "now" }, "malformed event: timestamp is \"now\", not seconds since 1970"],
    [{ ...base, timestamp: Number.NaN }, "malformed event: timestamp is the number NaN, not seconds since 1970"],
    [{ ...base, timestamp: 1e300 }, "malformed event: timestamp is the number 1e+300, not seconds since 1970"],
    [
      { ...base, uuid: "1", clock: 2 ** 53 },
      "malformed event: clock is the number 9007199254740992, not the time of a logical clock"
    ],
    [{ ...base, uuid: "1", clock: -1 }, "malformed event: clock is the number -1, not the time of a logical clock"],
    [{ ...base }, "malformed event: uuid is absent, not text of at most 255 characters"],
    [{ ...base, uuid: "1", big: "x".repeat(300_000) }, "malformed event: the event is larger than 262144 characters"],
    [
      { ...base, type: "worker-heartbeat", loadavg: Array.from({ length: 9 }, () => 0) },
      "malformed event: loadavg is a list of 9, not a few numbers"
    ],
    [
      { ...base, type: "task-rejected", uuid: "1", requeue: 1 },
      "malformed event: requeue is the number 1, not true or false"
    ]
  ]
  for (const [wire, says] of rows) {
    it(`is refused: ${says.slice(17)}`, () => assert.strictEqual(complaint(wire), says))
  }

  it("is cut where it is only shown", () => {
    const event = decode({ ...base, type: "task-failed", uuid: "1", traceback: "x".repeat(100_000) })
    assert.strictEqual("traceback" in event && event.traceback?.length, 65_539)
  })

  it("is told of and never thrown, whatever it is made of", () => {
    const types = ["worker-heartbeat", "worker-elect", "task-received", "task-revoked", "task-x", "y"]
    const names = [...common, "uuid", "id", "freq", "loadavg", "args", "retries", "signum", "action", "eta"]
    const wire = fc.dictionary(fc.constantFrom(...names, "other", "__proto__"), fc.anything())
    fc.assert(
      fc.property(wire, fc.constantFrom(...types), (fields, type) => {
        EventCodec.decode({ ...base, uuid: "1", id: "1", ...fields })
        EventCodec.decode({ ...base, uuid: "1", id: "1", ...fields, type })
      }),
      { numRuns: 2_000 }
    )
  })
})
