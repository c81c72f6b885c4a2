/** What does not come because of a task that failed, or never ran: nobody waits for it in vain. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Message } from "@celeriac/messaging/Message"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Task from "@celeriac/tasks/Task"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import { Execution } from "@celeriac/worker/boot/Execution"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { all, brief, chord, head, sign } from "../canvases.ts"
import { counts, define, drain, inject, lookup, publish, quiet, running, settled } from "../support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const echo = Task.make("echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const fail = Task.make("fail", { parameters: { x: Schema.optionalKey(Schema.Unknown) } })
const refuse = Task.make("refuse", { parameters: { x: Schema.optionalKey(Schema.Unknown) } })
const stuck = Task.make("stuck", { parameters: { x: Schema.optionalKey(Schema.Unknown) } })
const own = Task.make("own", {
  parameters: { x: Schema.RedactedFromValue(Schema.Int) },
  options: { queue: "away", priority: 5, compression: "gzip", expires: "1 hour", ignoreResult: true }
})

/** How often each task ran, by its id. */
const worker = (runs: Map<string, number> = new Map(), revoked: ReadonlyArray<string> = []) => {
  const ran = (id: string) => void runs.set(id, (runs.get(id) ?? 0) + 1)
  return running(define({
    tasks: [
      add.toLayer(({ x, y }, { id }) => Effect.sync(() => (ran(id), x + y))),
      echo.toLayer(({ value }, { id }) => Effect.sync(() => (ran(id), value))),
      fail.toLayer((_, { id }) => Effect.suspend(() => (ran(id), Effect.die(new RangeError("bad"))))),
      refuse.toLayer(() => Task.reject({ reason: "no" }), { acksLate: true }),
      stuck.toLayer(() => Effect.uninterruptible(Effect.delay(Effect.void, "1 hour")), { timeLimit: "1 minute" }),
      own.toLayer(() => Effect.void)
    ],
    steps: { worker: [revoking(revoked)] }
  }))
}

const provided = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  runs?: Map<string, number>,
  revoked?: ReadonlyArray<string>
) => effect.pipe(Effect.provide(worker(runs, revoked)), Effect.provide(quiet))

/** Revokes them as soon as the worker is up. */
const revoking = (ids: ReadonlyArray<string>) =>
  Bootstep.make("Revoking", {
    requires: [Execution],
    start: Effect.asVoid(Effect.flatMap(Execution, (execution) => execution.revoke(ids)))
  })

const bad = ["FAILURE", "RangeError", "bad"]
const broken = (
  id: string,
  raised = "RangeError('bad')"
) => ["FAILURE", "ChordError", `Dependency ${id} raised ${raised}`]

/** A body whose errback and whose next step are looked at, too. */
const body = sign("echo", "body", [], { link_error: [sign("echo", "errback")], chain: [sign("echo", "behind")] })

describe("a task that will not run", () => {
  for (const task of ["fail", "nobody"]) {
    it.effect(`tells what it was to run where records tell that, because of one that ${task === "fail" ? "failed" : "nobody knows"}`, () =>
      provided(Effect.gen(function*() {
        const chain = [sign("echo", "last"), sign("echo", "next", ["given"])]
        yield* publish(head({ chain }, task, []))
        yield* settled
        const told = (yield* Effect.all([lookup("next"), lookup("last")])).map((record) => record?.extended)
        assert.deepStrictEqual(told.map((extended) => [extended?.name, extended?.args, extended?.kwargs]), [
          ["echo", ["given"], {}],
          ["echo", [], {}]
        ])
      })).pipe(Effect.provide(TaskSettings.layer({ resultExtended: true }))))
  }
})

