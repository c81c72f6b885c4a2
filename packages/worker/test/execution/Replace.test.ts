/** A task that another one takes the place of, and one that adds to its own chord, through a whole worker. */
import * as TaskHeaders from "@celeriac/tasks/protocol/TaskHeaders"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import * as TaskPredicate from "@celeriac/tasks/TaskPredicate"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { all, brief, chord, head, sign } from "../canvases.ts"
import { bytes, counts, define, drain, lookup, publish, quiet, running, settled, taskMessage } from "../support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const text = Task.make("text", { success: Schema.String })
const total = Task.make("total", { parameters: { all: Schema.Array(Schema.Unknown) }, success: Schema.Int })
const echo = Task.make("echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const fail = Task.make("fail", { parameters: { x: Schema.optionalKey(Schema.Unknown) } })
const give = Task.make("give", { parameters: { signature: Schema.Unknown }, success: Schema.Unknown })
const grow = Task.make("grow", {
  parameters: { signatures: Schema.Array(Schema.Unknown), value: Schema.optionalKey(Schema.Unknown) },
  success: Schema.Unknown
})
const twice = Task.make("twice", { parameters: { signature: Schema.Unknown }, success: Schema.Unknown })

const decode = (value: unknown) => Result.getOrThrow(Signature.decode(value))

const flatten = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value.flatMap(flatten) : [value]

/** How often each task ran, by its id. */
const worker = (runs: Map<string, number> = new Map()) => {
  const ran = (id: string) => void runs.set(id, (runs.get(id) ?? 0) + 1)
  return running(define({
    tasks: [
      add.toLayer(({ x, y }, { id }) => Effect.sync(() => (ran(id), x + y))),
      total.toLayer(({ all }, { id }) =>
        Effect.sync(() => (ran(id), flatten(all).reduce<number>((sum, one) => sum + Number(one), 0)))
      ),
      echo.toLayer(({ value }, { id }) => Effect.sync(() => (ran(id), value))),
      fail.toLayer((_, { id }) => Effect.suspend(() => (ran(id), Effect.die(new RangeError("bad"))))),
      give.toLayer(({ signature }) => Task.replace(decode(signature))),
      grow.toLayer(({ signatures, value }) =>
        Effect.as(Effect.forEach(signatures, (signature) => TaskContext.addToChord(decode(signature))), value ?? 0)
      ),
      twice.toLayer(({ signature }, request) =>
        Effect.andThen(
          request.addToChord(decode(signature)),
          request.retries === 0 ? Task.retry({ countdown: 0 }) : Effect.succeed(1)
        )
      )
    ]
  }))
}

const provided = <A, E, R>(effect: Effect.Effect<A, E, R>, runs?: Map<string, number>) =>
  effect.pipe(Effect.provide(worker(runs)), Effect.provide(quiet))

/** A task that `signature` takes the place of. */
const giving = (signature: object, embed: object = {}, headers: object = {}) =>
  head(embed, "give", [signature], headers)

const list = [1, 2]

describe("a task that another takes the place of", () => {
  it.effect("has the other's result under its own id, once", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        yield* publish(giving(sign("add", undefined, [1, 2])))
        yield* settled
        assert.deepStrictEqual(yield* brief("head"), ["SUCCESS", 3])
        assert.deepStrictEqual(runs, new Map([["head", 1]]))
        assert.deepStrictEqual(yield* counts(), [0, 0])
      }),
      runs
    )
  })

  it.effect("has its place: parent, root, group, chord and chain, and how often it was replaced", () =>
    provided(Effect.gen(function*() {
      const embed = { chain: [sign("echo", "last"), sign("echo", "next")], chord: null }
      yield* publish(
        giving(sign("add", "own", [1, 2], { queue: "elsewhere" }), embed, {
          root_id: "root",
          parent_id: "parent",
          group: "group",
          group_index: 3
        })
      )
      yield* settled
      const [message] = yield* drain("elsewhere")
      const headers = Result.getOrThrow(TaskHeaders.decode(message!.headers))
      assert.deepStrictEqual(
        [headers.id, headers.rootId, headers.parentId, headers.group, headers.groupIndex, headers.replacedTaskNesting],
        ["head", "root", "head", "group", 3, 1]
      )
      const [args, , { chain }] = JSON.parse(Buffer.from(message!.body).toString())
      assert.deepStrictEqual(args, [1, 2])
      assert.deepStrictEqual(
        chain.map(({ options }: { options: object }) => options),
        [{ task_id: "last", replaced_task_nesting: 1 }, { task_id: "next", replaced_task_nesting: 1 }]
      )
    })))

  it.effect("is followed by what followed it, once, and by what the other brings along", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        const shared = sign("echo", "shared")
        const other = sign("add", undefined, [1, 2], { link: [sign("echo", "own"), shared] })
        yield* publish(giving(other, { callbacks: [sign("echo", "after"), shared], chain: [sign("echo", "next")] }))
        yield* settled
        for (const id of ["own", "after", "shared", "next"]) assert.deepStrictEqual(yield* brief(id), ["SUCCESS", 3])
        assert.deepStrictEqual(runs.get("shared"), 1)
      }),
      runs
    )
  })

  it.effect("is followed once when it is a chain, whose last step has the id", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        const other = all("chain", [sign("add", "first", [1, 2]), sign("add", undefined, [10])])
        yield* publish(giving(other, { callbacks: [sign("echo", "after")], chain: [sign("echo", "next")] }))
        yield* settled
        assert.deepStrictEqual(yield* brief("first"), ["SUCCESS", 3])
        for (const id of ["head", "after", "next"]) assert.deepStrictEqual(yield* brief(id), ["SUCCESS", 13])
        assert.deepStrictEqual([runs.get("after"), runs.get("next")], [1, 1])
      }),
      runs
    )
  })

  it.effect("fails as the other does, with its errbacks, and what waits for it", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        yield* publish(
          giving(sign("fail", undefined), { errbacks: [sign("echo", "errback")], chain: [sign("echo", "next")] })
        )
        yield* settled
        for (const id of ["head", "next"]) assert.deepStrictEqual(yield* brief(id), ["FAILURE", "RangeError", "bad"])
        assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "head"])
        assert.strictEqual(runs.get("errback"), 1)
      }),
      runs
    )
  })

  it.effect("comes to a list when it is a group, alone or at the end of a chain", () =>
    provided(Effect.gen(function*() {
      const group = all("group", list.map((n) => sign("echo", undefined, [n])))
      yield* publish(giving(group, { callbacks: [sign("echo", "after")], chain: [sign("total", "next")] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("head"), yield* brief("after")], [["SUCCESS", list], ["SUCCESS", list]])
      assert.deepStrictEqual(yield* brief("next"), ["SUCCESS", 3])
      const chain = all("chain", [
        sign("add", undefined, [1, 2]),
        all("group", list.map((n) => sign("add", undefined, [n])))
      ])
      yield* publish({ ...giving(chain), headers: { ...giving(chain).headers, id: "other" } })
      yield* settled
      assert.deepStrictEqual(yield* brief("other"), ["SUCCESS", [4, 5]])
    })))

  it.effect("comes to the body when it is a chord, of a header that may be empty", () =>
    provided(Effect.gen(function*() {
      const other = chord(list.map((n) => sign("echo", undefined, [n])), sign("total", undefined))
      yield* publish(giving(other, { callbacks: [sign("echo", "after")], chain: [sign("add", "next", [10])] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("head"), yield* brief("after")], [["SUCCESS", 3], ["SUCCESS", 3]])
      assert.deepStrictEqual(yield* brief("next"), ["SUCCESS", 13])
      const empty = giving(all("group", []))
      yield* publish({ ...empty, headers: { ...empty.headers, id: "other" } })
      yield* settled
      assert.deepStrictEqual(yield* brief("other"), ["SUCCESS", []])
    })))

  it.effect("is a part of its chord still, whatever takes its place, and that may be replaced again", () =>
    provided(Effect.gen(function*() {
      const group = all("group", list.map((n) => sign("echo", undefined, [n])))
      const parts = [
        sign("give", "a", [sign("give", undefined, [sign("add", undefined, [1, 2])])]),
        sign("give", "b", [group]),
        sign("give", "c", [all("chain", [sign("echo", undefined, [7]), sign("echo", undefined)])]),
        sign("give", "d", [chord([sign("echo", undefined, [1])], sign("total", undefined), {}, "inner")]),
        sign("echo", "e")
      ].map((part) => Object.assign(part, { immutable: part.task === "give" }))
      yield* publish(head({ callbacks: [chord(parts, sign("echo", "body"))] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", [3, list, 7, 1, 3]])
    })))

  it.effect("waits for its result where the task's was waited for", () =>
    provided(Effect.gen(function*() {
      const message = giving(
        all("chain", [sign("echo", undefined, [1]), sign("echo", undefined, [], { queue: "away" })])
      )
      yield* publish({ ...message, properties: { ...message.properties, replyTo: "replies" } })
      yield* settled
      const [last] = yield* drain("away")
      assert.deepStrictEqual([last?.headers.id, last?.properties.replyTo], ["head", "replies"])
    })))

  it.effect("fails when what is to take its place cannot", () =>
    provided(Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [object, string]> = [
        [sign("add", undefined, [1, 2], { chord: sign("total", "body") }), "ImproperlyConfigured"],
        [all("chain", []), "ImproperlyConfigured"],
        [sign("add", undefined, [1, 2], { priority: 999 }), "EncodeError"]
      ]
      for (const [index, [signature, excType]] of wrong.entries()) {
        const message = giving(signature, { chain: [sign("echo", `next${index}`)] })
        yield* publish({ ...message, headers: { ...message.headers, id: `head${index}` } })
        yield* settled
        for (const id of [`head${index}`, `next${index}`]) {
          assert.strictEqual((yield* lookup(id))?.exception?.excType, excType)
        }
      }
    })))

  it("is refused where the signature still lacks something, or comes to something else", () => {
    const types = () => [
      add.toLayer(() => Task.replace(add.s({ x: 1, y: 2 }))),
      // @ts-expect-error: it comes to a text
      add.toLayer(() => Task.replace(text.s())),
      // @ts-expect-error: y is lacking
      add.toLayer(() => Task.replace(add.s({ x: 1 }))),
      add.toLayer(() => Task.replace(Signature.make("python.add", { args: [1, 2] })))
    ]
    assert.isFunction(types)
    assert.throws(() => TaskPredicate.replace(Signature.make("add", { priority: 999 })), /priority/)
  })
})

describe("a task that adds to its chord", () => {
  const growing = (signatures: ReadonlyArray<object>, id: string, value: unknown = 0) => ({
    ...sign("grow", id, [signatures, value]),
    immutable: true
  })

  it.effect("has the body wait for what it added, which stands beside it in the list", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        const parts = [
          growing([sign("echo", "x", [10]), growing([sign("echo", "y", [20])], "again", 5)], "a", 1),
          sign("echo", "b", [])
        ]
        yield* publish(head({ callbacks: [chord(parts, sign("echo", "body"))] }))
        yield* settled
        const results = (yield* lookup("body"))?.result
        assert(Array.isArray(results), "it has run")
        assert.sameMembers(results.slice(0, 4), [1, 10, 5, 20])
        assert.deepStrictEqual(results.slice(4), [3])
        assert.deepStrictEqual(runs.get("body"), 1)
        assert.strictEqual((yield* lookup("x"))?.parentId, "a")
        assert.deepStrictEqual((yield* lookup("a"))?.children?.map(({ id }) => id), ["x", "again"])
      }),
      runs
    )
  })

  it.effect("may add whole canvases", () =>
    provided(Effect.gen(function*() {
      const canvases = [
        all("chain", [sign("echo", undefined, [1]), sign("add", undefined, [1])]),
        all("group", list.map((n) => sign("echo", undefined, [n]))),
        chord(list.map((n) => sign("echo", undefined, [n])), sign("total", undefined), {}, "inner")
      ]
      yield* publish(
        head({ callbacks: [chord([growing(canvases, "a", 100), sign("echo", "b")], sign("total", "body"))] })
      )
      yield* settled
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", 100 + 2 + 1 + 2 + 3 + 3])
    })))

  it.effect("adds a part at each attempt, with an id of its own", () =>
    provided(Effect.gen(function*() {
      const part = { ...sign("twice", "a", [sign("echo", undefined, [10])]), immutable: true }
      yield* publish(head({ callbacks: [chord([part, sign("echo", "b")], sign("total", "body"))] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", 10 + 10 + 1 + 3])
    })))

  it.effect("fails where there is no chord", () =>
    provided(Effect.gen(function*() {
      const message = taskMessage({ task: "grow", id: "alone" })
      yield* publish({ ...message, body: bytes(JSON.stringify([[[sign("echo", "x", [1])]], {}, {}])) })
      yield* settled
      const why = ["FAILURE", "ValueError", "Current task is not member of any chord"]
      assert.deepStrictEqual(yield* brief("alone"), why)
      assert.isUndefined(yield* lookup("x"))
    })))
})
