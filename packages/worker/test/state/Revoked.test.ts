import * as Revoked from "@celeriac/worker/state/Revoked"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

/** A clock that is turned by hand. */
class Hand {
  now = 1_800_000_000_000
  readonly currentTimeMillisUnsafe = () => this.now
}

const make = (options: Revoked.Options = {}) => {
  const clock = new Hand()
  return { clock, revoked: new Revoked.Revoked({ clock, ...options }) }
}

describe("revoked ids", () => {
  it("are remembered, oldest first, and the oldest goes when there is no more room", () => {
    const { clock, revoked } = make({ most: 3 })
    assert.isTrue(revoked.isEmpty)
    for (const id of ["a", "b", "c", "a", "d"]) {
      clock.now++
      revoked.revoke(id)
    }
    assert.deepStrictEqual(revoked.ids(), ["c", "a", "d"])
    assert.deepStrictEqual([revoked.size, revoked.has("a"), revoked.has("b"), revoked.isEmpty], [3, true, false, false])
  })

  it("are forgotten after a while, when they are looked through", () => {
    const { clock, revoked } = make({ expires: 1_000 })
    revoked.revoke("a")
    clock.now += 999
    revoked.revoke("b")
    assert.deepStrictEqual(revoked.ids(), ["a", "b"])
    clock.now += 1
    assert.deepStrictEqual(revoked.ids(), ["b"])
    clock.now += 1_000
    revoked.purge()
    assert.deepStrictEqual([revoked.size, revoked.isEmpty], [0, true])
  })

  it("keep their order when the clock is set back", () => {
    const { clock, revoked } = make({ expires: 1_000 })
    revoked.revoke("a")
    clock.now -= 500
    revoked.revoke("b")
    assert.deepStrictEqual(revoked.ids(), ["a", "b"])
  })

  it("are merged in the order of their times; a time that cannot be is now, and what has expired is left out", () => {
    const { clock, revoked } = make({ expires: 1_000 })
    revoked.revoke("mine")
    clock.now += 100
    revoked.merge([
      ["old", clock.now - 200],
      ["future", clock.now + 5],
      ["expired", clock.now - 1_000],
      ["nan", NaN],
      ["mine", clock.now - 300],
      ["now"]
    ])
    assert.deepStrictEqual(Array.from(revoked.entries()), [
      ["old", clock.now - 200],
      ["mine", clock.now - 100],
      ["future", clock.now],
      ["nan", clock.now],
      ["now", clock.now]
    ])
  })

  it("that are known do not become younger because another worker knows them too", () => {
    const { clock, revoked } = make({ expires: 1_000 })
    revoked.revoke("a")
    clock.now += 900
    revoked.merge([["a"]])
    clock.now += 100
    assert.deepStrictEqual(revoked.ids(), [])
  })

  it("are told to whoever writes them down, and what that throws changes nothing", () => {
    const { clock, revoked } = make()
    const told: Array<unknown> = []
    revoked.onRevoked = (id, at) => {
      told.push([id, at - clock.now])
      throw new Error("the disk is full")
    }
    revoked.revoke("a")
    revoked.merge([["b"], ["c", clock.now - 5], ["a"]])
    assert.deepStrictEqual(told, [["a", 0], ["c", -5], ["b", 0]])
    assert.deepStrictEqual(revoked.ids(), ["c", "a", "b"])
  })

  it("are what a list of them with times, the longest first to go, would be", () => {
    const command = fc.oneof(
      fc.record({ _tag: fc.constant("revoke" as const), id: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ _tag: fc.constant("wait" as const), millis: fc.integer({ min: 0, max: 400 }) }),
      fc.record({ _tag: fc.constant("purge" as const) }),
      fc.record({
        _tag: fc.constant("merge" as const),
        entries: fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 9 }),
            fc.option(fc.integer({ min: -1_200, max: 100 }), { nil: undefined })
          ),
          { maxLength: 6 }
        )
      })
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const [most, expires] = [5, 1_000]
        const { clock, revoked } = make({ most, expires })
        let model: Array<readonly [string, number]> = []
        const put = (id: string, at: number) => {
          model = [...model.filter(([other]) => other !== id), [id, at] as const].sort((a, b) => a[1] - b[1]).slice(
            -most
          )
        }
        for (const command of commands) {
          const { now } = clock
          if (command._tag === "wait") clock.now += command.millis
          else if (command._tag === "purge") {
            revoked.purge()
            model = model.filter(([, at]) => at + expires > now)
          } else if (command._tag === "revoke") {
            revoked.revoke(`${command.id}`)
            put(`${command.id}`, now)
          } else {
            const entries = command.entries.map(([id, ago]) => [`${id}`, ago === undefined ? ago : now + ago] as const)
            const before = new Map(model)
            revoked.merge(entries)
            const fresh = entries.flatMap(([id, at]): ReadonlyArray<readonly [string, number]> => {
              const time = at === undefined || at > now ? now : at
              const known = before.get(id)
              return time + expires <= now || (known !== undefined && (at === undefined || known >= time))
                ? []
                : [[id, time]]
            })
            const all = new Map(model)
            for (const [id, at] of fresh.toSorted((a, b) => a[1] - b[1])) {
              all.delete(id)
              all.set(id, at)
            }
            model = Array.from(all).sort((a, b) => a[1] - b[1]).slice(-most)
          }
          assert.strictEqual(revoked.size, model.length)
          for (let id = 0; id < 10; id++) {
            assert.strictEqual(revoked.has(`${id}`), model.some(([known]) => known === `${id}`))
          }
          assert.strictEqual(revoked.isEmpty, model.length === 0)
        }
        model = model.filter(([, at]) => at + expires > clock.now)
        assert.deepStrictEqual(revoked.ids().toSorted(), model.map(([id]) => id).toSorted())
        const times = Array.from(revoked.entries(), ([, at]) => at)
        assert.deepStrictEqual(times, times.toSorted((a, b) => a - b))
      })
    )
  })
})

