import { defaults as limits } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Python from "@celeriac/tasks/Python"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import { TaskError } from "@celeriac/tasks/TaskError"
import type * as TaskLayer from "@celeriac/tasks/TaskLayer"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as Scope from "effect/Scope"
import { request } from "./fixtures/request.ts"

class Stock extends Context.Service<Stock, { readonly left: (item: string) => Effect.Effect<number> }>()(
  "test/Stock"
) {}

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { left: Schema.Int }) {
  override get message(): string {
    return `only ${this.left} left`
  }
}

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

const order = Task.make("shop.order", {
  parameters: { item: Schema.String, amount: Schema.Int },
  success: Schema.Struct({ left: Schema.Int }),
  error: OutOfStock,
  options: { acksLate: true, queue: "orders" }
})

const orderLayer = order.toLayer(({ amount, item }) =>
  Effect.gen(function*() {
    const stock = yield* Stock
    const left = yield* stock.left(item)
    if (left < amount) return yield* new OutOfStock({ left })
    return { left: left - amount }
  })
)

const stockOf = (left: number) => Layer.succeed(Stock, { left: () => Effect.succeed(left) })

const registered = (name: string) =>
  Effect.map(TaskRegistry.TaskRegistry, (registry) => {
    const task = registry.get(name)
    assert.isDefined(task)
    return task
  })

const run = Effect.fnUntraced(function*(name: string, args: ReadonlyArray<unknown>, about?: Partial<TaskRequest>) {
  const task = yield* registered(name)
  const parameters = yield* Effect.fromResult(task.bind(args, {}))
  return yield* task.handle(parameters, { ...request, ...about })
})

