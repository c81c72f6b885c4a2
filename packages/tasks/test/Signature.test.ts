import { defaults } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Client from "@celeriac/tasks/Client"
import * as PreparedTask from "@celeriac/tasks/PreparedTask"
import * as Python from "@celeriac/tasks/Python"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { bodyOf, rpc, take, workOnce } from "./fixtures/broker.ts"
import captured from "./fixtures/signatures.json" with { type: "json" }

class Overflow extends Schema.TaggedError<Overflow>()("Overflow", {}) {}

const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int,
  error: Overflow
})
const tell = Task.make("proj.tell", { parameters: { text: Schema.String } })
const note = Task.make("proj.note", {
  parameters: { n: Schema.Int, as: Schema.optionalKey(Schema.String) },
  success: Schema.String
})
const ring = Task.make("proj.ring")
const moment = Task.make("proj.at", { parameters: { at: Schema.Date, by: Schema.RedactedFromValue(Schema.String) } })
const pyAdd = (args: ReadonlyArray<unknown> = []) => Signature.make("proj.add", { args })
const pyTell = (args: ReadonlyArray<unknown> = []) => Signature.make("proj.tell", { args })

/** As bytes of a message have it. */
const written = (signature: Signature.Any): unknown =>
  JSON.parse(Buffer.from(json.encode(Result.getOrThrow(Signature.encode(signature)))).toString())

const links = () => ({
  whole: pyAdd([2, 2]).set({ countdown: "3 seconds" }).onError(tell.si(["failed"])),
  callback: pyAdd([10]).link(tell.s().set({ queue: "inner" }))
})

/** Each as Celery writes it under the same name. */
const ours: Record<keyof typeof captured.signatures, () => Signature.Any> = {
  whole: () => add.s([2, 2]),
  keywords: () => add.s({ y: 3 }),
  immutable: () => add.si([2, 2]),
  options: () =>
    add.s([2, 2]).set({
      queue: "q",
      priority: 4,
      countdown: "1.5 seconds",
      expires: "1 minute",
      taskId: "t1",
      shadow: "s",
      serializer: "json",
      compression: "gzip",
      timeLimit: "30 seconds",
      softTimeLimit: "20 seconds",
      headers: { tenant: "a" },
      ignoreResult: true,
      routingKey: "k",
      exchange: "e",
      replyTo: "r",
      retry: true,
      retryPolicy: { maxRetries: 3, intervalStart: 0, intervalStep: "200 millis", intervalMax: "1 second" }
    }),
  eta: () => add.s([2, 2]).set({ eta: new Date("2026-11-28T12:00:00Z") }),
  clone: () => pyAdd([2]).clone([1]).clone({ z: 3 }, { queue: "q" }),
  "clone of an immutable one": () => add.si([2, 2]).clone({}, { queue: "q" }),
  linked: () => {
    const { callback, whole } = links()
    return whole.link(callback).link(callback)
  },
  stamped: () => {
    const { callback, whole } = links()
    return whole.link(callback).stamp({ batch: "b1", ids: [1, 2] })
  },
  "stamped again": () => add.s([1, 2]).stamp({ batch: "b1", ids: [1] }).stamp({ batch: "b2", ids: [2] }),
  "by name": () => Signature.make("other.task", { args: [1], kwargs: { a: null }, queue: "q" })
}

const failure = <A, E extends { readonly message: string }>(result: Result.Result<A, E>): string =>
  Result.isFailure(result) ? result.failure.message : assert.fail("it is no failure")

