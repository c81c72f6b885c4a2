import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as BeatSchedule from "../src/BeatSchedule.ts"
import * as Schedule from "../src/Schedule.ts"
import * as ScheduleEntry from "../src/ScheduleEntry.ts"
import * as ScheduleForm from "../src/ScheduleForm.ts"

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const minutely = Schedule.schedule("1 minute")

const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail("nothing was refused")
}

describe("an entry", () => {
  it("carries the options of its call, and the header by which Celery's tasks of beat are known", () => {
    const entry = ScheduleEntry.make("sum", {
      signature: add.s({ x: 1, y: 2 }),
      schedule: minutely,
      options: { queue: "sums", priority: 3, expires: "1 hour", headers: { my: "h" } }
    })
    const json = Result.getOrThrow(Signature.encode(entry.signature))
    assert.strictEqual(json.task, "proj.add")
    assert.deepStrictEqual(json.options, {
      queue: "sums",
      priority: 3,
      expires: 3600,
      headers: { my: "h" }
    })
    assert.deepStrictEqual(entry.headers, { my: "h", celery_beat_task: true })
  })

  it("has a task id for each slot, which no other entry, slot and scheduler has", () => {
    const entry = (name: string) => ScheduleEntry.make(name, { signature: add.s({ x: 1, y: 2 }), schedule: minutely })
    const ids = [
      ScheduleEntry.slotId("beat", entry("a"), 1000),
      ScheduleEntry.slotId("beat", entry("a"), 1001),
      ScheduleEntry.slotId("beat", entry("b"), 1000),
      ScheduleEntry.slotId("other", entry("a"), 1000)
    ]
    assert.strictEqual(new Set(ids).size, 4)
    assert.strictEqual(ScheduleEntry.slotId("beat", entry("a"), 1000), ids[0])
    assert.match(ids[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it("takes a signature that lacks nothing", () => {
    const schedule = minutely
    ScheduleEntry.make("a", { signature: add.si({ x: 1, y: 2 }), schedule })
    ScheduleEntry.make("b", { signature: Signature.make("py.task"), schedule })
    // @ts-expect-error: its arguments are not complete: give all that have no default
    ScheduleEntry.make("c", { signature: add.s({ x: 1 }), schedule })
    // @ts-expect-error: the id is the slot's
    ScheduleEntry.make("d", { signature: add.s({ x: 1, y: 2 }), schedule, options: { taskId: "mine" } })
  })

  it("refuses what makes no sense, with its name", () => {
    const signature = add.s({ x: 1, y: 2 })
    const schedule = minutely
    assert.strictEqual(
      refusal(() => ScheduleEntry.make("", { signature, schedule })),
      "entry '': a name has 1 to 255 characters"
    )
    assert.strictEqual(
      refusal(() => ScheduleEntry.make("a", { signature, schedule, missed: { all: 0 } })),
      "entry 'a': missed.all is 0: give a whole number from 1 to 10000"
    )
    assert.match(
      refusal(() => ScheduleEntry.make("a", { signature, schedule, options: { priority: 300 } })),
      /^entry 'a': .*priority/
    )
  })
})

describe("the schedule of a beat", () => {
  it.effect("has one entry of each name, and says so of a second one", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      const [first, second] = [1, 2].map((x) =>
        ScheduleEntry.make("twice", { signature: add.s({ x, y: 2 }), schedule: minutely })
      )
      const other = ScheduleEntry.make("other", { signature: add.s({ x: 1, y: 2 }), schedule: minutely })
      const { entries } = yield* BeatSchedule.BeatSchedule.pipe(
        Effect.provide(BeatSchedule.layer([first!, second!, other])),
        Effect.provide(log)
      )
      assert.deepStrictEqual(entries, [first, other])
      assert.deepStrictEqual(lines, ["beat: entry 'twice': another before it has the same name: give each its own"])
    }))

  it.effect("may be made by an effect, such as one that asks a database", () =>
    Effect.gen(function*() {
      const entry = ScheduleEntry.make("one", { signature: add.s({ x: 1, y: 2 }), schedule: minutely })
      const { entries } = yield* BeatSchedule.BeatSchedule
      assert.deepStrictEqual(entries.map(({ name }) => name), [entry.name])
    }).pipe(Effect.provide(BeatSchedule.layerEffect(Effect.sync(() => [
      ScheduleEntry.make("one", { signature: add.s({ x: 1, y: 2 }), schedule: minutely })
    ])))))

  it("is read from beat_schedule as Celery writes it", () => {
    const { entries, errors } = BeatSchedule.decode({
      "add-every-30-seconds": { task: "tasks.add", schedule: 30.0, args: [16, 16] },
      "add-every-monday-morning": {
        task: "tasks.add",
        schedule: Schedule.crontab({ hour: 7, minute: 30, dayOfWeek: 1 }),
        kwargs: { x: 1 },
        options: { queue: "mondays", expires: 60 }
      },
      line: { task: "tasks.noop", schedule: "0 8 * * mon-fri", enabled: false, missed: { all: 3 } },
      lamps: { task: "tasks.on", schedule: { __type__: "solar", event: "sunset", lat: -37.8, lon: 144.9 } },
      full: { task: "tasks.noop", schedule: 3600, relative: true }
    }, { timeZone: "Europe/Berlin" })
    assert.deepStrictEqual(errors, [])
    assert.deepStrictEqual(entries.map(({ name, schedule }) => [name, schedule.describe, schedule.timeZone]), [
      ["add-every-30-seconds", "<freq: 30.00 seconds>", undefined],
      ["add-every-monday-morning", "<crontab: 30 7 * * 1 (m/h/dM/MY/d)>", "UTC"],
      ["line", "<crontab: 0 8 * * mon-fri (m/h/dM/MY/d)>", "Europe/Berlin"],
      ["lamps", "<solar: sunset at latitude -37.8, longitude: 144.9>", "Europe/Berlin"],
      ["full", "<freq: 1.00 hour>", "Europe/Berlin"]
    ])
    const [first, second, third] = entries.map(({ signature }) => Result.getOrThrow(Signature.encode(signature)))
    assert.deepStrictEqual([first!.task, first!.args], ["tasks.add", [16, 16]])
    assert.deepStrictEqual(second!.kwargs, { x: 1 })
    assert.deepStrictEqual(second!.options, { queue: "mondays", expires: 60 })
    assert.deepStrictEqual(entries[1]!.headers, { celery_beat_task: true })
    assert.deepStrictEqual([entries[2]!.enabled, entries[2]!.missed.limit, third!.task], [false, 3, "tasks.noop"])
  })

  it("holds crontabs to the deadline of the settings, and those that say one to their own", () => {
    const { entries } = BeatSchedule.ofSettings({
      timezone: "Europe/Berlin",
      beatCronStartingDeadline: "10 minutes",
      beatSchedule: {
        cron: { task: "t", schedule: "0 8 * * *" },
        own: { task: "t", schedule: "0 8 * * *", starting_deadline: 5 },
        interval: { task: "t", schedule: 30 }
      }
    })
    assert.deepStrictEqual(entries.map(({ missed }) => missed.within), [600_000, 5000, Infinity])
    assert.strictEqual(entries[0]!.schedule.timeZone, "Europe/Berlin")
  })

  it("says of each entry that is wrong what is, and reads the others", () => {
    const { entries, errors } = BeatSchedule.decode({
      good: { task: "t", schedule: 1 },
      text: "every day",
      key: { task: "t", schedule: 1, arguments: [] },
      hour: { task: "t", schedule: { __type__: "crontab", hour: 24 } },
      zone: { task: "t", schedule: { __type__: "crontab", timezone: "Mars/Olympus" } },
      field: { task: "t", schedule: { __type__: "crontab", weekday: 1 } },
      kind: { task: "t", schedule: { __type__: "clocked" } },
      nothing: { task: "t" },
      task: { schedule: 1 },
      args: { task: "t", schedule: 1, args: 5 },
      missed: { task: "t", schedule: 1, missed: "some" }
    })
    assert.deepStrictEqual(entries.map(({ name }) => name), ["good"])
    assert.deepStrictEqual(errors.map(({ message }) => message), [
      "entry 'text': it is no object with 'task' and 'schedule'",
      "entry 'key': it has 'arguments': an entry has task, signature, schedule, args, kwargs, options, relative, enabled, missed, starting_deadline",
      "entry 'hour': crontab: hour '24' has 24: write whole numbers from 0 to 23",
      "entry 'zone': no time zone is named 'Mars/Olympus': give one of the IANA database as 'Europe/Berlin', or an offset as '+02:00'",
      "entry 'field': schedule: crontab has no 'weekday': it has minute, hour, day_of_week, day_of_month, month_of_year, timezone",
      "entry 'kind': schedule: __type__ is \"clocked\": write one of interval, crontab, solar",
      "entry 'nothing': schedule: a schedule is a number of seconds, a line of crontab, or an object",
      "entry 'task': task should be the name of a task, and is absent",
      "entry 'args': args should be a list, and is the number 5",
      "entry 'missed': missed is none of 'skip', 'latest' and {\"all\": 10}"
    ])
  })

  it("comes back as it was written", () => {
    const schedules = [
      Schedule.schedule("90 seconds"),
      Schedule.schedule("1 hour", { relative: true, timeZone: "Asia/Tokyo" }),
      Schedule.crontab({ minute: "*/5", hour: [1, 2], dayOfWeek: "fri-mon", timeZone: "Europe/Berlin" }),
      Schedule.solar({ event: "dawn_civil", latitude: 1, longitude: 2 })
    ]
    for (const schedule of schedules) {
      const entry = ScheduleEntry.make("e", {
        signature: add.s({ x: 1, y: 2 }),
        schedule,
        enabled: false,
        missed: "skip",
        options: { countdown: "5 seconds" }
      })
      const json = Result.getOrThrow(BeatSchedule.encodeEntry(entry))
      const back = Result.getOrThrow(BeatSchedule.decodeEntry("e", JSON.parse(JSON.stringify(json))))
      assert.deepStrictEqual(Result.getOrThrow(BeatSchedule.encodeEntry(back)), json)
      assert.deepStrictEqual([back.missed, back.enabled], [entry.missed, false])
      assert.strictEqual(back.schedule.next(1_795_000_000_000), schedule.next(1_795_000_000_000))
    }
  })

  it("keeps a schedule of one's own in code", () => {
    const own: Schedule.Schedule = { next: (after) => after + 1000, describe: "<mine>" }
    const entry = ScheduleEntry.make("own", { signature: add.s({ x: 1, y: 2 }), schedule: own })
    assert.strictEqual(Result.getOrThrow(ScheduleForm.decode(own)), own)
    const encoded = BeatSchedule.encodeEntry(entry)
    assert.isTrue(Result.isFailure(encoded))
    assert.match(String(Result.isFailure(encoded) && encoded.failure.message), /<mine> is code and cannot be kept/)
  })
})
