import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { BeatError } from "../src/BeatError.ts"
import * as Schedule from "../src/Schedule.ts"

const at = (text: string) => Date.parse(text)

/** The slots that follow an instant, as the clocks of UTC show them. */
const slots = (schedule: Schedule.Schedule, after: string, count: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  let last: number | undefined = at(after)
  while (found.length < count) {
    last = schedule.next(last!)
    if (last === undefined) break
    found.push(new Date(last).toISOString().replace(/(:00)?\.000Z$/, ""))
  }
  return found
}

const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    assert.instanceOf(error, BeatError)
    return error.message
  }
  return assert.fail("nothing was refused")
}

describe("schedule", () => {
  it("counts from the slot before", () => {
    assert.deepStrictEqual(slots(Schedule.schedule("90 seconds"), "2026-11-28T10:00:07Z", 3), [
      "2026-11-28T10:01:37",
      "2026-11-28T10:03:07",
      "2026-11-28T10:04:37"
    ])
  })

  it("is kept to the clock when it is relative: to full minutes, hours, and days of its zone", () => {
    const relative = (every: number, timeZone?: string) => Schedule.schedule(every, { relative: true, timeZone })
    const after = "2026-11-28T10:20:07Z"
    assert.deepStrictEqual(slots(relative(90_000), after, 2), ["2026-11-28T10:21", "2026-11-28T10:22"])
    assert.deepStrictEqual(slots(relative(3_600_000), after, 2), ["2026-11-28T11:00", "2026-11-28T12:00"])
    assert.deepStrictEqual(slots(relative(86_400_000, "Europe/Berlin"), "2026-10-24T10:20:07Z", 3), [
      "2026-10-24T22:00",
      "2026-10-25T23:00",
      "2026-10-26T23:00"
    ])
  })

  it("is told as Celery tells it", () => {
    const told = [0.5, 1, 30, 60, 90, 5400, 172_800].map((seconds) => Schedule.schedule(seconds * 1000).describe)
    assert.deepStrictEqual(told, [
      "<freq: now>",
      "<freq: 1.00 second>",
      "<freq: 30.00 seconds>",
      "<freq: 1.00 minute>",
      "<freq: 1.50 minutes>",
      "<freq: 1.50 hours>",
      "<freq: 2.00 days>"
    ])
  })

  it("refuses what is no time", () => {
    for (const every of [0, -5, NaN, Infinity]) {
      assert.match(refusal(() => Schedule.schedule(every)), /^schedule: an interval of .* is not between/)
    }
  })
})