describe("a signature", () => {
  for (const [name, signature] of Object.entries(ours)) {
    it(`is written as Celery writes it: ${name}`, () => {
      assert.deepStrictEqual(written(signature()), captured.signatures[name as keyof typeof ours])
    })
  }

  it("that was read is written as it was, whatever it says", () => {
    for (const value of Object.values(captured.signatures)) {
      const received = json.decode(Buffer.from(JSON.stringify(value)), defaults)
      assert.deepStrictEqual(written(Result.getOrThrow(Signature.decode(received))), value)
    }
    const options = fc.dictionary(fc.string(), fc.jsonValue())
    const any = fc.record({
      task: fc.string({ minLength: 1 }),
      args: fc.array(fc.jsonValue()),
      kwargs: options,
      options,
      subtask_type: fc.constantFrom(null, "chain", "group"),
      immutable: fc.boolean(),
      chord_size: fc.integer()
    })
    fc.assert(fc.property(any, (value) => {
      const wire = JSON.parse(JSON.stringify(value))
      assert.deepStrictEqual(JSON.parse(JSON.stringify(Result.getOrThrow(Signature.decode(wire)))), wire)
    }))
  })

  it("is never changed: what is said of it is said of a new one", () => {
    const one = add.s({ y: 3 })
    const before = JSON.stringify(one)
    one.set({ queue: "q" }).link(pyTell()).onError(pyTell()).stamp({ a: 1 }).clone({ x: 1 })
    assert.strictEqual(JSON.stringify(one), before)
  })

  it("keeps its group and its stamps, whatever is set", () => {
    const one = Result.getOrThrow(Signature.decode({ task: "a", options: { group_id: "g" } })).stamp({ batch: 1 })
    const other = one.set({ stamps: { batch: 2 } })
    assert.deepInclude(other.toJSON().options, { group_id: "g", batch: 1, stamped_headers: ["batch"] })
  })

  it("encodes what it is given as its task says", () => {
    const { args, kwargs } = Result.getOrThrow(Signature.encode(moment.s({ at: new Date(0) })))
    assert.deepStrictEqual(args, [])
    assert.deepStrictEqual(Object.keys(kwargs ?? {}), ["at"])
    const made = written(moment.s({ at: new Date(0) })) as { readonly kwargs: unknown }
    assert.deepStrictEqual(made.kwargs, {
      at: { __type__: "datetime", __value__: "1970-01-01T00:00:00+00:00" }
    })
  })

  it("says what makes no sense in it when it is written, and nothing before", () => {
    const rows: ReadonlyArray<readonly [Signature.Any, string]> = [
      [add.s({ x: 1.5 }), "the arguments of task 'proj.add' do not fit: add() argument 'x'"],
      [add.s({ y: 3 }).set({ priority: 999 }), "option 'priority': 999"],
      [add.s({ y: 3 }).set({ countdown: 1, eta: new Date(0) }), "option 'eta': give it or countdown"],
      [
        add.s({ y: 3 }).set({ timeLimit: "1 second", softTimeLimit: "2 seconds" }),
        "option 'softTimeLimit': it is longer"
      ],
      [add.s({ y: 3 }).stamp({ queue: "x" }), "option 'stamps': 'queue' is an option's own name"],
      [pyAdd().link(note.s({ n: 1.5 })), "'n', which is given"],
      [add.s({ y: 3 }).link(tell.si({ text: 7 as never })), "argument 'text'"]
    ]
    for (const [signature, says] of rows) {
      assert.include(failure(Signature.encode(signature)), says)
      assert.throws(() => signature.toJSON(), says)
    }
  })

  it("is refused as a callback when the first parameter is not the one that it lacks", () => {
    const says = (callback: Signature.Any) => failure(Signature.encode(pyAdd().link(callback)))
    assert.include(says(add.s({ x: 1 })), "'x', which is given: leave that one out, or use si()")
    assert.include(says(add.s([1, 2])), "'x', which is given")
    assert.include(says(ring.s()), "it has no parameter for what comes: use si()")
    assert.isTrue(Result.isSuccess(Signature.encode(pyAdd().link(ring.si()).link(add.s({ y: 1 })).link(note.s()))))
  })

  it("as a callback says where its task goes, for whoever sends it may not know", () => {
    const slow = Task.make("proj.slow", { parameters: { n: Schema.Int }, options: { queue: "slow", priority: 7 } })
    const linked = (callback: Signature.Any) => (pyAdd().link(callback).toJSON().options as any).link[0].options
    assert.deepStrictEqual(linked(slow.s()), { queue: "slow", priority: 7 })
    assert.deepStrictEqual(linked(slow.s().set({ queue: "q" })), { queue: "q", priority: 7 })
  })

  it("is read with a sentence about what it should be", () => {
    assert.include(failure(Signature.decode(null)), "the signature should be an object, and is null")
    assert.include(failure(Signature.decode({ task: "a", args: 1 })), "args should be a list")
    fc.assert(fc.property(fc.anything(), (value) => void Signature.decode(value)))
  })
})