describe("a part of a chord that never runs", () => {
  const ways: ReadonlyArray<{
    readonly name: string
    readonly part: object
    readonly revoked?: ReadonlyArray<string>
    readonly raised: string
  }> = [
    {
      name: "it was revoked",
      part: sign("echo", "part"),
      revoked: ["part"],
      raised: "TaskRevokedError('revoked')"
    },
    {
      name: "it had expired",
      part: sign("echo", "part", [], { expires: "1960-01-01T00:00:00+00:00" }),
      raised: "TaskRevokedError('expired')"
    },
    { name: "nobody knows its task", part: sign("nobody", "part"), raised: "NotRegistered('nobody')" },
    { name: "it refuses its message", part: sign("refuse", "part"), raised: "Reject('no', False)" }
  ]
  for (const { name, part, raised, revoked = [] } of ways) {
    it.effect(`fails the chord, with its errbacks and what is behind it, when all others have ended: ${name}`, () => {
      const runs = new Map<string, number>()
      return provided(
        Effect.gen(function*() {
          yield* publish(head({ callbacks: [chord([part, sign("echo", "other")], body)] }))
          yield* settled
          assert.deepStrictEqual(yield* brief("other"), ["SUCCESS", 3])
          for (const id of ["body", "behind"]) assert.deepStrictEqual(yield* brief(id), broken("part", raised))
          assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "body"])
          assert.strictEqual(runs.get("errback"), 1)
        }),
        runs,
        revoked
      )
    })
  }

  it.effect("fails the chord, too, when it is the end of a chain that was broken off", () =>
    provided(Effect.gen(function*() {
      const chain = all("chain", [sign("nobody", "first"), sign("echo", "middle"), sign("echo", "last")])
      yield* publish(head({ callbacks: [chord([chain, sign("echo", "other")], body)] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("last"), ["FAILURE", "NotRegistered", "nobody"])
      assert.deepStrictEqual(yield* brief("body"), broken("last", "NotRegistered('nobody')"))
      assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "body"])
    })))
})

describe("a chain in the header of a chord", () => {
  const members = () => [sign("add", "one", [1]), sign("add", "two", [2])]
  const chain = (first: string) => all("chain", [sign(first, "first"), all("group", members(), { task_id: "inner" })])

  it.effect("that ends in a group has a list for it in the list of results", () =>
    provided(Effect.gen(function*() {
      yield* publish(head({ callbacks: [chord([chain("echo"), sign("echo", "other")], sign("echo", "body"))] }))
      yield* settled
      assert.deepStrictEqual(yield* brief("body"), ["SUCCESS", [[4, 5], 3]])
      const saved = yield* (yield* ResultReader).restoreGroup("header")
      assert.deepStrictEqual(saved?.members?.map(({ id }) => id), ["inner", "other"])
    })))

  it.effect("that ends in a group fails the chord once, and each of the group", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        yield* publish(head({ callbacks: [chord([chain("fail"), sign("echo", "other")], body)] }))
        yield* settled
        for (const id of ["first", "one", "two"]) assert.deepStrictEqual(yield* brief(id), bad)
        assert.deepStrictEqual(yield* brief("body"), ["FAILURE", "ChordError", "Join error: RangeError('bad')"])
        assert.strictEqual(runs.get("errback"), 1)
      }),
      runs
    )
  })

  it.effect("that ends in a chord fails the one around it, whether the header or what comes before has failed", () =>
    provided(Effect.gen(function*() {
      for (const [first, inside] of [["fail", "echo"], ["echo", "fail"]] as const) {
        const inner = chord(
          [sign(inside, `in ${first}`), sign("echo", `i2 ${first}`)],
          sign("echo", `inner ${first}`),
          {},
          first
        )
        const parts = [all("chain", [sign(first, `f ${first}`), inner]), sign("echo", `other ${first}`)]
        const outer = chord(parts, sign("echo", `body ${first}`), {}, `outer ${first}`)
        const message = head({ callbacks: [outer] })
        yield* publish({ ...message, headers: { ...message.headers, id: `head ${first}` } })
        yield* settled
        assert.strictEqual((yield* brief(`inner ${first}`))?.[0], "FAILURE")
        assert.deepStrictEqual((yield* brief(`body ${first}`))?.slice(0, 2), ["FAILURE", "ChordError"])
      }
    })))
})

