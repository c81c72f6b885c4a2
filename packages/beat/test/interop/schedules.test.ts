/** What comes next, as real Celery says it. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { has, runPython } from "../../../../test/peers/Python.ts"
import * as Schedule from "../../src/Schedule.ts"

const source = readFileSync(join(import.meta.dirname, "schedules.py"), "utf8")

/** Written here, so that what fails can be seen again. */
const seed = process.env["CELERIAC_TEST_CRONTABS_SEED"] ?? "20261128"

const ask = (crontabs: number, intervals: number) =>
  runPython(source, { args: [seed, String(crontabs), String(intervals)] })

type Case = readonly [kind: string, what: any, zone: string, last: number, nexts: ReadonlyArray<number>]

const told = (line: Case, at: number, ours: number | undefined, theirs: number) =>
  `${JSON.stringify(line[1])} in ${line[2]} after ${new Date(at).toISOString()}: ${
    ours === undefined ? "never" : new Date(ours).toISOString()
  }, and Celery says ${new Date(theirs).toISOString()}`

/** Compares each answer, and returns how many Celery's own lie before what they should come after. */
const compare = (lines: ReadonlyArray<Case>, make: (line: Case) => Schedule.Schedule) => {
  let backwards = 0
  for (const line of lines) {
    const schedule = make(line)
    let at = line[3]
    for (const next of line[4]) {
      const ours = schedule.next(at)
      if (next <= at) {
        // In an hour that comes a second time Celery names slots of the first, and sends until it is over.
        backwards++
        assert.isTrue(ours !== undefined && ours > at, told(line, at, ours, next))
        break
      }
      assert.strictEqual(ours, next, told(line, at, ours, next))
      at = next
    }
  }
  return backwards
}

describe.skipIf(!has("5.7"))("schedules", () => {
  it("of 10,000 crontabs in 20 zones name the slots that Celery names, also when clocks are changed", async () => {
    const lines = await ask(10_000, 0) as ReadonlyArray<Case>
    assert.strictEqual(lines.length, 10_000)
    const backwards = compare(lines, (line) => Schedule.crontab({ ...line[1], timeZone: line[2] }))
    assert.isBelow(backwards, 50)
  })

  it("of 3,000 intervals that are kept to the clock end when Celery ends them", async () => {
    const lines = await ask(0, 3000) as ReadonlyArray<Case>
    assert.strictEqual(lines.length, 3000)
    const make = (line: Case) => Schedule.schedule(line[1] * 1000, { relative: true, timeZone: line[2] })
    assert.strictEqual(compare(lines, make), 0)
  })
})