describe("a client", () => {
  it.effect("sends a signature with what it lacks, and gets what its task comes to", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(add.s({ y: 3 }), { x: 2 })
      yield* workOnce("celery")
      const sum: number = yield* sent.get({ timeout: "1 second" })
      assert.strictEqual(sum, 5)
    }).pipe(Effect.provide(Layer.merge(
      rpc,
      Layer.provideMerge(add.toLayer(({ x, y }) => Effect.succeed(x + y)), TaskRegistry.layer)
    ))))

  it.effect("sends what is linked as Celery does", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.applyAsync(add, [2, 2], { link: pyAdd([10]) })
      assert.deepStrictEqual(bodyOf(yield* take("celery")), captured.messages["one link"].body)
      const many = { link: [pyAdd([10]), tell.si(["done"])], linkError: tell.s().set({ queue: "q" }) }
      yield* client.applyAsync(add, [2, 2], many)
      assert.deepStrictEqual(bodyOf(yield* take("celery")), captured.messages.many.body)
      yield* client.applyMany(add, [[2, 2], [2, 2]], many)
      assert.deepStrictEqual(bodyOf(yield* take("celery")), captured.messages.many.body)
      assert.deepStrictEqual(bodyOf(yield* take("celery")), captured.messages.many.body)
      const prepared = yield* client.prepare(add, [2, 2], many)
      yield* client.send(Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(prepared))))
      assert.deepStrictEqual(bodyOf(yield* take("celery")), captured.messages.many.body)
      const waiting = yield* Effect.forkChild(client.execute(add, [2, 2], { ...many, timeout: "1 second" }))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(waiting)), "nobody works")
      assert.deepStrictEqual(bodyOf(yield* take("celery")), captured.messages.many.body)
    }).pipe(Effect.provide(rpc)))

  it.effect("sends the stamps of a call and of a signature", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.applyAsync(add, [2, 2], { stamps: { batch: "b1" } })
      const { body, ...headers } = captured.messages.stamped
      const sent = yield* take("celery")
      assert.deepStrictEqual(bodyOf(sent), body)
      assert.deepInclude(sent.headers, headers)
      yield* client.applyAsync(add.s([2, 2]).stamp({ batch: "b1" }), undefined, { stamps: { batch: "b2", more: 1 } })
      assert.deepInclude((yield* take("celery")).headers, {
        stamped_headers: ["batch", "more"],
        stamps: { batch: "b1", more: 1 }
      })
    }).pipe(Effect.provide(rpc)))

  it.effect("sends a signature that was read, with its place among others", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const options = {
        task_id: "t",
        reply_to: "elsewhere",
        group_id: "g",
        group_index: 1,
        root_id: "root",
        parent_id: "parent",
        retries: 2,
        chain: [{ task: "next" }],
        link: [{ task: "b" }],
        priority: 3
      }
      yield* client.delay(Result.getOrThrow(Signature.decode({ task: "proj.any", args: [2], options })), [1])
      const { body, headers, properties } = yield* take("celery")
      assert.deepInclude(headers, {
        id: "t",
        group: "g",
        group_index: 1,
        root_id: "root",
        parent_id: "parent",
        retries: 2,
        argsrepr: "(1, 2)"
      })
      assert.deepInclude(properties, { priority: 3, replyTo: "elsewhere" })
      assert.deepStrictEqual(JSON.parse(Buffer.from(body).toString()), [[1, 2], {}, {
        callbacks: [{ task: "b" }],
        errbacks: null,
        chain: [{ task: "next" }],
        chord: null
      }])
    }).pipe(Effect.provide(rpc)))

  it.effect("masks what is secret in a signature, and obeys the options of its task", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const slow = Task.make("proj.slow", { parameters: { n: Schema.Int }, options: { queue: "slow", priority: 7 } })
      const secret = Redacted.make("hidden", {})
      yield* client.delay(moment.s({ by: secret }), { at: new Date(0) })
      assert.notInclude((yield* take("celery")).headers.kwargsrepr, "hidden")
      yield* client.delay(slow.s({ n: 1 }))
      assert.strictEqual((yield* take("slow")).properties.priority, 7)
      yield* client.applyAsync(slow.s({ n: 1 }).set({ priority: 2 }), {}, { queue: "celery" })
      assert.strictEqual((yield* take("celery")).properties.priority, 2)
    }).pipe(Effect.provide(rpc)))

  it.effect("sends nothing of a signature that makes no sense", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const says = (signature: Signature.Any) =>
        Effect.map(Effect.flip(client.delay(signature)), (error) => error.message)
      assert.include(yield* says(add.s({ x: 1 })), "missing 1 required positional argument: 'y'")
      assert.include(yield* says(add.s({ x: 1 }).set({ priority: -1 })), "priority")
      const chain = { task: "celery.chain", subtask_type: "chain" }
      assert.include(yield* says(Result.getOrThrow(Signature.decode(chain))), "null: a single task")
      const bad = { task: "a", options: { countdown: "soon" } }
      assert.include(yield* says(Result.getOrThrow(Signature.decode(bad))), "options.countdown should be a number")
      const refused = yield* Effect.flip(client.applyAsync(add, [1, 2], { link: add.s([1, 2]) as never }))
      assert.include(refused.message, "'x', which is given")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(take("celery"))), "nothing was sent")
    }).pipe(Effect.provide(rpc)))
})

