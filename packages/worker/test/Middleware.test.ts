import * as Client from "@celeriac/tasks/Client"
import * as Middleware from "@celeriac/tasks/Middleware"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { define, lookup, publish, quiet, running, taskMessage, until } from "./support.ts"

class Tenant extends Context.Service<Tenant, { readonly name: string }>()("test/Tenant") {}
class Tenants extends Context.Service<Tenants, { readonly find: (id: unknown) => Effect.Effect<string> }>()(
  "test/Tenants"
) {}

const who = Task.make("who", { success: Schema.String })
const WhoLive = who.toLayer(() => Effect.map(Tenant, ({ name }) => name))

const TenantOf = Middleware.provide(
  "tenant",
  Tenant,
  (request) => Effect.flatMap(Tenants, ({ find }) => Effect.map(find(request.headers["tenant"]), (name) => ({ name })))
)

const tenants = Layer.succeed(Tenants, { find: (id) => Effect.succeed(`tenant ${id}`) })

/** Notes when it goes in and out. */
const noting = (log: Array<string>, name: string) =>
  Middleware.make(name, (run, request) =>
    Effect.onExit(
      Effect.andThen(Effect.sync(() => void log.push(`+${name} ${request.id}`)), run),
      (exit) => Effect.sync(() => void log.push(`-${name} ${exit._tag}`))
    ))

const plain = Task.make("plain", { success: Schema.Int })

describe("middleware", () => {
  it.effect("is around each run in the order of its list, that of the task inside that of the worker", () => {
    const log: Array<string> = []
    const live = plain.toLayer(() => Effect.sync(() => log.push("run")), {
      middleware: [noting(log, "third"), noting(log, "fourth")]
    })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(plain)
      assert.strictEqual(yield* sent.get(), 5)
      assert.deepStrictEqual(log, [
        ...["first", "second", "third", "fourth"].map((name) => `+${name} ${sent.id}`),
        "run",
        ...["fourth", "third", "second", "first"].map((name) => `-${name} Success`)
      ])
    }).pipe(
      Effect.provide(running(define({ tasks: [live], middleware: [noting(log, "first"), noting(log, "second")] })))
    )
  })

  it.effect("gives handlers a service made from the request, with services of the worker's", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(who, undefined, { headers: { tenant: "7" } })
      assert.strictEqual(yield* sent.get(), "tenant 7")
    }).pipe(
      Effect.provide(running(define({ tasks: [WhoLive], middleware: [TenantOf] })).pipe(Layer.provide(tenants)))
    ))

  it.effect("does so around one task too", () => {
    const live = who.toLayer(() => Effect.map(Tenant, ({ name }) => name), { middleware: [TenantOf] })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(who, undefined, { headers: { tenant: "8" } })
      assert.strictEqual(yield* sent.get(), "tenant 8")
    }).pipe(Effect.provide(running(define({ tasks: [live] })).pipe(Layer.provide(tenants))))
  })

  it.effect("adds to what surrounds a run, and what the worker was built with does not hide it", () => {
    let seen: Readonly<Record<string, unknown>> = {}
    const live = plain.toLayer(() =>
      Effect.map(References.CurrentLogAnnotations, (annotations) => {
        seen = annotations
        return 1
      })
    )
    const annotating = Middleware.make("annotations", (run, { task }) => Effect.annotateLogs(run, { task }))
    return Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.execute(plain)
      assert.deepStrictEqual(seen, { app: "mine", task: "plain" })
    }).pipe(
      Effect.provide(running(define({ tasks: [live], middleware: [annotating] }))),
      Effect.annotateLogs({ app: "mine" })
    )
  })

  it.effect("decides what the task comes to: it may change it, run it again, or not at all", () => {
    let runs = 0
    const live = plain.toLayer(() => Effect.suspend(() => ++runs < 3 ? Effect.die("not yet") : Effect.succeed(runs)))
    const again = Middleware.make("again", (run) => Effect.retry(Effect.sandbox(run), { times: 5 }))
    const doubling = Middleware.make("doubling", (run) => Effect.map(run, (value) => Number(value) * 2))
    const closed = Middleware.make("closed", (run, { id }) => id === "closed" ? Effect.succeed(0) : run)
    return Effect.gen(function*() {
      const client = yield* Client.Client
      yield* publish(taskMessage({ task: "plain", id: "closed" }))
      assert.strictEqual(yield* client.execute(plain), 6)
      assert.deepStrictEqual([(yield* lookup("closed"))?.result, runs], [0, 3])
    }).pipe(
      Effect.provide(running(define({ tasks: [live], middleware: [closed, doubling, again] }))),
      Effect.provide(quiet)
    )
  })

  const broken: ReadonlyArray<{ readonly name: string; readonly around: Middleware.Middleware<never, never> }> = [
    {
      name: "throws",
      around: Middleware.make("bad", () => {
        throw new RangeError("no")
      })
    },
    { name: "gives no effect", around: Middleware.make("bad", () => undefined as never) }, // as code without types might
    { name: "dies", around: Middleware.make("bad", () => Effect.die(new RangeError("no"))) }
  ]
  for (const { around, name } of broken) {
    it.effect(`that ${name} is a failure of the task, which those around it see, and the worker goes on`, () => {
      const exits: Array<string> = []
      const watching = Middleware.make(
        "watching",
        (run) =>
          Effect.onExit(run, (exit) => Effect.sync(() => void exits.push(Exit.isSuccess(exit) ? "well" : "badly")))
      )
      const live = plain.toLayer(() => Effect.succeed(1), { middleware: [around] })
      const fine = who.toLayer(() => Effect.succeed("fine"))
      return Effect.gen(function*() {
        const client = yield* Client.Client
        yield* publish(taskMessage({ task: "plain", id: "a" }))
        assert.strictEqual(yield* client.execute(who), "fine")
        yield* until("both were seen", () => exits.length === 2)
        assert.deepStrictEqual([(yield* lookup("a"))?.status, exits], ["FAILURE", ["badly", "well"]])
      }).pipe(
        Effect.provide(running(define({ tasks: [live, fine], middleware: [watching] }))),
        Effect.provide(quiet)
      )
    })
  }

  it("wraps nothing where there is none", () => {
    const handler: Middleware.Handler = () => Effect.void
    assert.strictEqual(Middleware.wrap(handler, []), handler)
  })
})
