import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { due } from "../src/internal/Missed.ts"
import * as Schedule from "../src/Schedule.ts"

const start = Date.parse("2026-11-28T00:00:00Z")
const always = { within: Infinity }

describe("slots that were missed", () => {
  const schedules: ReadonlyArray<readonly [string, Schedule.Schedule]> = [
    ["an interval", Schedule.schedule("7 minutes")],
    ["a crontab", Schedule.crontab({ minute: "*/7", hour: "2-5,20", timeZone: "Europe/Berlin" })],
    ["a relative interval", Schedule.schedule("1 hour", { relative: true })]
  ]

  it.each(schedules)("of %s are the newest ones, as if all had been gone through", (_, schedule) => {
    fc.assert(fc.property(
      fc.integer({ min: 0, max: 3 * 86_400_000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 86_400_000 }),
      (gone, limit, within) => {
        const now = start + gone
        const all: Array<number> = []
        for (let slot = schedule.next(start)!; slot <= now; slot = schedule.next(slot)!) all.push(slot)
        const found = due(schedule, start, now, { limit, within })
        if (all.length === 0) return assert.isUndefined(found)
        assert.deepStrictEqual(found, {
          slots: all.slice(-limit).filter((slot) => slot >= now - within),
          last: all.at(-1)!
        })
      }
    ))
  })

  it("are found after ten years without going through all of them", () => {
    let asked = 0
    const minutely = Schedule.crontab()
    const counting = { ...minutely, next: (after: number) => (asked++, minutely.next(after)) }
    const found = due(counting, start, start + 10 * 365 * 86_400_000, { limit: 3, ...always })
    assert.strictEqual(found!.slots.length, 3)
    assert.strictEqual(found!.last, start + 10 * 365 * 86_400_000)
    assert.isBelow(asked, 50)
  })

  it("are none, of a schedule that has ended", () => {
    const once = { next: (after: number) => after < 5 ? 5 : undefined, describe: "<once>" }
    assert.deepStrictEqual(due(once, 0, 10, { limit: 5, ...always }), { slots: [5], last: 5 })
    assert.isUndefined(due(once, 5, 10, { limit: 5, ...always }))
  })
})