describe("the body of a chord that has failed", () => {
  const header = [sign("fail", "part"), sign("echo", "other")]

  it.effect("is each member of a group, with the failure of the part and its own errbacks", () =>
    provided(Effect.gen(function*() {
      const group = all("group", [
        sign("echo", "one", [], { link_error: [sign("echo", "of one")] }),
        sign("echo", "two")
      ], { link_error: [sign("echo", "of all")], task_id: "group" })
      yield* publish(head({ callbacks: [chord(header, group)], chain: [] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("one"), yield* brief("two")], [bad, bad])
      assert.deepStrictEqual(yield* brief("of one"), ["SUCCESS", "one"])
      assert.include(["one", "two"], (yield* brief("of all"))?.[1])
    })))

  it.effect("has what was sent because of it as its children", () =>
    provided(Effect.gen(function*() {
      yield* publish(head({ callbacks: [chord(header, body)] }))
      yield* settled
      const [errbacks] = (yield* lookup("body"))?.children ?? []
      assert.deepStrictEqual(errbacks?.members?.map(({ id }) => id), ["errback"])
      assert.deepStrictEqual((yield* lookup("behind"))?.children, [])
    })))

  it.effect("has no errbacks of the body of a chord in its header as its children, whichever part ends last", () =>
    provided(Effect.gen(function*() {
      const inner = chord([sign("echo", "first"), sign("fail", "part")], body, {}, "inner")
      for (
        const [id, header] of [["early", [inner, sign("echo", "x")]], ["late", [sign("echo", "x"), inner]]] as const
      ) {
        const message = head({ callbacks: [chord(header, sign("echo", `around ${id}`), {}, id)] })
        yield* publish({ ...message, headers: { ...message.headers, id } })
        yield* settled
        const around = yield* lookup(`around ${id}`)
        assert.deepStrictEqual([around?.status, around?.children], ["FAILURE", []])
      }
      assert.lengthOf((yield* lookup("body"))?.children ?? [], 1)
    })))

  it.effect("is each member of a group, and of one that is a chord that one's body, whose errbacks are its own, each once", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        const [own, both] = [sign("echo", "own"), sign("echo", "both")]
        const inner = chord([sign("echo", "in")], sign("echo", "end", [], { link_error: [own, both] }), {
          link_error: [both]
        }, "inner")
        yield* publish(head({ callbacks: [chord(header, all("group", [inner, sign("echo", "two")]))] }))
        yield* settled
        assert.deepStrictEqual([yield* brief("end"), yield* brief("two")], [bad, bad])
        for (const id of ["own", "both"]) {
          assert.deepStrictEqual(yield* brief(id), ["SUCCESS", "end"])
          assert.strictEqual(runs.get(id), 1)
        }
      }),
      runs
    )
  })

  it.effect("sends no errback that the body of the chord around it has as well: that sends it", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        const [shared, own] = [sign("echo", "shared"), sign("echo", "own")]
        const inner = chord(header, sign("echo", "end", [], { link_error: [own, shared] }), {}, "inner")
        const outer = chord([sign("echo", "third"), inner], sign("echo", "last", [], { link_error: [shared] }))
        yield* publish(head({ callbacks: [outer] }))
        yield* settled
        for (const id of ["end", "last"]) assert.strictEqual((yield* brief(id))?.[1], "ChordError")
        assert.deepStrictEqual([yield* brief("own"), yield* brief("shared")], [["SUCCESS", "end"], ["SUCCESS", "last"]])
        assert.deepStrictEqual([runs.get("own"), runs.get("shared")], [1, 1])
      }),
      runs
    )
  })

  it.effect("is each step of a chain", () =>
    provided(Effect.gen(function*() {
      const chain = all("chain", [sign("echo", "one"), sign("echo", "two")], { link_error: [sign("echo", "errback")] })
      yield* publish(head({ callbacks: [chord(header, chain)] }))
      yield* settled
      assert.deepStrictEqual([yield* brief("one"), yield* brief("two")], [broken("part"), broken("part")])
      assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "two"])
    })))
})