describe("the type of a signature", () => {
  it("knows what is lacking and what it comes to", () => {
    expectTypeOf(add.s({ y: 3 })).toEqualTypeOf<Signature.Signature<{ readonly x: number }, number, Overflow>>()
    expectTypeOf(add.s()).toEqualTypeOf<
      Signature.Signature<{ readonly x: number; readonly y: number }, number, Overflow>
    >()
    expectTypeOf(note.s()).toEqualTypeOf<Signature.Signature<{ readonly n: number; readonly as?: string }, string>>()
    expectTypeOf(note.s().clone({ n: 1 })).toEqualTypeOf<Signature.Signature<{ readonly as?: string }, string>>()
    expectTypeOf(add.s([1, 2])).toEqualTypeOf<Signature.Signature<{}, number, Overflow>>()
    expectTypeOf(add.si({ x: 1, y: 2 })).toEqualTypeOf<Signature.Signature<Signature.Immutable, number, Overflow>>()
    expectTypeOf(pyAdd()).toEqualTypeOf<Signature.Signature<any>>()
  })

  it("refuses what does not fit", () => {
    const never = (_: () => unknown) => {}
    // @ts-expect-error no such parameter
    never(() => add.s({ z: 1 }))
    // @ts-expect-error no text
    never(() => add.s({ x: "no" }))
    // @ts-expect-error all of them, when they are by position
    never(() => add.s([1]))
    // @ts-expect-error one that takes nothing has everything
    never(() => add.si({ x: 1 }))
    // @ts-expect-error given already
    never(() => add.s({ x: 1 }).clone({ x: 2 }))
    // @ts-expect-error the result is no text
    never(() => add.s().link(tell.s()))
    // @ts-expect-error more than one parameter is lacking
    never(() => add.s().link(add.s()))
    // @ts-expect-error its parameters are all given
    never(() => add.s().link(add.s({ x: 1, y: 2 })))
    // @ts-expect-error an id is no number
    never(() => add.s().onError(note.s()))
    // @ts-expect-error it says how it is sent, not what it does with the result
    never(() => add.s().set({ timeout: 1 }))
    never(() => add.s().link(note.s()).link(tell.si(["done"])).link(pyTell()).onError(tell.s()))
  })

  it("is kept by a client's methods", () => {
    const never = (_: (client: Client.Client["Service"]) => unknown) => {}
    // @ts-expect-error x is lacking
    never((client) => client.delay(add.s({ y: 3 })))
    // @ts-expect-error it takes nothing more
    never((client) => client.delay(add.si([1, 2]), { x: 1 }))
    // @ts-expect-error the result is no text
    never((client) => client.applyAsync(add, [1, 2], { link: tell.s() }))
    // @ts-expect-error the result is no text
    never((client) => client.applyMany(add, [[1, 2]], { link: [note.s(), tell.s()] }))
    // @ts-expect-error the result is no text
    never((client) => client.execute(add.s(), { x: 1, y: 2 }, { link: tell.s() }))
    // @ts-expect-error an id is no number
    never((client) => client.prepare(add, [1, 2], { linkError: note.s() }))
    never((client) => client.applyAsync(add, [1, 2], { link: [note.s(), pyTell()], linkError: tell.s() }))
    const call = (client: Client.Client["Service"]) => client.execute(add.s({ y: 3 }), { x: 2 })
    expectTypeOf<Effect.Success<ReturnType<typeof call>>>().toEqualTypeOf<number>()
    expectTypeOf<Extract<Effect.Error<ReturnType<typeof call>>, Overflow>>().toEqualTypeOf<Overflow>()
  })
})