describe("revoked ids of another worker", () => {
  it("are read from a list, as Celery 5.7 sends them, and from a table of its own times, as those before do", () => {
    assert.deepStrictEqual(Revoked.read(["a", "b"]), [["a"], ["b"]])
    assert.deepStrictEqual(Revoked.read({ a: [12.5, "a"], b: 13.25 }), [["a"], ["b"]])
  })

  it("are never anything but ids, whatever is sent", () => {
    assert.deepStrictEqual(Revoked.read(["a", 1, null, "", {}, "x".repeat(256)]), [["a"]])
    fc.assert(fc.property(fc.anything(), (value) => {
      for (const [id, at] of Revoked.read(value)) assert.isTrue(typeof id === "string" && at === undefined)
    }))
  })
})

describe("revoked stamps", () => {
  const stamped = (revoked: Revoked.Revoked, stamps: Record<string, unknown>, headers = Object.keys(stamps)) =>
    revoked.stampOf(headers, stamps)

  it("are found by any of their values, one or several, under a header that is listed", () => {
    const { revoked } = make()
    revoked.revokeStamps("batch", ["b1", "b2"])
    revoked.revokeStamps("ids", [2])
    assert.isFalse(revoked.isEmpty)
    assert.deepStrictEqual(stamped(revoked, { batch: "b2" }), { header: "batch", value: "b2" })
    assert.deepStrictEqual(stamped(revoked, { batch: "b3", ids: [1, 2] }), { header: "ids", value: 2 })
    assert.isUndefined(stamped(revoked, { batch: "b1" }, []))
    assert.isUndefined(revoked.stampOf(undefined, { batch: "b1" }))
    assert.isUndefined(stamped(revoked, { batch: null, ids: ["2"] }), "a text is no number")
  })

  it("are values, whatever they are made of, and never what every object has", () => {
    const { revoked } = make()
    revoked.revokeStamps("a", [{ x: [1] }, true, null, undefined])
    revoked.revokeStamps("constructor", ["x"])
    assert.deepStrictEqual(stamped(revoked, { a: { x: [1] } })?.header, "a")
    assert.deepStrictEqual(stamped(revoked, { a: [true] })?.value, true)
    assert.isUndefined(stamped(revoked, { a: null }))
    assert.isUndefined(revoked.stampOf(["constructor", "__proto__"], {}))
  })

  it("are as many as ids at most: those of the header that was longest without a new one go first", () => {
    const { revoked } = make({ most: 4 })
    revoked.revokeStamps("old", [1, 2])
    revoked.revokeStamps("young", [3, 4, 5, 3])
    assert.deepStrictEqual(Object.fromEntries(revoked.stampsByHeader()), { old: [2], young: [3, 4, 5] })
  })
})
