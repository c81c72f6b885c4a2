/** What comes after a task, through a whole worker: callbacks, the rest of a chain, errbacks, the body of a chord. */
import * as TaskBody from "@celeriac/tasks/protocol/TaskBody"
import * as Task from "@celeriac/tasks/Task"
import * as Canvas from "@celeriac/worker/trace/Canvas"
import * as Followers from "@celeriac/worker/trace/Followers"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { all, brief, chord, head, sign } from "../canvases.ts"
import { counts, define, drain, lookup, publish, quiet, running, settled } from "../support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const total = Task.make("total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const echo = Task.make("echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const fail = Task.make("fail", { parameters: { x: Schema.optionalKey(Schema.Unknown) } })

/** How often each task ran, by its id. */
const worker = (runs: Map<string, number> = new Map()) => {
  const ran = (id: string) => void runs.set(id, (runs.get(id) ?? 0) + 1)
  return running(define({
    tasks: [
      add.toLayer(({ x, y }, { id }) => Effect.sync(() => (ran(id), x + y))),
      total.toLayer(({ all }, { id }) => Effect.sync(() => (ran(id), all.reduce((sum, one) => sum + one, 0)))),
      echo.toLayer(({ value }, { id }) => Effect.sync(() => (ran(id), value))),
      fail.toLayer((_, { id }) => Effect.suspend(() => (ran(id), Effect.die(new RangeError("bad")))))
    ]
  }))
}

describe("what follows a task that succeeds", () => {
  it.effect("is its callback, with the result in front of its own arguments, and as its child", () =>
    Effect.gen(function*() {
      yield* publish(head({ callbacks: [sign("add", "callback", [10])] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("callback"), ["SUCCESS", 13])
      const record = yield* lookup("head")
      assert.deepStrictEqual(record?.children?.map(({ id }) => id), ["callback"])
      assert.strictEqual((yield* lookup("callback"))?.parentId, "head")
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("are several callbacks, which are one group, and an immutable one gets nothing", () =>
    Effect.gen(function*() {
      const still = { ...sign("add", "still", [1, 1]), immutable: true }
      yield* publish(head({ callbacks: [sign("add", "one", [10]), still] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("one"), yield* brief("still")], [["SUCCESS", 13], ["SUCCESS", 2]])
      const [group] = (yield* lookup("head"))?.children ?? []
      assert.deepStrictEqual(group?.members?.map(({ id }) => id), ["one", "still"])
      assert.strictEqual((yield* lookup("one"))?.groupId, group?.id)
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is the rest of its chain, step by step, each the parent of the next", () =>
    Effect.gen(function*() {
      yield* publish(head({ chain: [sign("add", "third", [100]), sign("add", "second", [10])] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("second"), yield* brief("third")], [["SUCCESS", 13], ["SUCCESS", 113]])
      assert.strictEqual((yield* lookup("third"))?.parentId, "second")
      assert.deepStrictEqual((yield* lookup("second"))?.children?.map(({ id }) => id), ["third"])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is the rest of a long chain, whether all of its message was read or not", () =>
    Effect.gen(function*() {
      const count = 40
      const given = Array.from({ length: count }, (_, at) => sign("add", `step ${count - at}`, [at]))
      // Not every step is an ordinary one.
      const odd = { ...sign("echo", "odd", [], { link: [sign("echo", "linked")] }) }
      yield* publish(head({ chain: [...given.slice(0, 30), odd, ...given.slice(30)] }))
      yield* settled
      assert.deepStrictEqual(yield* brief(`step ${count}`), ["SUCCESS", 3 + count * (count - 1) / 2])
      assert.strictEqual((yield* lookup("step 11"))?.parentId, "odd")
      assert.deepStrictEqual(
        (yield* lookup("odd"))?.children?.map(({ id, members }) => members?.length ?? id),
        ["linked", "step 11"]
      )
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is nothing of a long chain that fails: each that will not run fails with it", () =>
    Effect.gen(function*() {
      const steps = Array.from({ length: 30 }, (_, at) => sign("echo", `step ${at}`))
      yield* publish(
        head({ chain: [...steps, sign("fail", "bad"), ...Array.from(steps, () => sign("echo", undefined))] })
      )
      yield* settled
      assert.deepStrictEqual(yield* brief("bad"), ["FAILURE", "RangeError", "bad"])
      for (const step of [0, 15, 29]) {
        assert.deepStrictEqual(yield* brief(`step ${step}`), ["FAILURE", "RangeError", "bad"])
      }
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is refused where a step of a long chain makes no sense, which is told by its place", () =>
    Effect.gen(function*() {
      const steps = Array.from({ length: 30 }, (_, at) => sign("add", `step ${at}`, [at]))
      yield* publish(head({ chain: [...steps, sign("add", "bad", [], { priority: "high" }), ...steps] }))
      yield* settled
      const [status, type, text] = (yield* brief("head")) as ReadonlyArray<string>
      assert.deepStrictEqual([status, type], ["FAILURE", "ValueError"])
      assert.include(text, "embed.chain[30] ")
      assert.deepStrictEqual((yield* brief("step 0"))?.[0], "FAILURE")
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("has the same ids when the task runs twice, whether they were given or not", () =>
    Effect.gen(function*() {
      const elsewhere = sign("add", undefined, [10], { queue: "elsewhere" })
      const message = head({ callbacks: [elsewhere, elsewhere], chain: [elsewhere] })
      yield* publish(message)
      yield* settled
      yield* publish(message)
      yield* settled
      const ids = (yield* drain("elsewhere")).map(({ headers }) => headers.id)
      assert.strictEqual(ids.length, 6)
      assert.strictEqual(new Set(ids.slice(0, 3)).size, 3)
      assert.deepStrictEqual(ids.slice(3), ids.slice(0, 3))
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is a group inside the chain, whose members all get the result, and a chord when the group is followed", () =>
    Effect.gen(function*() {
      const group = all("group", [sign("add", "a", [1]), sign("add", "b", [2])], { task_id: "header" })
      yield* publish(head({ chain: [chord(group.kwargs.tasks, sign("total", "body"))] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("a"), yield* brief("b")], [["SUCCESS", 4], ["SUCCESS", 5]])
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", 9])
      yield* publish({ ...head({ chain: [group] }), headers: { ...head({}).headers, id: "other" } })
      yield* settled
      assert.deepStrictEqual((yield* lookup("other"))?.children?.[0]?.members?.map(({ id }) => id), ["a", "b"])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is a step that follows a chord: it comes after the body", () =>
    Effect.gen(function*() {
      const header = [sign("add", "a", [1]), sign("add", "b", [2])]
      yield* publish(head({ chain: [sign("add", "after", [100]), chord(header, sign("total", "body"))] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("after"), ["SUCCESS", 109])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is a chord in a chord, a part that is a chain, and one whose header is empty", () =>
    Effect.gen(function*() {
      const inner = {
        ...chord([sign("add", "a", [1]), sign("add", "b", [2])], sign("total", "inner")),
        kwargs: { header: [sign("add", "a", [1]), sign("add", "b", [2])], body: sign("total", "inner") }
      }
      const long = all("chain", [sign("add", "c", [1]), sign("add", "d", [1])])
      yield* publish(head({ callbacks: [chord([inner, long, sign("echo", "e")], sign("total", "body"))] }))
      yield* publish({
        ...head({ callbacks: [chord([], sign("total", "empty"))] }),
        headers: { ...head({}).headers, id: "other" }
      })
      yield* settled
      assert.deepStrictEqual([yield* brief("inner"), yield* brief("d")], [["SUCCESS", 9], ["SUCCESS", 5]])
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", 9 + 5 + 3])
      assert.deepStrictEqual(yield* brief("empty"), ["SUCCESS", 0])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  for (const isFrozen of [false, true]) {
    it.effect(`is a chord in a group at the end of a part, for which the chord around it waits: ${isFrozen ? "with the groups that Python gives" : "built here"}`, () =>
      Effect.gen(function*() {
        const inOuter = isFrozen ? { group_id: "outer" } : {}
        const inner = chord(
          [sign("add", "a", [1]), sign("add", "b", [2])],
          sign("total", "inner", [], inOuter),
          {},
          "in"
        )
        const group = all("group", [sign("echo", "one", [], inOuter), inner], { task_id: "group", ...inOuter })
        const part = all("chain", [sign("echo", "first"), group])
        yield* publish(head({ callbacks: [chord([part, sign("echo", "x")], sign("echo", "body"), {}, "outer")] }))
        yield* settled
        assert.deepStrictEqual(yield* brief("inner"), ["SUCCESS", 9])
        assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", [[3, 9], 3]])
      }).pipe(Effect.provide(worker()), Effect.provide(quiet)))
  }

  it.effect("is what is linked to the members of a group that is the body of a chord, in one another too", () =>
    Effect.gen(function*() {
      const linked = sign("echo", "one", [], { link: [sign("echo", "after one")] })
      const body = all("group", [all("group", [linked, sign("echo", "two")]), sign("echo", "three")])
      yield* publish(head({ callbacks: [chord([sign("echo", "a"), sign("echo", "b")], body)] }))
      yield* settled
      for (const id of ["one", "two", "three", "after one"]) {
        assert.deepStrictEqual(yield* brief(id), ["SUCCESS", [3, 3]])
      }
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  for (
    const { again, name, times } of [
      { name: "once, when the task that sent its chord has come again", again: { celeriac_again: true }, times: 1 },
      { name: "again, when its chord is sent again under the ids that it had", again: {}, times: 2 }
    ]
  ) {
    it.effect(`runs ${name}`, () => {
      const runs = new Map<string, number>()
      return Effect.gen(function*() {
        const callbacks = [chord([sign("add", "a", [1]), sign("add", "b", [2])], sign("total", "body"))]
        yield* publish(head({ callbacks }))
        yield* settled
        const later = head({ callbacks }, "add", [1, 2], again)
        yield* publish({ ...later, headers: { ...later.headers, id: "later" } })
        yield* settled
        assert.deepStrictEqual([runs.get("a"), runs.get("body")], [times, times])
      }).pipe(Effect.provide(worker(runs)), Effect.provide(quiet))
    })
  }
})

describe("what follows a task that fails", () => {
  const broken = ["FAILURE", "RangeError", "bad"]

  it.effect("is a failure of every step that is left of its chain, and its errbacks with its id", () =>
    Effect.gen(function*() {
      const chain = [sign("add", "third", [100]), sign("add", "second", [10], { link: [sign("add", "linked", [1])] })]
      yield* publish(
        head({ chain, errbacks: [sign("echo", "errback")], callbacks: [sign("add", "callback")] }, "fail", [])
      )
      yield* settled
      for (const id of ["head", "second", "third"]) assert.deepStrictEqual(yield* brief(id), broken)
      assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "head"])
      assert.isUndefined(yield* lookup("linked"))
      assert.isUndefined(yield* lookup("callback"))
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is a failure of the body of its chord, in Celery's words, and the errbacks of the body", () =>
    Effect.gen(function*() {
      const body = sign("total", "body", [], {
        link_error: [sign("echo", "errback")],
        chain: [sign("add", "behind", [1])]
      })
      yield* publish(head({ callbacks: [chord([sign("add", "a", [1]), sign("fail", "b"), sign("echo", "c")], body)] }))
      yield* settled
      const failed = ["FAILURE", "ChordError", "Dependency b raised RangeError('bad')"]
      assert.deepStrictEqual(yield* brief("body"), failed)
      assert.deepStrictEqual(yield* brief("behind"), failed)
      assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "body"])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  it.effect("is the failure of its chord when the part is the end of a chain", () =>
    Effect.gen(function*() {
      const long = all("chain", [sign("fail", "c"), sign("add", "d", [1])])
      yield* publish(head({ callbacks: [chord([sign("add", "a", [1]), long], sign("total", "body"))] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("d"), broken)
      assert.deepStrictEqual(yield* brief("body"), ["FAILURE", "ChordError", "Dependency d raised RangeError('bad')"])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))
})

describe("what follows a task and cannot be sent", () => {
  it.effect("fails the task, and those behind it", () =>
    Effect.gen(function*() {
      yield* publish(head({ chain: [sign("add", "next", [1], { queue: "celery", priority: 999 })] }))
      yield* settled
      for (const id of ["head", "next"]) assert.include((yield* lookup(id))?.exception?.args[0], "999 is no integer")
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(worker()), Effect.provide(quiet)))

  /** Each is wrong, however deep it stands. */
  const wrong = fc.constantFrom<unknown>(
    7,
    { args: [] },
    { task: "" },
    { task: 7 },
    { task: "add", args: "1" },
    { task: "add", kwargs: [] },
    { task: "add", options: [] },
    { task: "add", options: { stamped_headers: "no list" } },
    { task: "add", options: { countdown: "soon" } },
    { task: "add", options: { link: 7 } },
    { task: "add", options: { chain: "next" } },
    { task: "celery.chain", kwargs: {}, subtask_type: "chain" },
    { task: "celery.group", kwargs: { tasks: "all" }, subtask_type: "group" },
    { task: "celery.chord", kwargs: { header: [] }, subtask_type: "chord" },
    { task: "celery.chord", kwargs: { body: sign("add", "x") }, subtask_type: "chord" },
    sign("add", "x", [], { link: Array.from({ length: 100_000 }, () => sign("add", "y")) })
  )
  const embeds = fc.tuple(
    wrong,
    fc.array(fc.constantFrom("link", "link_error", "chain", "chord", "tasks", "header", "body"), { maxLength: 5 }),
    fc.constantFrom("callbacks", "errbacks", "chain", "chord")
  ).map(([bad, places, where]) => {
    const inner = places.reduce<unknown>((one, place) => {
      switch (place) {
        case "tasks":
          return { ...all("chain", []), kwargs: { tasks: [one] } }
        case "header":
          return { ...chord([], {}), kwargs: { header: [one], body: sign("add", "body") } }
        case "body":
          return { ...chord([], {}), kwargs: { header: [sign("add", "part")], body: one } }
        case "chord":
          return sign("add", "step", [], { chord: one })
        default:
          return sign("add", "step", [], { [place]: [one] })
      }
    }, bad)
    return { [where]: where === "chord" ? inner : [sign("add", "good"), inner] }
  })

  const chordOf = (header: ReadonlyArray<unknown>, body: unknown) => ({ ...chord([], {}), kwargs: { header, body } })

  /** Those that a reader can find: of everything that has a task and an id. */
  const idsIn = (value: unknown): ReadonlyArray<string> => {
    if (typeof value !== "object" || value === null) return []
    const { options, task } = value as {
      readonly task?: unknown
      readonly options?: { readonly task_id?: unknown } | null
    }
    const id = typeof task === "string" && task !== "celery.group" ? options?.task_id : undefined
    return [...typeof id === "string" ? [id] : [], ...Object.values(value).flatMap(idsIn)]
  }

  it("is refused in a worker that lives: nothing of it runs, and all that could be waited for has failed", () => {
    const runs = new Map<string, number>()
    const property = fc.asyncProperty(embeds, (embed) =>
      Effect.runPromise(
        Effect.gen(function*() {
          runs.clear()
          yield* publish(head(embed))
          yield* publish({ ...head({}), headers: { ...head({}).headers, id: "fine" } })
          yield* settled
          assert.deepStrictEqual(runs, new Map([["fine", 1]]))
          for (const id of new Set(["head", ...idsIn(embed)])) {
            assert.strictEqual((yield* lookup(id))?.status, "FAILURE", id)
          }
          assert.deepStrictEqual(yield* counts(), [0, 0])
        }).pipe(Effect.provide(worker(runs)), Effect.provide(quiet))
      ))
    const header = sign("add", "step", [], { chord: chordOf([sign("add", "part")], 7) })
    const hidden = { callbacks: [chordOf([header], sign("add", "body"))] }
    return fc.assert(property, { numRuns: 30, examples: [[hidden]] })
  })

  it("is found, wherever it stands, before anything runs", () =>
    fc.assert(fc.property(embeds, (embed) => {
      const body = TaskBody.decode([[], {}, embed])
      assert.isTrue(Result.isFailure(body) || Canvas.refusal(body.success.embed, true) !== undefined)
    })))

  it("is a circle, which a serializer may give, however it branches: it is found, and all who can be told are", () => {
    const linked: Record<string, unknown> = { ...sign("add", "linked") }
    linked.options = { task_id: "linked", link: [linked, linked] }
    const chain: Record<string, unknown> = { ...all("chain", [], { task_id: "chain" }) }
    chain.kwargs = { tasks: [chain, sign("add", "step"), chain] }
    for (const callback of [linked, chain]) {
      const embed = { callbacks: [callback as never], errbacks: undefined, chain: undefined, chord: undefined } // it is a signature
      assert.include(String(Canvas.refusal(embed, true)?.args), "stands deeper than 64 signatures")
    }
    const { followers } = Followers.ofSignatures([chain as never]) // as above
    assert.deepStrictEqual(followers.map(({ id }) => id), ["chain", "step"])
  })

  it("is the body of a chord where nobody counts, and only then", () => {
    const { embed } = Result.getOrThrow(TaskBody.decode([[], {}, { chord: sign("add", "body") }]))
    assert.strictEqual(Canvas.refusal(embed, false)?.excType, "NotImplementedError")
    assert.isUndefined(Canvas.refusal(embed, true))
  })
})
