/**
 * Random blueprints nested three deep, disturbed at random moments, against a
 * model of what is promised.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { program, run } from "./model/Program.ts"
import { broken } from "./model/Promises.ts"

describe("random blueprints, three deep, disturbed at random moments", () => {
  it("keep what is promised of steps", () =>
    fc.assert(
      fc.asyncProperty(program, async (spec) => {
        assert.deepStrictEqual(broken(spec, await run(spec)), [])
      }),
      { numRuns: 500 }
    ))

  it("are told what came of them: a failure names the step, a stop is what was asked for", () =>
    fc.assert(
      fc.asyncProperty(program, async (spec) => {
        const { outcome } = await run(spec)
        const whats = spec.disturbances.map(({ what }) => what)
        if (outcome === "interrupted") assert.include(whats, "interrupt")
        else if (outcome === "Terminate") assert.include(whats, "terminate")
        else if (outcome === "Shutdown") assert.include(whats, "shutdown")
        else {assert.match(
            outcome,
            /^BootstepError: Bootstep '[\d.>]+' of blueprint '[\d.>W]+' failed while (starting|running): (failed|died|broke|lost)$/
          )}
      }),
      { numRuns: 100 }
    ))

  it("are not taken for good when something is left out, comes twice, or comes too early", () =>
    fc.assert(
      fc.asyncProperty(program, fc.nat(), async (spec, at) => {
        const good = await run(spec)
        const { happenings } = good
        const released = happenings.flatMap(({ what }, index) => what === "released" ? [index] : [])
        fc.pre(released.length > 0)
        const index = released[at % released.length]!
        const one = happenings[index]!
        for (
          const wrong of [
            happenings.toSpliced(index, 1),
            happenings.toSpliced(index, 0, one),
            happenings.toSpliced(index, 1).toSpliced(0, 0, one)
          ]
        ) assert.notDeepEqual(broken(spec, { ...good, happenings: wrong }), [])
        assert.notDeepEqual(broken(spec, { ...good, endedAt: undefined }), [])
        assert.notDeepEqual(broken(spec, { ...good, endedAt: -1 }), [])
      }),
      { numRuns: 50 }
    ))
})