describe("a task that was given up", () => {
  const embed = { chain: [sign("echo", "last"), sign("echo", "next")], errbacks: [sign("echo", "errback")] }

  it.effect("has failed, and what was to follow it with it, though it does not end", () =>
    provided(Effect.gen(function*() {
      yield* publish(head(embed, "stuck", []))
      yield* settled
      yield* TestClock.adjust("2 minutes")
      yield* settled
      for (const id of ["head", "next", "last"]) {
        assert.strictEqual((yield* lookup(id))?.exception?.excType, "TimeLimitExceeded")
      }
      assert.deepStrictEqual(yield* brief("errback"), ["SUCCESS", "head"])
      yield* TestClock.adjust("1 hour")
    })))

  it.effect("by its handler, which refused its message, has no errbacks", () =>
    provided(Effect.gen(function*() {
      yield* publish(head(embed, "refuse", []))
      yield* settled
      for (const id of ["head", "next", "last"]) {
        assert.deepStrictEqual((yield* brief(id))?.slice(0, 3), ["FAILURE", "Reject", "no"])
      }
      assert.isUndefined(yield* brief("errback"))
    })))

  it.effect("with all of its chain, is revoked with all of it", () =>
    provided(
      Effect.gen(function*() {
        yield* publish(head({ chain: [sign("echo", "other"), sign("echo", "last"), sign("echo", "next")] }))
        yield* settled
        for (const id of ["next", "last"]) {
          assert.deepStrictEqual((yield* brief(id))?.slice(0, 2), ["REVOKED", "TaskRevokedError"])
        }
        assert.deepStrictEqual((yield* brief("other"))?.slice(0, 2), ["FAILURE", "TaskRevokedError"])
        assert.strictEqual((yield* brief("head"))?.[0], "SUCCESS")
      }),
      undefined,
      ["next", "last"]
    ))
})

/** Other workers, of which there are none, have said nothing. */
const othersAnswer = Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), settled), { times: 3 })

describe("what follows a task", () => {
  it.effect("is sent as its definition says, where this worker has it, and shows no secret", () =>
    provided(Effect.gen(function*() {
      yield* publish(head({ chain: [sign("own", "next")], callbacks: [sign("own", "other", [], { priority: 3 })] }))
      yield* settled
      const messages = yield* drain("away")
      assert.deepStrictEqual(
        messages.map(({ headers, properties }) => [
          headers.id,
          properties.priority,
          headers.compression,
          headers.ignore_result,
          headers.expires,
          headers.argsrepr
        ]),
        [["other", 3], ["next", 5]].map(([id, priority]) => [
          id,
          priority,
          "application/x-gzip",
          true,
          "1970-01-01T01:00:00+00:00",
          "('<redacted>',)"
        ])
      )
    })))

  it.effect("may be more than ten thousand signatures", () =>
    provided(Effect.gen(function*() {
      const many = Array.from({ length: 10_001 }, (_, n) => sign("add", `m${n}`, [n], { queue: "elsewhere" }))
      yield* publish(head({ chain: [sign("nobody", "end"), chord(many, sign("echo", "body"))] }))
      yield* settled
      assert.lengthOf(yield* drain("elsewhere"), 10_001)
    })))

  it.effect("is dropped that was sent before, while that waits or when it has ended", () => {
    const runs = new Map<string, number>()
    return provided(
      Effect.gen(function*() {
        const again = head({ chain: [sign("echo", "next")] }, "add", [1, 2], { celeriac_again: true })
        yield* publish(again)
        yield* othersAnswer
        const later: Message = {
          ...again,
          headers: { ...again.headers, id: "later", eta: "1970-01-02T00:00:00+00:00" }
        }
        yield* publish(again)
        yield* publish(later)
        yield* publish(later)
        yield* othersAnswer
        assert.deepStrictEqual(yield* counts(), [0, 1])
        assert.deepStrictEqual(runs, new Map([["head", 1], ["next", 1]]))
      }),
      runs
    )
  })

  it.effect("is marked when the task has come again", () =>
    provided(Effect.gen(function*() {
      const embed = { chain: [sign("echo", "next", [], { queue: "elsewhere" })] }
      yield* inject({ ...head(embed), ...{ redelivered: true } })
      yield* publish({ ...head(embed), headers: { ...head(embed).headers, id: "other", celeriac_again: true } })
      yield* othersAnswer
      const marks = (yield* drain("elsewhere")).map(({ headers }) => headers["celeriac_again"])
      assert.include(marks, true)
    })))
})