describe("A signature of a variadic task", () => {
  const spread = Task.make("proj.spread", {
    parameters: { x: Schema.Int, rest: Python.Args(Schema.Int), more: Python.Kwargs(Schema.String) }
  })

  it.effect("is sent with all that was given, by name, in Python's places", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.delay(spread.s({ rest: [2, 3], more: { a: "b" } }), { x: 1 })
      assert.deepStrictEqual((bodyOf(yield* take("celery")) as ReadonlyArray<unknown>).slice(0, 2), [[1, 2, 3], {
        a: "b"
      }]) // JSON
      yield* client.delay(spread.si([1, 2]))
      assert.deepStrictEqual((bodyOf(yield* take("celery")) as ReadonlyArray<unknown>).slice(0, 2), [[1, 2], {}]) // JSON
    }).pipe(Effect.provide(rpc)))

  const sum = Task.make("proj.sum", { parameters: { all: Python.Args(Schema.Int) }, success: Schema.Int })
  const log = Task.make("proj.log", { parameters: { more: Python.Kwargs(Schema.String) } })
  const joined = Task.make("proj.joined", {
    parameters: { parts: Python.Args(Schema.String), sep: Schema.String, more: Python.Kwargs(Schema.String) },
    success: Schema.String
  })
  const list = Task.make("proj.list", { success: Schema.Array(Schema.Int) })
  const page = Task.make("proj.page", { parameters: { all: Schema.optionalKey(Schema.Array(Schema.Int)) } })

  it("takes a result as one of what it takes any number of", () => {
    const never = (_: () => unknown) => {}
    never(() => add.s().link(sum.s()).link(spread.s()).link(pyAdd()).onError(joined.s({ sep: ", " })))
    never(() => Canvas.chain(add.s([1, 2]), sum.s(), sum.s(), pyAdd(), joined.s({ sep: ", " }), joined.s({ sep: "" })))
    never(() => list.s().link(page.s()))
    never(() => Canvas.map(sum, [1, 2]))
    // @ts-expect-error the list would be one of its numbers
    never(() => list.s().link(sum.s()))
    // @ts-expect-error the same "its parameter 'all' does not take the result of the one before"
    never(() => Canvas.chain(list.s(), sum.s()))
    // @ts-expect-error it takes text
    never(() => add.s().link(joined.s({ sep: ", " })))
    // @ts-expect-error nothing comes by keyword
    never(() => add.s().link(log.s()))
    // @ts-expect-error the same of a chain "its parameters are all given"
    never(() => Canvas.chain(add.s([1, 2]), log.s()))
    // @ts-expect-error each is a number, and not a list of them
    never(() => Canvas.map(sum, [[1, 2]]))
    expectTypeOf(sum.s().clone({ all: [1] })).toEqualTypeOf<Signature.Signature<{}, number>>()
    const { link } = Result.getOrThrow(Signature.encode(add.s([1, 2]).link(sum.s()))).options as any // JSON
    assert.deepInclude(link[0], { task: "proj.sum", args: [], kwargs: {} })
  })

  it("takes a result in its first parameter", () => {
    const linked = add.s([1, 2]).link(spread.s({ more: { a: "b" } }))
    assert.deepInclude((written(linked) as any).options.link[0], { args: [], kwargs: { a: "b" } }) // JSON
  })
})
