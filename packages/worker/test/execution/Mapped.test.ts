import { assert, describe, it } from "@effect/vitest"
import * as Mapped from "../../src/execution/internal/Mapped.ts"
import { bytes, taskMessage } from "../support.ts"

const of = (task: string, body: unknown) =>
  Mapped.taskOf(task, { ...taskMessage({ task, id: "a" }), body: bytes(JSON.stringify(body)) }, {})

describe("the task whose handler a message runs", () => {
  it("is that of each item of a map", () => {
    const task = { task: "proj.compute", args: [], kwargs: {} }
    for (const name of ["celery.map", "celery.starmap"]) {
      assert.strictEqual(of(name, [[], { task, it: [[1]] }, {}]), "proj.compute")
      assert.strictEqual(of(name, [[task, [[1]]], {}, {}]), "proj.compute")
      assert.strictEqual(of(name, [["proj.compute", [[1]]], {}, {}]), "proj.compute")
    }
  })

  it("is its own where it is no map, or makes no sense", () => {
    assert.strictEqual(of("proj.echo", [[], { task: { task: "proj.compute" } }, {}]), "proj.echo")
    for (const body of [null, [], [[], {}, {}], [[1], {}, {}], "text", [{}, { task: {} }]]) {
      assert.strictEqual(of("celery.map", body), "celery.map")
    }
  })
})
