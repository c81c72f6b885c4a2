/**
 * What every result backend must do, as tests of its three services.
 *
 * Call `suite` at the top of a test file with a layer that brings the backend
 * and all it needs. A backend of its own is made for each test. What a backend
 * cannot do, it must refuse with a sentence that names what can.
 *
 * ```ts
 * suite("memory", MemoryBackend.layer)
 * suite("rpc", RpcBackend.layer().pipe(Layer.provide(broker)), { countsChords: false, savesGroups: false })
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { ChordCounter } from "../result/ChordCounter.ts"
import * as ExceptionRecord from "../result/ExceptionRecord.ts"
import type { ResultBackend } from "../result/ResultBackend.ts"
import type { ResultError } from "../result/ResultError.ts"
import { ResultReader } from "../result/ResultReader.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import { ResultWriter, store } from "../result/ResultWriter.ts"
import * as ChordCounterConformance from "./ChordCounterConformance.ts"
import * as GroupConformance from "./GroupConformance.ts"
import * as MarksConformance from "./MarksConformance.ts"
import * as RevokedConformance from "./RevokedConformance.ts"

/** What is asked of a reader. */
export interface Options {
  /** Whether results can be read. Default: true. */
  readonly keepsResults?: boolean | undefined
  /** Whether the parts of chords can be counted. Default: true. */
  readonly countsChords?: boolean | undefined
  /** Whether groups can be saved. Default: true. */
  readonly savesGroups?: boolean | undefined
}

/** Registers the tests under `<name> result backend`. */
export const suite = <E>(name: string, layer: Layer.Layer<ResultBackend, E>, options: Options = {}): void => {
  const test: Test = (sentence, body) => it.effect(sentence, () => Effect.provide(body, layer))
  describe(`${name} result backend`, () => {
    test(
      "has one name, which is a URL without a password",
      Effect.gen(function*() {
        const { uri } = yield* ResultWriter
        assert.match(uri, /^[a-z][a-z+]*:\/\/[^:@]*(:\d+)?[^:@]*$/)
        assert.deepStrictEqual([(yield* ResultReader).uri, (yield* ChordCounter).uri], [uri, uri])
      })
    )
    RevokedConformance.keeping(test)
    MarksConformance.keeping(test)
    if (options.keepsResults ?? true) keeping(test)
    else keepingNothing(test)
    if (options.countsChords ?? true) {
      ChordCounterConformance.counting(test)
      ChordCounterConformance.countingAgain(test)
    } else ChordCounterConformance.refusing(test)
    if (options.savesGroups ?? true) GroupConformance.saving(test)
    else GroupConformance.refusing(test)
  })
}

/** Registers one test. */
type Test = (sentence: string, body: Effect.Effect<void, unknown, ResultBackend>) => void