describe("crontab", () => {
  it("wants all its fields to agree, those of days too", () => {
    const friday13 = Schedule.crontab({ minute: 0, hour: 0, dayOfMonth: 13, dayOfWeek: "fri" })
    assert.deepStrictEqual(slots(friday13, "2026-01-01T00:00:00Z", 3), [
      "2026-02-13T00:00",
      "2026-03-13T00:00",
      "2026-11-13T00:00"
    ])
  })

  it("finds the 29th of February that is a Monday, over a century that has none", () => {
    const leap = Schedule.crontab({ minute: 0, hour: 12, dayOfMonth: 29, monthOfYear: "feb", dayOfWeek: 1 })
    assert.deepStrictEqual(slots(leap, "2080-01-01T00:00:00Z", 2), ["2112-02-29T12:00", "2140-02-29T12:00"])
  })

  it("is due an hour later where the clocks skip its hour, and once where they show it twice", () => {
    const night = Schedule.crontab({ minute: 30, hour: 2, timeZone: "Europe/Berlin" })
    assert.deepStrictEqual(slots(night, "2026-03-28T12:00:00Z", 2), ["2026-03-29T01:30", "2026-03-30T00:30"])
    assert.deepStrictEqual(slots(night, "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30", "2026-10-26T01:30"])
    const hourly = Schedule.crontab({ minute: 0, timeZone: "Europe/Berlin" })
    assert.deepStrictEqual(slots(hourly, "2026-10-24T23:30:00Z", 3), [
      "2026-10-25T00:00",
      "2026-10-25T02:00",
      "2026-10-25T03:00"
    ])
  })

  it("that begins in an hour's second coming waits until that is over", () => {
    const often = Schedule.crontab({ minute: "*/5", timeZone: "Europe/Berlin" })
    assert.deepStrictEqual(slots(often, "2026-10-25T01:10:00Z", 2), ["2026-10-25T02:00", "2026-10-25T02:05"])
  })

  it("is read from one line, in the order of cron", () => {
    const weekdays = Schedule.crontabOf("0 8 * * mon-fri", { timeZone: "Europe/Berlin" })
    assert.strictEqual(weekdays.describe, "<crontab: 0 8 * * mon-fri (m/h/dM/MY/d)>")
    assert.deepStrictEqual(slots(weekdays, "2026-11-27T12:00:00Z", 2), ["2026-11-30T07:00", "2026-12-01T07:00"])
  })

  const refused: ReadonlyArray<readonly [Schedule.CrontabOptions, string]> = [
    [{ minute: 60 }, "crontab: minute '60' has 60: write whole numbers from 0 to 59"],
    [{ hour: "8-24" }, "crontab: hour '8-24' has 24: write whole numbers from 0 to 23"],
    [{ dayOfWeek: 7 }, "crontab: day_of_week '7' has 7: write whole numbers from 0 to 6 (Sunday is 0)"],
    [
      { dayOfWeek: "mno" },
      "crontab: day_of_week 'mno' has 'mno': write a number from 0 to 6, or 'sun' to 'sat'"
    ],
    [{ minute: "mon" }, "crontab: minute 'mon' has 'mon': write a number from 0 to 59"],
    [{ minute: "*/0" }, "crontab: minute '*/0' has the step '0' in '*/0': write a whole number above 0"],
    [{ minute: "5/2" }, "crontab: minute '5/2' has a step behind one number in '5/2': write '5-59/2'"],
    [{ minute: [] }, "crontab: minute '' names no time: leave it out, or write '*', for all"],
    [
      { minute: "1,,2" },
      "crontab: minute '1,,2' has an empty part: write numbers, ranges and '*' with single commas between them"
    ],
    [{ minute: 1.5 }, "crontab: minute '1.5' has 1.5: write whole numbers from 0 to 59"],
    [
      { minute: "-5" },
      "crontab: minute '-5' has '-5', which is no number, range, or step as '*/5' or '8-17/2'"
    ],
    [
      { dayOfMonth: 30, monthOfYear: 2 },
      "crontab: day_of_month '30' is in no month of '2': give a day that one of them has"
    ],
    [
      { timeZone: "Europe/Atlantis" },
      "no time zone is named 'Europe/Atlantis': give one of the IANA database as 'Europe/Berlin', or an offset as '+02:00'"
    ]
  ]
  for (const [options, message] of refused) {
    it(`refuses ${JSON.stringify(options)}`, () =>
      assert.strictEqual(refusal(() => Schedule.crontab(options)), message))
  }

  it("refuses a line of four fields", () => {
    assert.match(refusal(() => Schedule.crontabOf("0 8 * *")), /has 4 fields: write five/)
  })

  it("always names a later slot, whatever is asked of it", () => {
    const field = (first: number, last: number) =>
      fc.oneof(fc.constant("*"), fc.integer({ min: first, max: last }), fc.constant("*/7"))
    const zones = fc.constantFrom("UTC", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe", "+05:45")
    fc.assert(fc.property(
      fc.record({ minute: field(0, 59), hour: field(0, 23), dayOfWeek: field(0, 6), dayOfMonth: field(1, 28) }),
      zones,
      fc.integer({ min: at("1990-01-01"), max: at("2090-01-01") }),
      (fields, timeZone, after) => {
        const next = Schedule.crontab({ ...fields, timeZone }).next(after)
        return next !== undefined && next > after && next % 60_000 === 0
      }
    ))
  })

  it("takes any text for a field, or says what is wrong with it", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d*,/a-z-]{1,12}$/)), (hour) => {
      try {
        const schedule = Schedule.crontab({ hour })
        return schedule.next(0) !== undefined
      } catch (error) {
        return error instanceof BeatError
      }
    }))
  })
})

describe("solar", () => {
  const events: ReadonlyArray<readonly [[Schedule.SolarEvent, number, number], number, ReadonlyArray<number>]> = JSON
    .parse(readFileSync(join(import.meta.dirname, "fixtures", "solar.json"), "utf8"))

  it("is due within half a minute of what Celery's ephem says", () => {
    for (const [[event, latitude, longitude], last, nexts] of events) {
      const schedule = Schedule.solar({ event, latitude, longitude })
      for (const [index, next] of nexts.entries()) {
        // From a while after the one before: which may lie on either side of ours.
        const ours = schedule.next(index === 0 ? last : nexts[index - 1]! + 600_000)!
        const told = `${event} at ${latitude}, ${longitude}: ${new Date(ours).toISOString()}, and Celery says`
        assert.isBelow(Math.abs(ours - next), 30_000, `${told} ${new Date(next).toISOString()}`)
      }
    }
  })

  it("names each event once", () => {
    const [sunset, noon] = (["sunset", "solar_noon"] as const).map((event) =>
      slots(Schedule.solar({ event, latitude: 52.5, longitude: 13.4 }), "2026-06-19T00:00:00Z", 400)
    )
    for (const days of [sunset!, noon!]) {
      assert.strictEqual(new Set(days.map((slot) => slot.slice(0, 10))).size, 400)
    }
  })

  it("waits for the next day that has it, where not every day does", () => {
    const tromso = Schedule.solar({ event: "sunrise", latitude: 69.65, longitude: 18.96 })
    assert.match(slots(tromso, "2026-12-01T00:00:00Z", 1)[0]!, /^2027-01-1[4-6]T10/)
  })

  it("refuses what is no place and no event", () => {
    const place = { event: "sunset", latitude: 0, longitude: 0 } as const
    assert.match(refusal(() => Schedule.solar({ ...place, latitude: 91 })), /a latitude of 91 is not from -90 to 90/)
    assert.match(refusal(() => Schedule.solar({ ...place, longitude: NaN })), /a longitude of NaN/)
    // @ts-expect-error: no such event
    const midnight = refusal(() => Schedule.solar({ ...place, event: "midnight" }))
    assert.match(midnight, /no event is named 'midnight': take one of/)
  })
})
