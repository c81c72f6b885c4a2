/** Which group each task of a chord is in, as Celery 5.7.0 says it in the messages of the same. */
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import { assert, describe, it } from "@effect/vitest"
import { endIdOf, endingIn } from "../../src/canvas/CanvasShape.ts"
import * as CanvasFreeze from "../../src/internal/CanvasFreeze.ts"

const task = (id: string): SignatureJson => ({ task: "tests.task", options: { task_id: id } })
const chain = (...tasks: ReadonlyArray<SignatureJson>): SignatureJson => ({
  task: "celery.chain",
  kwargs: { tasks },
  subtask_type: "chain"
})
const group = (...tasks: ReadonlyArray<SignatureJson>): SignatureJson => ({
  task: "celery.group",
  kwargs: { tasks },
  subtask_type: "group"
})
const chord = (header: ReadonlyArray<SignatureJson>, body: SignatureJson): SignatureJson => ({
  task: "celery.chord",
  kwargs: { header: group(...header), body },
  subtask_type: "chord"
})

const freeze = (signature: SignatureJson) => {
  let made = 0
  return CanvasFreeze.freeze(signature, {
    newId: () => `new-${++made}`,
    optionsOf: () => ({}),
    onChord: () => {}
  }).json
}

/** Of each task inside that says its group: which one. */
const groupsIn = (value: unknown): Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return {}
  const { options, subtask_type } = value as SignatureJson // a list has neither
  const own = subtask_type === undefined && options?.group_id !== undefined
    ? { [String(options.task_id)]: options.group_id }
    : {}
  return Object.assign(own, ...Object.values(value).map(groupsIn))
}

const bodies: Readonly<Record<string, readonly [body: SignatureJson, groups: Record<string, unknown>]>> = {
  "a task": [task("a"), { a: "g" }],
  "a chain": [chain(task("a"), task("b")), { b: "g" }],
  "a group": [group(task("a"), task("b")), { a: "g", b: "g" }],
  "a chain that ends in a group": [chain(task("a"), group(task("b"), chain(task("c"), task("d")))), { b: "g", d: "g" }],
  "a chord": [chord([task("a"), task("b")], chain(task("c"), task("d"))), { d: "g" }],
  "one that is in another group": [{ task: "tests.task", options: { task_id: "a", group_id: "own" } }, { a: "own" }]
}

describe("the body of a chord", () => {
  for (const [name, [body, groups]] of Object.entries(bodies)) {
    it(`comes to what is in the group of the header: ${name}`, () => {
      assert.deepStrictEqual(groupsIn(endingIn(body, "g")), groups)
    })
  }

  it("is known by the id of its end, and the chord by that of its header, which Python's workers make anew", () => {
    const inner = chord([task("c"), task("d")], chain(task("e"), task("f")))
    const { kwargs, options } = freeze(chord([task("a"), task("b")], inner))
    const [header, body] = [kwargs?.header, kwargs?.body] as [SignatureJson, SignatureJson] // as it was built
    assert.strictEqual(options?.task_id, header.options?.task_id)
    const within = body.kwargs?.["header"] as SignatureJson // the same
    assert.strictEqual(body.options?.task_id, within.options?.task_id)
    assert.notStrictEqual(options?.task_id, body.options?.task_id)
    assert.strictEqual(endIdOf(body), "f")
  })
})
