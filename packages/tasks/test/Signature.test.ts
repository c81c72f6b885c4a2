import { defaults as limits } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Client from "@celeriac/tasks/Client"
import * as Python from "@celeriac/tasks/Python"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { bodyOf, rpc, take, workOnce } from "./fixtures/broker.ts"
import captured from "./fixtures/signatures.json" with { type: "json" }

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const shout = Task.make("proj.shout", { parameters: { text: Schema.String } })
const log = Signature.make("proj.log")
const handlers = Layer.provideMerge(add.toLayer(({ x, y }) => Effect.succeed(x + y)), TaskRegistry.layer)

const textOf = (signature: unknown): unknown => JSON.parse(Buffer.from(json.encode(signature)).toString())

const valueOf = (text: unknown): unknown => json.decode(Buffer.from(JSON.stringify(text)), limits)

describe("Signature", () => {
  const two = Signature.make("proj.add", { args: [2] })
  const cases: ReadonlyArray<readonly [keyof typeof captured, Signature.Signature<any>]> = [
    ["partial", Signature.make("proj.add", { args: [2], kwargs: { y: 3 } })],
    ["immutable", Signature.make("proj.add", { args: [2, 2], immutable: true })],
    [
      "options",
      two.set({
        countdown: "10 seconds",
        queue: "q",
        timeLimit: "30 seconds",
        softTimeLimit: "20 seconds",
        priority: 3,
        expires: "1 minute",
        headers: { a: 1 },
        shadow: "sh",
        ignoreResult: true,
        routingKey: "rk",
        exchange: "ex",
        serializer: "json",
        compression: "gzip",
        taskId: "t1",
        replyTo: "r"
      })
    ],
    ["eta", two.set({ eta: new Date("2040-01-02T03:04:05Z") })],
    ["links", two.link(log).link(log).onError(Signature.make("proj.log", { args: ["bad"], immutable: true }))],
    ["stamp", two.stamp({ who: "ada" })],
    ["stampedLinks", two.link(log).stamp({ who: "ada" })],
    ["clone", two.clone({ args: [1], kwargs: { z: 1 } }, { queue: "k" })]
  ]
  for (const [name, signature] of cases) {
    it(`is written as Celery writes it: ${name}`, () => {
      assert.deepStrictEqual(textOf(signature), captured[name])
    })
    it(`is read as Celery writes it: ${name}`, () => {
      assert.deepStrictEqual(textOf(Result.getOrThrow(Signature.fromJson(valueOf(captured[name])))), captured[name])
    })
  }

  it("leaves the one it was made of as it was", () => {
    const half = add.s({ y: 2 })
    half.set({ queue: "q" }).link(log).stamp({ a: 1 })
    assert.deepStrictEqual(half.options, {})
    assert.deepStrictEqual(half.clone({ x: 1 }).kwargs, { x: 1, y: 2 })
  })

  it("keeps its stamps, whatever a call says", () => {
    const stamped = Signature.make("proj.add").stamp({ queue: "mine" })
    assert.strictEqual(stamped.clone({}, { queue: "other" }).options.queue, "mine")
  })

  it("refuses arguments that do not fit, where they are given", () => {
    // @ts-expect-error text is no number
    assert.throws(() => add.s({ x: "no" }), /the arguments of task 'proj.add' do not fit: add\(\) argument 'x'/)
    // @ts-expect-error there is no z
    assert.throws(() => add.s({ z: 1 }), /unexpected keyword argument 'z'/)
  })

  it("refuses what is no signature of a single task", () => {
    for (const bad of [null, 1, {}, { task: "" }, { task: "t", args: 1 }, { task: "t", options: { link: [1] } }]) {
      assert.isTrue(Result.isFailure(Signature.fromJson(bad)), JSON.stringify(bad))
    }
    assert.isTrue(Result.isFailure(Signature.fromJson({ task: "celery.group", subtask_type: "group" })))
  })

  it.effect("is sent with what it lacked, its options, links and stamps", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const half = add.s({ y: 2 }).set({ priority: 3 }).link(log).stamp({ who: "ada" })
      yield* client.applySignature(half, { x: 1 }, { shadow: "sum" })
      const message = yield* take("celery")
      assert.deepStrictEqual(bodyOf(message), [[], { x: 1, y: 2 }, {
        callbacks: [captured.stampedLinks.options.link[0]],
        errbacks: null,
        chain: null,
        chord: null
      }])
      assert.strictEqual(message.properties.priority, 3)
      assert.strictEqual(message.headers.shadow, "sum")
      assert.deepStrictEqual([message.headers.stamped_headers, message.headers.stamps], [["who"], { who: "ada" }])
    }).pipe(Effect.provide(rpc)))

  it.effect("comes to what its task does", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applySignature(add.si({ x: 1, y: 2 }))
      yield* workOnce("celery")
      assert.strictEqual(yield* sent.get({ timeout: "1 second" }), 3)
    }).pipe(Effect.provide(Layer.merge(rpc, handlers))))

  it.effect("is not sent while anything is lacking", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      // @ts-expect-error x is lacking
      const error = yield* Effect.flip(client.applySignature(add.s({ y: 2 })))
      assert.include(error.message, "add() missing 1 required positional argument: 'x'")
    }).pipe(Effect.provide(rpc)))

  it.effect("is linked to a call in every form of one", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const call = { link: log, linkError: [log, log.set({ queue: "q" })] }
      const prepared = yield* client.prepare(add, [1, 2], call)
      const byName = yield* client.prepareTask("proj.add", { args: [1, 2], ...call })
      for (const { message } of [prepared, byName]) {
        const [, , embed] = JSON.parse(Buffer.from(message.body).toString())
        assert.deepStrictEqual(embed.callbacks, [textOf(log)])
        assert.deepStrictEqual(embed.errbacks, [textOf(log), textOf(log.set({ queue: "q" }))])
      }
    }).pipe(Effect.provide(rpc)))
})

/** Checked by the compiler. */
export const types = (client: Client.Client["Service"]) => {
  // One parameter is lacking, and the result fits it.
  add.s({ x: 1, y: 2 }).link(add.s({ y: 3 }))
  add.s({ x: 1, y: 2 }).link(shout.si({ text: "done" })).link(log)
  // @ts-expect-error a number is no text
  add.s({ x: 1, y: 2 }).link(shout.s())
  // @ts-expect-error more than one parameter is lacking
  add.s({ x: 1, y: 2 }).link(add.s())
  // @ts-expect-error nothing is left for the result
  add.s({ x: 1, y: 2 }).link(add.s({ x: 1, y: 1 }))
  // @ts-expect-error si takes all of them
  add.si({ x: 1 })
  // @ts-expect-error an immutable one takes no more
  client.applySignature(add.si({ x: 1, y: 2 }), { x: 1 })
  client.applySignature(add.s({ x: 1, y: 2 }))
  const spread = Task.make("spread", { parameters: { x: Schema.Int, more: Python.Args(Schema.Int) } })
  client.applySignature(spread.s(), { x: 1 })
}
