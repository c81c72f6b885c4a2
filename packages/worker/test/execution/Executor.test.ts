import * as Client from "@celeriac/tasks/Client"
import {
  BackendRefused,
  BackendUnreachable,
  because,
  ResultRefused,
  Unencodable
} from "@celeriac/tasks/result/ResultError"
import * as Task from "@celeriac/tasks/Task"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import {
  counts,
  define,
  digGraveyard,
  Doors,
  drain,
  gated,
  idOf,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  SlowStore,
  taskMessage,
  until,
  withGraveyard
} from "../support.ts"

const refused = because("store result", new BackendRefused({ backend: "rpc://", detail: "a full queue" }))
const away = because("store result", new BackendUnreachable({ backend: "memory://store", detail: "away" }))

describe("a task that acknowledges early", () => {
  const doors = new Doors()
  const store = new SlowStore()

  it.effect("is off its queue before its handler has begun to wait, and its result comes after", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      assert.deepStrictEqual(yield* counts(), [0, 0])
      doors.open(1)
      yield* until("it is stored", () => store.waiting.length === 1)
      store.answer()
      assert.deepStrictEqual(store.stored, [`SUCCESS ${sent.id}`])
    }).pipe(Effect.provide(running(define({ tasks: [doors.early] }), store.layer))))
})

describe("a task that acknowledges late", () => {
  it.effect("keeps its message until its result is stored, and not a moment less", () => {
    const doors = new Doors()
    const store = new SlowStore()
    return Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      assert.deepStrictEqual(yield* counts(), [0, 1])
      doors.open(1)
      yield* until("it is stored", () => store.waiting.length === 1)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 1])
      store.answer()
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }), store.layer)))
  })

  it.effect("has its result kept when it cannot be stored, and stored after a pause: it does not run again", () => {
    const doors = new Doors()
    const store = new SlowStore()
    const lines = new Lines()
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(gated, { n: 1 })
      doors.open(1)
      yield* until("it is stored", () => store.waiting.length === 1)
      store.answer(away)
      yield* TestClock.adjust("999 millis")
      yield* settled
      const { state } = yield* Worker
      // It runs no more, and its message is kept.
      assert.deepStrictEqual([store.waiting.length, yield* counts()], [0, [0, 1]])
      assert.deepStrictEqual([state.active.size, state.requests.size], [0, 1])
      yield* TestClock.adjust("1 millis")
      yield* until("it is stored again", () => store.waiting.length === 1)
      assert.deepStrictEqual(yield* counts(), [0, 1])
      store.answer()
      assert.deepStrictEqual(yield* counts(), [0, 0])
      assert.deepStrictEqual([doors.started, store.stored], [[1], [`SUCCESS ${sent.id}`, `SUCCESS ${sent.id}`]])
      assert.deepStrictEqual([state.requests.size, state.succeeded], [0, 1])
      assert.deepStrictEqual(lines.of("Error"), [
        `The result of gated[${sent.id}] could not be stored: ${away.message}. It is kept, and stored again in 1 seconds`
      ])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }), store.layer)), Effect.provide(lines.layer))
  })

  it.effect("has its result stored again after pauses of up to half a minute, as long as that is refused at once", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(refused)
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      doors.open(1)
      yield* until("it was stored", () => store.stored.length === 1)
      for (const [index, seconds] of [1, 2, 4, 8, 16, 30, 30].entries()) {
        yield* TestClock.adjust(seconds * 1_000 - 1)
        yield* settled
        assert.strictEqual(store.stored.length, index + 1)
        yield* TestClock.adjust("1 millis")
        yield* settled
        assert.strictEqual(store.stored.length, index + 2)
      }
      store.refuse(undefined)
      yield* TestClock.adjust("30 seconds")
      yield* settled
      assert.deepStrictEqual([doors.started, store.stored.at(-1), yield* counts()], [[1], "SUCCESS 1", [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }), store.layer)), Effect.provide(quiet))
  })

  it.effect("has its result stored again at once when the store has taken that of another one", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(refused)
    return Effect.gen(function*() {
      for (const n of [1, 2]) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
      doors.open(1)
      yield* until("it was stored", () => store.stored.length === 1)
      for (const seconds of [1, 2, 4, 8]) {
        yield* TestClock.adjust(`${seconds} seconds`)
        yield* settled
      }
      yield* TestClock.adjust("1 second")
      assert.strictEqual(store.stored.length, 5)
      store.refuse(undefined)
      doors.open(2)
      yield* until("both are stored", () => store.stored.length === 7)
      assert.deepStrictEqual(store.stored.slice(-2), ["SUCCESS 2", "SUCCESS 1"])
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }), store.layer)), Effect.provide(quiet))
  })

  it.effect("and whose result is refused keeps others from coming only up to the prefetch, and nobody from running", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(refused)
    return Effect.gen(function*() {
      for (const n of [1, 2, 3, 4]) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
      doors.open(1, 2, 3, 4)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2, 3], [1, 3]])
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.deepStrictEqual([doors.started.length, store.stored.length, yield* counts()], [3, 6, [1, 3]])
      store.refuse(undefined)
      yield* TestClock.adjust("2 seconds")
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2, 3, 4], [0, 0]])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], concurrency: 1, prefetch: { count: 3 } }), store.layer)),
      Effect.provide(quiet)
    )
  })

  it.effect("is rejected for the dead-letter exchange when it fails, if failures are not to be acknowledged", () => {
    const failing = Task.make("failing")
    const live = failing.toLayer(() => Effect.die(new Error("no")), { acksLate: true, acksOnFailureOrTimeout: false })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      yield* digGraveyard
      const sent = yield* client.delay(failing)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 0])
      assert.strictEqual((yield* lookup(sent.id))?.status, "FAILURE")
      assert.deepStrictEqual((yield* drain("graveyard")).map(idOf), [sent.id])
    }).pipe(Effect.provide(withGraveyard(running(define({ tasks: [live] })))), Effect.provide(quiet))
  })
})