const keeping = (test: Test): void => {
  test(
    "knows nothing of a task that nobody stored",
    Effect.gen(function*() {
      const reader = yield* ResultReader
      assert.strictEqual(yield* reader.state("unknown"), "PENDING")
      assert.isUndefined(yield* reader.lookup("unknown"))
    })
  )

  test(
    "gives a result to who waits for it",
    Effect.gen(function*() {
      const reader = yield* prepared
      const waiting = yield* Effect.forkChild(reader.wait(id), { startImmediately: true })
      yield* answer(success(5))
      const record = yield* Fiber.join(waiting)
      assert.deepStrictEqual([record.taskId, record.status, record.result], [id, "SUCCESS", 5])
    })
  )

  test(
    "gives a result to who asks late, and again",
    Effect.gen(function*() {
      const reader = yield* prepared
      yield* answer(success({ deep: [1, null, "ä"] }))
      yield* reader.wait(id)
      const record = yield* reader.wait(id)
      assert.deepStrictEqual(record.result, { deep: [1, null, "ä"] })
      assert.strictEqual(yield* reader.state(id), "SUCCESS")
      assert.deepStrictEqual(yield* reader.lookup(id), record)
    })
  )

  test(
    "gives a result as the wire has it, and nothing that is alive",
    Effect.gen(function*() {
      const reader = yield* prepared
      const sent = { day: new Date(5), big: 5n, bigger: 2n ** 70n, left: undefined, tags: new Set([1]) }
      yield* answer(success(sent))
      const { result } = yield* reader.wait(id)
      const { day, ...rest } = result as { readonly day: unknown }
      assert.isTrue(DateTime.isDateTime(day) && day.epochMilliseconds === 5)
      assert.deepStrictEqual(rest, { big: 5, bigger: 2n ** 70n, tags: [1] })
    })
  )

  test(
    "refuses a result that has no form, so that a failure is stored in its stead",
    Effect.gen(function*() {
      yield* prepared
      const cycle: Record<string, unknown> = {}
      cycle.self = cycle
      for (const result of [() => 1, Symbol("s"), cycle, { deep: [() => 1] }]) {
        const error = yield* Effect.flip(answer(success(result)))
        assert.strictEqual(error.reason._tag, "Unencodable")
      }
      yield* answer(success(5))
      assert.strictEqual((yield* (yield* ResultReader).wait(id)).result, 5)
    })
  )

  test(
    "gives a result to all who wait, and goes on when one gives up",
    Effect.gen(function*() {
      const reader = yield* prepared
      const [one, two, three] = yield* Effect.all([
        Effect.forkChild(reader.wait(id), { startImmediately: true }),
        Effect.forkChild(reader.wait(id), { startImmediately: true }),
        Effect.forkChild(reader.wait(id), { startImmediately: true })
      ])
      yield* Fiber.interrupt(two)
      yield* answer(success(5))
      assert.strictEqual((yield* Fiber.join(one)).result, 5)
      assert.strictEqual((yield* Fiber.join(three)).result, 5)
    })
  )

  test(
    "waits through the states that are not final",
    Effect.gen(function*() {
      const reader = yield* prepared
      const waiting = yield* Effect.forkChild(reader.wait(id), { startImmediately: true })
      yield* answer(ResultRecord.make(id, "STARTED", { result: { pid: 1, hostname: "celery@vm" } }))
      assert.strictEqual(yield* stateSoon("STARTED"), "STARTED")
      yield* answer(ResultRecord.make(id, "RETRY", { exception: ExceptionRecord.make("KeyError", ["k"]) }))
      assert.strictEqual(yield* stateSoon("RETRY"), "RETRY")
      assert.isUndefined(waiting.pollUnsafe())
      yield* answer(success(5))
      assert.strictEqual((yield* Fiber.join(waiting)).status, "SUCCESS")
    })
  )

  test(
    "tells of each record as it comes, to the final one, and of the present one to who comes late",
    Effect.gen(function*() {
      const reader = yield* prepared
      const seen: Array<unknown> = []
      const watch = Stream.runForEach(
        reader.updates(id),
        ({ result, status }) => Effect.sync(() => seen.push([status, result]))
      )
      const early = yield* Effect.forkChild(watch, { startImmediately: true })
      const heard = (count: number) => soon(Effect.sync(() => seen.length), count)
      for (const done of [1, 2, 2, 3]) {
        const before = seen.length
        yield* answer(ResultRecord.make(id, "PROGRESS", { result: { done } }))
        yield* heard(before + 1)
      }
      const late = yield* Effect.forkChild(
        Stream.runCollect(Stream.map(reader.updates(id), ({ status }) => status)),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      yield* answer(success(5))
      yield* Fiber.join(early)
      assert.deepStrictEqual(seen.map((each) => JSON.stringify(each)), [
        `["PROGRESS",{"done":1}]`,
        `["PROGRESS",{"done":2}]`,
        `["PROGRESS",{"done":2}]`,
        `["PROGRESS",{"done":3}]`,
        `["SUCCESS",5]`
      ])
      assert.deepStrictEqual(yield* Fiber.join(late), ["PROGRESS", "SUCCESS"])
      assert.strictEqual((yield* Stream.runCollect(reader.updates(id))).length, 1)
    })
  )

  test(
    "tells of no record any more to who stopped listening, and goes on telling others",
    Effect.gen(function*() {
      const reader = yield* prepared
      const waiting = yield* Effect.forkChild(reader.wait(id), { startImmediately: true })
      const first = yield* Effect.forkChild(Stream.runHead(reader.updates(id)), { startImmediately: true })
      yield* answer(ResultRecord.make(id, "STARTED"))
      assert.strictEqual(Option.getOrThrow(yield* Fiber.join(first)).status, "STARTED")
      yield* answer(success(5))
      assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
    })
  )

  test(
    "keeps a failure with its exception and its traceback",
    Effect.gen(function*() {
      const reader = yield* prepared
      yield* answer(ResultRecord.make(id, "FAILURE", {
        exception: ExceptionRecord.make("ValueError", ["bad", 3]),
        traceback: "Traceback (most recent call last): ..."
      }))
      const record = yield* reader.wait(id)
      assert.deepStrictEqual(record.exception, { excType: "ValueError", excModule: "builtins", args: ["bad", 3] })
      assert.strictEqual(record.traceback, "Traceback (most recent call last): ...")
    })
  )

  test(
    "keeps a success against whatever comes after it",
    Effect.gen(function*() {
      const reader = yield* prepared
      yield* answer(success(5))
      yield* reader.wait(id)
      yield* answer(ResultRecord.make(id, "FAILURE", { exception: ExceptionRecord.make("KeyError") }))
      yield* Effect.yieldNow
      assert.strictEqual((yield* reader.wait(id)).result, 5)
    })
  )

  test(
    "forgets",
    Effect.gen(function*() {
      const reader = yield* prepared
      yield* answer(success(5))
      yield* reader.wait(id)
      yield* reader.forget(id)
      assert.isUndefined(yield* reader.lookup(id))
      assert.strictEqual(yield* reader.state(id), "PENDING")
    })
  )
}

const keepingNothing = (test: Test): void => {
  test(
    "takes every result, and says that it has none",
    Effect.gen(function*() {
      const reader = yield* prepared
      yield* answer(success(5))
      yield* reader.forget(id)
      for (const ask of [reader.wait(id), reader.state(id), reader.lookup(id)]) {
        const error = yield* Effect.flip<unknown, ResultError, never>(ask)
        assert.strictEqual(error.reason._tag, "ResultUnavailable")
        assert.include(error.message, reader.uri)
      }
    })
  )
}

const id = "f58a438b-3ac3-4588-84b4-2052641e27fc"

const success = (result: unknown) => ResultRecord.make(id, "SUCCESS", { result, dateDone: 0 })

const prepared = Effect.gen(function*() {
  const reader = yield* ResultReader
  yield* reader.prepare(id, "10 seconds")
  return reader
})

/** Stores it as a worker does that got the request of this client. */
const answer = (record: ResultRecord.ResultRecord) =>
  Effect.flatMap(ResultReader, ({ replyTo }) => store(record, { replyTo, correlationId: record.taskId }))

/** A state that is sent may arrive some turns after it was stored. */
const stateSoon = (state: string) => Effect.flatMap(ResultReader, (reader) => soon(reader.state(id), state))

/** However long a server takes: the test's own bound ends it. */
const soon = Effect.fnUntraced(function*<A, E>(look: Effect.Effect<A, E>, wanted: A) {
  let seen = yield* look
  while (seen !== wanted) {
    yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
    seen = yield* look
  }
  return seen
})
