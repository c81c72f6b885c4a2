/** Which group each task of a chord is in, as Celery 5.7.0 says it in the messages of the same. */
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { CanvasMessages } from "../../src/canvas/CanvasMessages.ts"
import { endIdOf, endingIn, resultOf } from "../../src/canvas/CanvasShape.ts"
import * as CanvasFreeze from "../../src/internal/CanvasFreeze.ts"
import * as ResultTuple from "../../src/result/ResultTuple.ts"

const task = (id: string): SignatureJson => ({ task: "tests.task", options: { task_id: id } })
const inGroup = (id: string, group_id: string): SignatureJson => ({ ...task(id), options: { task_id: id, group_id } })
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

describe("what a canvas comes to", () => {
  it("is told by the ids of all that is in it, as in Celery: who sent it has it among its children", () => {
    const headed = (id: string, header: SignatureJson, body: SignatureJson): SignatureJson => ({
      ...chord([], body),
      kwargs: { header: { ...header, options: { task_id: id } }, body }
    })
    const named = (id: string, signature: SignatureJson): SignatureJson => ({ ...signature, options: { task_id: id } })
    const before = ResultTuple.task("before")
    assert.deepStrictEqual(
      resultOf(named("g", group(task("a"), chain(task("b"), named("h", group(task("c"), task("d")))))), before),
      ResultTuple.group("g", [
        ResultTuple.task("a"),
        ResultTuple.group("h", [ResultTuple.task("c"), ResultTuple.task("d")], ResultTuple.task("b"))
      ], before)
    )
    assert.deepStrictEqual(
      resultOf(headed("header", group(task("a")), chain(task("b"), task("c"))), before),
      ResultTuple.task(
        "c",
        ResultTuple.task("b", ResultTuple.group("header", [ResultTuple.task("a")], before))
      )
    )
    // Nobody has given its member an id.
    assert.deepStrictEqual(resultOf(named("g", group({ task: "tests.task" })), before), ResultTuple.task("g", before))
  })
})

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

  it("is a group whose chords come to what is in it, whatever group they were given: Python gives them that of the header", () => {
    const whole = group(
      inGroup("a", "header"),
      chord([task("b")], inGroup("c", "header")),
      chord([task("d")], chord([task("e")], inGroup("f", "header"))),
      chord([task("g")], chain(task("h"), inGroup("i", "header"))),
      chain(task("j"), inGroup("k", "header"))
    )
    const written: Record<string, unknown> = {}
    const write = (signature: SignatureJson) => {
      const { chain, chord, group_id, task_id } = signature.options ?? {}
      written[String(task_id)] = [group_id, groupsIn([chord, chain])]
      return Result.succeed({
        message: { body: new Uint8Array(), headers: {}, properties: {} },
        to: { exchange: "", routingKey: "" },
        by: undefined,
        declare: []
      })
    }
    new CanvasMessages(write, "sender", 0).apply({ ...whole, options: { group_id: "header", task_id: "own" } }, [], {})
    const headers = ["b", "d", "g"].map((id) => (written[id] as ReadonlyArray<unknown>)[1])
    assert.deepStrictEqual(written["a"], ["header", {}])
    // What "f" is in counts when it is sent.
    assert.deepStrictEqual(headers, [{ c: "own" }, { f: "own" }, { i: "header" }])
    assert.deepStrictEqual(written["j"], [undefined, { k: "header" }])
  })

  it("waits for what ends in the group that a part ends in, which says so to whoever sends it", () => {
    const ending = group(
      task("b"),
      chain(task("c"), task("d")),
      chain(task("e"), group(task("f"), chain(task("g"), task("h"))))
    )
    const part = chain(task("a"), ending)
    const header = { ...group(part, task("x")), options: { task_id: "header" } }
    const json = freeze({ ...chord([], task("y")), kwargs: { header, body: task("y") } })
    assert.deepStrictEqual(groupsIn(json), { b: "header", d: "header", f: "header", h: "header" })
  })

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