describe("a result", () => {
  it.effect("of an early task that cannot be stored is kept too, though its message is gone", () => {
    const doors = new Doors()
    const store = new SlowStore()
    const lines = new Lines()
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(gated, { n: 1 })
      doors.open(1)
      yield* until("it is stored", () => store.waiting.length === 1)
      store.answer(away)
      yield* TestClock.adjust("1 second")
      yield* until("it is stored again", () => store.waiting.length === 1)
      store.answer()
      const { state } = yield* Worker
      assert.deepStrictEqual([doors.started, state.requests.size, state.succeeded], [[1], 0, 1])
      assert.deepStrictEqual(lines.of("Error"), [
        `The result of gated[${sent.id}] could not be stored: ${away.message}. It is kept, and stored again in 1 seconds`
      ])
    }).pipe(Effect.provide(running(define({ tasks: [doors.early] }), store.layer)), Effect.provide(lines.layer))
  })

  it.effect("of an early task that cannot be stored when the worker stops is lost, and the log says so", () => {
    const doors = new Doors()
    const store = new SlowStore()
    const lines = new Lines()
    store.refuse(away)
    return Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
        doors.open(1)
        yield* until("it was refused", () => store.stored.length === 1)
      }).pipe(Effect.provide(running(define({ tasks: [doors.early] }), store.layer)))
      assert.deepStrictEqual(lines.of("Error"), [
        `The result of gated[1] could not be stored: ${away.message}. It is kept, and stored again in 1 seconds`,
        `The result of gated[1] could not be stored: ${away.message}. It is lost`
      ])
      assert.deepStrictEqual(store.stored, ["SUCCESS 1", "SUCCESS 1"])
    }).pipe(Effect.provide(lines.layer))
  })

  for (const acksLate of [false, true]) {
    it.effect(`that no serializer can write becomes the failure EncodeError, and the task does not run again (acks late: ${acksLate})`, () => {
      const store = new SlowStore()
      const doors = new Doors()
      return Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.delay(gated, { n: 1 })
        doors.open(1)
        yield* until("it is stored", () => store.waiting.length === 1)
        store.answer(because("store result", new Unencodable({ detail: "a circle" })))
        yield* until("its failure is stored", () => store.waiting.length === 1)
        const { record } = store.waiting[0]!
        assert.deepStrictEqual([record.status, record.exception?.excType, record.exception?.args], [
          "FAILURE",
          "EncodeError",
          ["Can't encode: a circle"]
        ])
        store.answer()
        yield* settled
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.deepStrictEqual([doors.started, store.stored], [[1], [`SUCCESS ${sent.id}`, `FAILURE ${sent.id}`]])
      }).pipe(
        Effect.provide(running(define({ tasks: [acksLate ? doors.late : doors.early] }), store.layer)),
        Effect.provide(quiet)
      )
    })
  }

  const tooLarge = because(
    "store result",
    new ResultRefused({ backend: "rpc://", detail: "the message of 9 bytes is over the limit of 8" })
  )

  for (const acksLate of [false, true]) {
    it.effect(`that the store refuses for good becomes a failure with the reason, and the task does not run again (acks late: ${acksLate})`, () => {
      const store = new SlowStore()
      const doors = new Doors()
      return Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.delay(gated, { n: 1 })
        doors.open(1)
        yield* until("it is stored", () => store.waiting.length === 1)
        store.answer(tooLarge)
        yield* until("its failure is stored", () => store.waiting.length === 1)
        const { record } = store.waiting[0]!
        assert.deepStrictEqual([record.status, record.exception?.excModule, record.exception?.excType], [
          ...["FAILURE", "celery.exceptions", "BackendStoreError"]
        ])
        assert.deepStrictEqual(record.exception?.args, [
          "the result backend rpc:// does not take this result: the message of 9 bytes is over the limit of 8"
        ])
        store.answer()
        yield* settled
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.deepStrictEqual([doors.started, store.stored], [[1], [`SUCCESS ${sent.id}`, `FAILURE ${sent.id}`]])
      }).pipe(
        Effect.provide(running(define({ tasks: [acksLate ? doors.late : doors.early] }), store.layer)),
        Effect.provide(quiet)
      )
    })
  }

  it.effect("that is a failure the store refuses for good becomes a shorter one; what is refused even so is lost, and told of", () => {
    const store = new SlowStore()
    const lines = new Lines()
    const failing = Task.make("failing", { success: Schema.Int, options: { acksLate: true } })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(failing)
      yield* until("it is stored", () => store.waiting.length === 1)
      store.answer(tooLarge)
      yield* until("a shorter one is stored", () => store.waiting.length === 1)
      assert.strictEqual(store.waiting[0]?.record.exception?.excType, "BackendStoreError")
      store.answer(tooLarge)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 0])
      assert.deepStrictEqual(store.stored, [`FAILURE ${sent.id}`, `FAILURE ${sent.id}`])
      assert.isTrue(
        lines.of("Error").some((line) => line.endsWith("over the limit of 8. It is lost")),
        lines.of("Error").join("\n")
      )
    }).pipe(
      Effect.provide(
        running(
          define({ tasks: [failing.toLayer(() => Effect.die(new Error("x".repeat(100))))] }),
          store.layer
        )
      ),
      Effect.provide(lines.layer)
    )
  })

  it.effect("that is no task at all, and whose failure is refused for good, is told why", () => {
    const store = new SlowStore()
    return Effect.gen(function*() {
      yield* digGraveyard
      yield* publish(taskMessage({ task: "nobody's", id: "stray" }))
      yield* until("its failure is stored", () => store.waiting.length === 1)
      store.answer(tooLarge)
      yield* until("another is stored", () => store.waiting.length === 1)
      assert.strictEqual(store.waiting[0]?.record.exception?.excType, "BackendStoreError")
      store.answer()
      yield* settled
      assert.deepStrictEqual(yield* counts("graveyard"), [1, 0], "and its message is rejected")
    }).pipe(
      Effect.provide(withGraveyard(running(define({ tasks: [gated.toLayer(() => Effect.succeed(1))] }), store.layer))),
      Effect.provide(quiet)
    )
  })

  it.effect("that is no plain data comes out of memory as it comes off a wire", () => {
    const any = Task.make("any", { parameters: { which: Schema.Int }, success: Schema.Unknown })
    const cycle: Record<string, unknown> = {}
    cycle["self"] = cycle
    const live = { tags: new Set([1]), left: undefined, id: 5n }
    const results = [live, cycle, () => 1, { deep: [Symbol("s")] }]
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const answers = yield* Effect.forEach(results, (_, which) => client.delay(any, { which }))
      yield* settled
      const records = yield* Effect.forEach(answers, ({ id }) => lookup(id))
      assert.deepStrictEqual(records[0]?.result, { tags: [1], id: 5 })
      for (const record of records.slice(1)) {
        assert.deepStrictEqual([record?.status, record?.exception?.excType], ["FAILURE", "EncodeError"])
      }
    }).pipe(
      Effect.provide(running(define({ tasks: [any.toLayer(({ which }) => Effect.succeed(results[which]))] }))),
      Effect.provide(quiet)
    )
  })

  it.effect("that does not fit the task's own schema becomes a failure", () => {
    const liar = Task.make("liar", { success: Schema.Int })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(liar)
      yield* settled
      const record = yield* lookup(sent.id)
      assert.deepStrictEqual([record?.status, record?.exception?.excType], ["FAILURE", "EncodeError"])
    }).pipe(
      // Types would not let it through; a value from elsewhere might be anything.
      Effect.provide(running(define({ tasks: [liar.toLayer(() => Effect.succeed(0.5))] }))),
      Effect.provide(quiet)
    )
  })

  const ignoring = Task.make("ignoring", { success: Schema.Int, options: { ignoreResult: true } })
  const minding = Task.make("minding", { success: Schema.Int })
  const tasks = [ignoring.toLayer(() => Effect.succeed(1)), minding.toLayer(() => Effect.succeed(2))]

  it.effect("is not stored when the task or the sender ignores it, and the sender decides", () =>
    Effect.gen(function*() {
      yield* publish(taskMessage({ task: "ignoring", id: "by the task", ignoreResult: null }))
      yield* publish(taskMessage({ task: "ignoring", id: "wanted after all", ignoreResult: false }))
      yield* publish(taskMessage({ task: "minding", id: "by the sender", ignoreResult: true }))
      yield* publish(taskMessage({ task: "minding", id: "minded", ignoreResult: null }))
      yield* settled
      const stored = yield* Effect.forEach(["by the task", "wanted after all", "by the sender", "minded"], lookup)
      assert.deepStrictEqual(stored.map((record) => record?.status), [undefined, "SUCCESS", undefined, "SUCCESS"])
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(define({ tasks })))))

  it.effect("is STARTED in between, with who runs it, when the task tracks its start", () => {
    const doors = new Doors()
    const live = gated.toLayer(doors.handler, { trackStarted: true })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      const record = yield* lookup(sent.id)
      assert.deepStrictEqual([record?.status, record?.result], [
        "STARTED",
        { pid: process.pid, hostname: "celery@test" }
      ])
      doors.open(1)
      yield* settled
      assert.strictEqual((yield* lookup(sent.id))?.status, "SUCCESS")
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })

  it.effect("tells when the task was done, and which group and parent it belongs to", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_723_000)
      yield* publish(taskMessage({ task: "minding", id: "a", group: "g", parentId: "p" }))
      yield* settled
      const record = yield* lookup("a")
      assert.deepStrictEqual([record?.dateDone, record?.groupId, record?.parentId], [
        "1970-01-01T01:02:03+00:00",
        "g",
        "p"
      ])
    }).pipe(Effect.provide(running(define({ tasks })))))
})