describe("Task", () => {
  it.effect("registers its handler while its layer lives", () =>
    Effect.gen(function*() {
      const registry = yield* TaskRegistry.TaskRegistry
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(add.toLayer(({ x, y }) => Effect.succeed(x + y)), scope)
      assert.deepStrictEqual(registry.names(), ["proj.add"])
      assert.strictEqual(yield* run("proj.add", [2, 3]), 5)

      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(registry.names(), [])
      assert.isUndefined(registry.get("proj.add"))
    }).pipe(Effect.provide(TaskRegistry.layer)))

  it("throws for names that nobody knows, where it is written", () => {
    const definition = (given: object) => () => Task.make("proj.misspelt", given)
    assert.throws(
      definition({ paramters: {} }),
      /of task 'proj\.misspelt': there is no 'paramters' here: did you mean 'parameters'\?/
    )
    assert.throws(definition({ options: { acksLat: true } }), /there is no 'acksLat' here: did you mean 'acksLate'\?/)
    assert.throws(
      definition({ pool: "processes" }),
      /'pool': it stands beside the options .*: write \{ options: \{ pool: … \} \}/
    )
    assert.throws(
      definition({ handler: 1 }),
      /there is no 'handler' here: there are parameters, success, error, options/
    )
  })

  it.effect("knows no task by the name of an object's own property", () =>
    Effect.gen(function*() {
      const registry = yield* TaskRegistry.TaskRegistry
      for (const name of ["constructor", "__proto__", "toString"]) assert.isUndefined(registry.get(name))
    }).pipe(Effect.provide(TaskRegistry.layer)))

  it.effect("gives its handler what its layer was provided with", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run("shop.order", ["tea", 2]), { left: 1 })
    }).pipe(Effect.provide(orderLayer.pipe(Layer.provide(stockOf(3)), Layer.provideMerge(TaskRegistry.layer)))))

  it.effect("shows its handler the request", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* run("proj.attempt", [], { retries: 2 }), 2)
    }).pipe(Effect.provide(
      Task.make("proj.attempt", { success: Schema.Int })
        .toLayer((_, request) => Effect.succeed(request.retries))
        .pipe(Layer.provideMerge(TaskRegistry.layer))
    )))

  it.effect("makes a throw of its handler a defect", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(run("proj.noop", []))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }).pipe(Effect.provide(
      Task.make("proj.noop").toLayer(() => {
        throw new Error("before any effect")
      }).pipe(Layer.provideMerge(TaskRegistry.layer))
    )))

  it.effect("refuses a second task of its name", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(
        Layer.mergeAll(
          add.toLayer(() => Effect.succeed(1)),
          add.toLayer(() => Effect.succeed(2))
        ).pipe(Layer.provide(TaskRegistry.layer))
      )))
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(error, TaskError)
      assert.strictEqual(error.reason._tag, "DuplicateTask")
      assert.include(error.message, "proj.add")
    }))

  it.effect("fills what it leaves open from the settings", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* registered("shop.order")).options, {
        acksLate: true,
        acksOnFailureOrTimeout: true,
        acksOnFailure: true,
        acksOnTimeout: true,
        rejectOnWorkerLost: true,
        retryOnWorkerLost: false,
        redeliveryLimit: 3,
        timeLimit: undefined,
        softTimeLimit: undefined,
        interruptible: true,
        ignoreResult: false,
        trackStarted: true,
        maxRetries: 3,
        defaultRetryDelay: Duration.minutes(3),
        rateLimit: "10/m",
        sendEvents: true,
        trail: true,
        pool: undefined
      })
    }).pipe(
      Effect.provide(orderLayer.pipe(Layer.provide(stockOf(3)), Layer.provideMerge(TaskRegistry.layer))),
      Effect.provideService(Settings.TrackStarted, true),
      Effect.provideService(Settings.AcksLate, false),
      Effect.provideService(Settings.DefaultRateLimit, "10/m")
    ))

  it.effect("lets the worker's side overrule the definition", () =>
    Effect.gen(function*() {
      assert.isFalse((yield* registered("shop.order")).options.acksLate)
    }).pipe(Effect.provide(
      order.toLayer(() => Effect.succeed({ left: 0 }), { acksLate: false }).pipe(
        Layer.provideMerge(TaskRegistry.layer)
      )
    )))

  it.effect("leaves the definition as it is where the worker's side says undefined", () =>
    Effect.gen(function*() {
      assert.isTrue((yield* registered("shop.order")).options.acksLate)
    }).pipe(Effect.provide(
      order.toLayer(() => Effect.succeed({ left: 0 }), { acksLate: undefined, middleware: undefined }).pipe(
        Layer.provideMerge(TaskRegistry.layer)
      )
    )))

  describe("outcome", () => {
    it("stores a value as its schema encodes it", () => {
      const at = Task.make("at", { success: Schema.Struct({ when: Schema.DateTimeUtcFromString }) }).outcome
      const value = Result.getOrThrow(at.decodeSuccess({ when: "2026-11-20T00:00:00.000Z" }))
      assert.deepStrictEqual(at.encodeSuccess(value), Result.succeed({ when: "2026-11-20T00:00:00.000Z" }))
    })

    it("stores nothing as null", () => {
      const { outcome } = Task.make("proj.noop")
      assert.deepStrictEqual(outcome.encodeSuccess(undefined), Result.succeed(null))
      assert.deepStrictEqual(outcome.decodeSuccess(null), Result.succeed(undefined))
    })

    it("makes a value that does not fit an EncodeError, not a crash", () => {
      const encoded = add.outcome.encodeSuccess("five")
      assert.deepStrictEqual(
        encoded,
        Result.fail({
          excType: "EncodeError",
          excModule: "kombu.exceptions",
          args: [`the handler returned what its task does not: Expected number, got "five"`]
        })
      )
    })

    it("stores a declared error so that every language reads it, and its own gets it back", () => {
      const record = order.outcome.encodeError(new OutOfStock({ left: 3 }))
      assert.deepStrictEqual(record, {
        excType: "OutOfStock",
        excModule: "celeriac",
        args: ["only 3 left", { _tag: "OutOfStock", left: 3 }]
      })
      const decoded = order.outcome.decodeError(JSON.parse(JSON.stringify(record)))
      assert.deepStrictEqual(decoded?.error, new OutOfStock({ left: 3 }))
    })

    it("stores an error that Python has a class for as that class, and reads what Python raised as the error", () => {
      class PaymentFailed extends Python.Exception<PaymentFailed>()("myapp.errors", "PaymentFailed", {
        order: Schema.String,
        total: Python.Decimal,
        code: Schema.optionalKey(Schema.Int)
      }) {}
      const { outcome } = Task.make("shop.pay", { error: Schema.Union([OutOfStock, PaymentFailed]) })
      const failed = new PaymentFailed({ order: "A-7", total: BigDecimal.make(150n, 2) })
      assert.strictEqual(failed.message, "('A-7', Decimal('1.50'))")
      const record = outcome.encodeError(failed)
      const wire = ExceptionRecord.encode(record)
      assert.deepStrictEqual([wire.exc_type, wire.exc_module], ["PaymentFailed", "myapp.errors"])
      const text = json.encode(wire)
      assert.strictEqual(
        Buffer.from(text).toString(),
        `{"exc_type":"PaymentFailed","exc_message":["A-7",{"__type__":"decimal","__value__":"1.50"}],"exc_module":"myapp.errors"}`
      )
      const decoded = outcome.decodeError(ExceptionRecord.decode(json.decode(text, limits)))
      assert.deepStrictEqual(decoded?.error, failed)
      assert.strictEqual(outcome.encodeError(new OutOfStock({ left: 3 })).excModule, "celeriac")
      for (
        const other of [
          { ...record, excModule: "other.errors" },
          { ...record, args: [] },
          { ...record, args: [...record.args, 1, 2] },
          { ...record, args: [1, 2] }
        ]
      ) {
        assert.isUndefined(outcome.decodeError(other))
      }
      assert.throws(() => Python.Exception<PaymentFailed>()("my app", "PaymentFailed", {}), /no module of Python's/)
      assert.throws(() => Python.Exception<PaymentFailed>()("myapp", "", {}), /no class of Python's/)
    })

    it("names the schemas of what JavaScript's integers have no place for", () => {
      const bound = add.bind([2n ** 60n, 1], {})
      assert.include(Result.isFailure(bound) ? bound.failure.message : "", "Python.BigInt takes integers beyond 2^53")
      const sent = add.arguments.encode({ x: 1e17, y: 1 })
      assert.include(Result.isFailure(sent) ? sent.failure.message : "", "Python.Float takes floats")
    })

    it("stores an error that is not declared as the exception it is", () => {
      const record = order.outcome.encodeError(new TypeError("x is not a function"))
      assert.strictEqual(record.excType, "TypeError")
      assert.isUndefined(order.outcome.decodeError(record))
      assert.isUndefined(add.outcome.decodeError(order.outcome.encodeError(new OutOfStock({ left: 3 }))))
    })

    it("takes no Python exception for a declared error", () => {
      assert.isUndefined(order.outcome.decodeError({
        excType: "OutOfStock",
        excModule: "shop.errors",
        args: ["only 3 left", { _tag: "OutOfStock", left: 3 }]
      }))
    })

    it("declares errors that are no objects too", () => {
      const { outcome } = Task.make("t", { error: Schema.Literals(["busy", "closed"]) })
      const record = outcome.encodeError("busy")
      assert.deepStrictEqual(record.args, ["busy", "busy"])
      assert.deepStrictEqual(outcome.decodeError(record), { error: "busy" })
    })

    it("says of a stored value why it does not fit", () => {
      assert.deepStrictEqual(
        order.outcome.decodeSuccess({ left: "1" }),
        Result.fail(`Expected number, got "1" at ["left"]`)
      )
    })
  })

  describe("types", () => {
    it("shows what the handler needs until it is provided", () => {
      expectTypeOf(orderLayer).toEqualTypeOf<TaskLayer.TaskLayer<"shop.order", Stock>>()
      expectTypeOf(orderLayer.pipe(Layer.provide(stockOf(1))))
        .toEqualTypeOf<Layer.Layer<never, never, TaskRegistry.TaskRegistry>>()
    })

    it("infers the parameters of the handler", () => {
      order.toLayer((parameters, request) => {
        expectTypeOf(parameters).toEqualTypeOf<{ readonly item: string; readonly amount: number }>()
        expectTypeOf(request).toEqualTypeOf<TaskRequest>()
        return Effect.succeed({ left: 1 })
      })
    })

    it("refuses a handler of another result, or another error", () => {
      // @ts-expect-error the result is a number
      add.toLayer(() => Effect.succeed("5"))
      // @ts-expect-error no error is declared
      add.toLayer(() => Effect.fail("no"))
      // @ts-expect-error OutOfStock is declared, this is not
      order.toLayer(() => Effect.fail(new Error("no")))
      // @ts-expect-error a handler returns an Effect
      add.toLayer(({ x, y }) => x + y)
      // @ts-expect-error there is no such parameter
      add.toLayer(({ z }) => Effect.succeed(z))
    })

    it("refuses a handler that leaves a scope open", () => {
      const opening = Effect.as(Effect.acquireRelease(Effect.void, () => Effect.void), 5)
      // @ts-expect-error This handler needs a Scope: wrap its effect in Effect.scoped
      add.toLayer(() => opening)
      add.toLayer(() => Effect.scoped(opening))
    })

    it("refuses schemas that need services", () => {
      const priced = Schema.Int.pipe(Schema.decodeTo(Schema.Int, {
        decode: SchemaGetter.checkEffect(() => Effect.as(Stock, undefined)),
        encode: SchemaGetter.passthrough()
      }))
      // @ts-expect-error Stock would have to be there whenever a message is decoded
      Task.make("t", { parameters: { priced } })
    })

    it("refuses options that nothing honours", () => {
      // @ts-expect-error no such option
      assert.throws(() => Task.make("t", { options: { fasterPlease: true } }), /there is no 'fasterPlease' here/)
    })
  })
})