describe("a store that is slow", () => {
  it.effect("holds back tasks while too many results wait for it, and lets them go on when half of them are stored", () => {
    const quick = Task.make("quick", { options: { acksLate: true } })
    const store = new SlowStore()
    let ran = 0
    const live = quick.toLayer(() => Effect.sync(() => void ran++))
    const most = 256
    return Effect.gen(function*() {
      for (let n = 0; n < most + 100; n++) yield* publish(taskMessage({ task: "quick", id: String(n) }))
      yield* settled
      assert.deepStrictEqual([ran, store.waiting.length], [most, most])
      for (let n = 0; n < most / 2 - 1; n++) store.answer()
      yield* settled
      assert.strictEqual(ran, most)
      store.answer()
      yield* settled
      assert.strictEqual(ran, most + 100)
      while (store.waiting.length > 0) store.answer()
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(
      Effect.provide(running(define({ tasks: [live], prefetch: { count: 0 } }), store.layer)),
      Effect.provide(quiet)
    )
  })
})

describe("a handler", () => {
  class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { left: Schema.Int }) {}
  const order = Task.make("shop.order", { parameters: { how: Schema.String }, success: Schema.Int, error: OutOfStock })

  const live = order.toLayer(({ how }) => {
    switch (how) {
      case "declared":
        return Effect.fail(new OutOfStock({ left: 3 }))
      case "dies":
        return Effect.die(new RangeError("far out"))
      case "throws":
        throw new TypeError("at once")
      case "throws text":
        throw "a text"
      case "interrupts":
        return Effect.interrupt
      case "gives nothing":
        return undefined as never // as code without types might
      case "gives a promise":
        return Promise.resolve(1) as never // as code without types might
      default:
        return Effect.succeed(1)
    }
  })

  const cases = [
    { how: "declared", excType: "OutOfStock", excModule: "celeriac", logs: "raised expected: OutOfStock(" },
    { how: "dies", excType: "RangeError", excModule: "javascript", logs: "raised unexpected: RangeError('far out')" },
    { how: "throws", excType: "TypeError", excModule: "builtins", logs: "raised unexpected: TypeError('at once')" },
    { how: "throws text", excType: "Exception", excModule: "builtins", logs: "raised unexpected: Exception('a text')" },
    {
      how: "interrupts",
      excType: "Error",
      excModule: "javascript",
      logs: "raised unexpected: Error('All fibers interrupted without error')"
    },
    { how: "gives nothing", excType: "TypeError", excModule: "builtins", logs: "raised unexpected: TypeError(" },
    { how: "gives a promise", excType: "TypeError", excModule: "builtins", logs: "raised unexpected: TypeError(" }
  ]

  for (const { excModule, excType, how, logs } of cases) {
    it.effect(`that ${how === "declared" ? "fails with a declared error" : how} comes to ${excType}, and the worker goes on`, () => {
      const lines = new Lines()
      return Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.delay(order, { how })
        yield* settled
        const record = yield* lookup(sent.id)
        assert.deepStrictEqual(
          [record?.status, record?.exception?.excType, record?.exception?.excModule],
          ["FAILURE", excType, excModule]
        )
        // A failure that the task declares is no surprise.
        const told = lines.of(how === "declared" ? "Info" : "Error")
        assert.isTrue(told.some((text) => text.startsWith(`Task shop.order[${sent.id}] ${logs}`)), told.join("\n"))
        assert.strictEqual(yield* client.execute(order, { how: "well" }), 1)
        const { state } = yield* Worker
        assert.deepStrictEqual([state.active.size, state.requests.size, state.succeeded, state.failed], [0, 0, 1, 1])
      }).pipe(Effect.provide(running(define({ tasks: [live], concurrency: 1 }))), Effect.provide(lines.layer))
    })
  }

  const takes = Task.make("proj.takes", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
  const mistakes = [
    { args: [1], kwargs: {}, says: "takes() missing 1 required positional argument: 'y'" },
    { args: [], kwargs: {}, says: "takes() missing 2 required positional arguments: 'x' and 'y'" },
    { args: [1, 2, 3], kwargs: {}, says: "takes() takes 2 positional arguments but 3 were given" },
    { args: [1, 2], kwargs: { z: 1 }, says: "takes() got an unexpected keyword argument 'z'" },
    { args: [1, 2], kwargs: { x: 1 }, says: "takes() got multiple values for argument 'x'" }
  ]
  for (const { args, kwargs, says } of mistakes) {
    it.effect(`is never called with arguments it does not take: ${says}`, () => {
      let called = false
      const live = takes.toLayer(() => Effect.sync(() => (called = true, 1)))
      return Effect.gen(function*() {
        yield* publish(taskMessage({ task: "proj.takes", id: "a", args, kwargs }))
        yield* settled
        const record = yield* lookup("a")
        assert.deepStrictEqual(
          [record?.status, record?.exception?.excType, record?.exception?.args],
          ["FAILURE", "TypeError", [says]]
        )
        assert.isFalse(called)
        assert.deepStrictEqual(yield* counts(), [0, 0])
      }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
    })
  }
})

describe("a task with a time", () => {
  const plain = Task.make("plain", { success: Schema.Int })
  const starts: Array<string> = []
  const live = plain.toLayer((_, request) => Effect.sync(() => starts.push(request.id)))
  const doors = new Doors()

  it.effect("that expired before it came is revoked, acknowledged and not run", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      yield* publish(taskMessage({ task: "plain", id: "expired", expires: 9_999 }))
      yield* settled
      const record = yield* lookup("expired")
      assert.deepStrictEqual([record?.status, record?.exception?.args], ["REVOKED", ["expired"]])
      assert.deepStrictEqual([yield* counts(), starts], [[0, 0], []])
      assert.isTrue(lines.has("Discarding revoked task: plain[expired]"))
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(lines.layer))
  })

  it.effect("that expires this very moment runs", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      yield* publish(taskMessage({ task: "plain", id: "in time", expires: 10_000 }))
      yield* settled
      assert.strictEqual((yield* lookup("in time"))?.status, "SUCCESS")
    }).pipe(Effect.provide(running(define({ tasks: [live] })))))

  it.effect("that expires while it waits for a slot is revoked too", () =>
    Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "first", kwargs: { n: 1 } }))
      yield* publish(taskMessage({ task: "gated", id: "second", kwargs: { n: 2 }, expires: 5_000 }))
      yield* until("the first runs", () => doors.started.length === 1)
      yield* TestClock.adjust("6 seconds")
      doors.open(1)
      yield* settled
      assert.strictEqual((yield* lookup("second"))?.status, "REVOKED")
      assert.deepStrictEqual([yield* counts(), doors.started], [[0, 0], [1]])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late], concurrency: 1 })))))

  it.effect("that has not come is held and in nobody's way, and runs when it has", () => {
    const order: Array<string> = []
    const live = plain.toLayer((_, request) => Effect.sync(() => order.push(request.id)))
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "plain", id: "at 10", eta: 10_000 }))
      yield* publish(taskMessage({ task: "plain", id: "at 5", eta: 5_000 }))
      yield* publish(taskMessage({ task: "plain", id: "past", eta: 0 }))
      yield* publish(taskMessage({ task: "plain", id: "now" }))
      yield* settled
      assert.deepStrictEqual(order, ["past", "now"])
      assert.deepStrictEqual(yield* counts(), [0, 2])
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(order.length, 2)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(order.slice(2), ["at 5"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(order.slice(3), ["at 10"])
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })
})
