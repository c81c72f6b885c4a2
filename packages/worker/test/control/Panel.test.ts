import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Command from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { Timer } from "@celeriac/worker/boot/Timer"
import * as ControlHandler from "@celeriac/worker/control/ControlHandler"
import { Panel } from "@celeriac/worker/control/Panel"
import * as WorkerExit from "@celeriac/worker/state/WorkerExit"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { define, Lines, quiet, running, surroundings } from "../support.ts"

const one = { limit: 1 } as const

/** What the only node said. */
const said = <A>(answers: RemoteControl.Answers<A>): A | string => {
  const answer = Object.values(answers)[0]
  if (answer === undefined) throw new Error("nobody said anything")
  if (Result.isSuccess(answer)) return answer.success
  return answer.failure instanceof RemoteControl.CommandError ? answer.failure.error : answer.failure.message
}

const greet = Command.control("greet", {
  arguments: { firstName: Schema.String, times: Command.optional(Schema.Int) },
  reply: Command.ok(Schema.String),
  doc: "Greets somebody."
})

/** Its name on the wire. */
const asPythonSays = Command.control("greet", { arguments: { first_name: Schema.Unknown, more: Schema.Unknown } })

const withHandlers = (handlers: Layer.Layer<never>, logs: Layer.Layer<never> = quiet) =>
  Layer.effectDiscard(Effect.flatMap(Worker.Worker, (up) => Effect.addFinalizer(() => up.terminate))).pipe(
    Layer.provideMerge(RemoteControl.layer),
    Layer.provideMerge(define({ tasks: [] }).layer.pipe(Layer.provide(handlers))),
    Layer.provideMerge(surroundings()),
    Layer.provide(logs)
  )

const answering = (reply: Effect.Effect<string, unknown>) => ControlHandler.layer(greet, () => reply)

describe("a command of one's own", () => {
  it.effect("is a value with a handler, which is a layer", () =>
    Effect.gen(function*() {
      const { broadcast, call, stream } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(greet, { firstName: "Ada", times: 2 }, one)), "Hello Ada, 2")
      assert.strictEqual(said(yield* call(asPythonSays, { first_name: "Ada", more: 1 }, one)), "Hello Ada, 1")
      const streamed = yield* Stream.runCollect(stream(greet, { firstName: "Bo" }, one))
      assert.deepStrictEqual(streamed, [{ node: "celery@test", answer: Result.succeed("Hello Bo, 1") }])
      assert.isTrue(yield* broadcast(greet, { firstName: "Cy" }))
    }).pipe(Effect.provide(withHandlers(
      ControlHandler.layer(greet, ({ firstName, times }) => Effect.succeed(`Hello ${firstName}, ${times ?? 1}`))
    ))))

  it.effect("is typed by its schemas", () =>
    Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      // @ts-expect-error its argument has to be given
      yield* Effect.exit(call(greet, {}, one))
      // @ts-expect-error it takes a text
      const wrong = yield* Effect.flip(call(greet, { firstName: 1 }))
      assert.match(wrong.message, /^the arguments of command 'greet' do not fit: .*first_name/)
      assert.instanceOf(wrong, RemoteControl.InvalidCommand)
      // @ts-expect-error its reply is a text
      ControlHandler.layer(greet, () => Effect.succeed(1))
    }).pipe(Effect.provide(withHandlers(Layer.empty))))

  it.effect("replies what its handler fails with, as Python prints it", () =>
    Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(greet, { firstName: "Ada" }, one)), "ValueError('too long')")
    }).pipe(Effect.provide(withHandlers(answering(Effect.fail(new RangeError("too long")))))))

  it.effect("replies a refusal as it is", () =>
    Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(greet, { firstName: "Ada" }, one)), "nobody is at home")
    }).pipe(Effect.provide(withHandlers(answering(Effect.fail(new Command.Refused("nobody is at home")))))))

  it.effect("whose reply is another than whoever asks expects is told of", () =>
    Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      const counted = Command.control("greet", { arguments: greet.fields, reply: Schema.Int })
      const answer = (yield* call(counted, { firstName: "Ada" }, one))["celery@test"]
      assert.isTrue(answer !== undefined && Result.isFailure(answer))
      if (answer === undefined || Result.isSuccess(answer)) return
      assert.instanceOf(answer.failure, RemoteControl.ReplyUnreadable)
      assert.match(answer.failure.message, /^celery@test said to greet what is no reply to it: /)
    }).pipe(Effect.provide(withHandlers(answering(Effect.succeed("Hello"))))))

  it.effect("that dies hurts nobody", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const { call, ping } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(greet, { firstName: "Ada" }, one)), "TypeError('oops')")
      assert.strictEqual(said(yield* ping(one)), "pong")
      assert.isTrue(lines.has("pidbox command error: TypeError('oops')"))
    }).pipe(Effect.provide(withHandlers(answering(Effect.die(new TypeError("oops"))), lines.layer)))
  })

  it.effect("that waits holds up no other, and those that wait are bounded", () => {
    const gate = Deferred.makeUnsafe<string>()
    return Effect.gen(function*() {
      const { broadcast, call, ping } = yield* RemoteControl.RemoteControl
      for (let n = 0; n < 64; n++) yield* broadcast(greet, { firstName: String(n) })
      assert.strictEqual(said(yield* ping(one)), "RuntimeError('64 commands are being carried out: try again later')")
      yield* Deferred.succeed(gate, "at last")
      assert.strictEqual(said(yield* ping(one)), "pong")
      assert.strictEqual(said(yield* call(greet, { firstName: "Ada" }, one)), "at last")
    }).pipe(Effect.provide(withHandlers(answering(Deferred.await(gate)))))
  })

  it.effect("stops the worker, and then there is no reply", () =>
    Effect.gen(function*() {
      const { broadcast } = yield* RemoteControl.RemoteControl
      const { awaitShutdown } = yield* Worker.Worker
      yield* broadcast(greet, { firstName: "Ada" })
      assert.strictEqual((yield* awaitShutdown)._tag, "Terminate")
    }).pipe(Effect.provide(withHandlers(answering(Effect.fail(new WorkerExit.WorkerTerminate()))))))

  it.effect("takes the place of the worker's own", () =>
    Effect.gen(function*() {
      const { ping } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* ping(one)), "I am here")
    }).pipe(Effect.provide(withHandlers(
      ControlHandler.layer(Commands.inspect.ping, () => Effect.succeed("I am here"))
    ))))

  it.effect("is added by a step, with what the step requires", () => {
    const Greeter = Bootstep.make("Greeter", {
      requires: [Panel, Timer],
      start: Effect.gen(function*() {
        const panel = yield* Panel
        const { queue } = yield* Timer
        yield* panel.add(greet, () => Effect.sync(() => `${queue.size >= 0}`))
      })
    })
    return Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(greet, { firstName: "Ada" }, one)), "true")
    }).pipe(
      Effect.provide(Layer.provideMerge(
        RemoteControl.layer,
        running(define({ tasks: [], steps: { worker: [Greeter] } }))
      )),
      Effect.provide(quiet)
    )
  })
})

describe("the panel", () => {
  it.effect("answers a command that nobody knows, and arguments that do not fit, as Python would", () =>
    Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(Command.inspect("nosuch"), {}, one)), "KeyError('nosuch')")
      assert.strictEqual(said(yield* call(Command.inspect("constructor"), {}, one)), "KeyError('constructor')")
      const wrong = Command.control("greet", { arguments: { first_name: Schema.Unknown } })
      assert.match(said(yield* call(wrong, { first_name: [1] }, one)), /^TypeError\(.*first_name/)
      assert.match(
        said(yield* call(Command.control("greet"), {}, one)),
        /^TypeError\("greet\(\) missing 1 required positional argument: 'first_name'"\)$/
      )
    }).pipe(Effect.provide(withHandlers(answering(Effect.succeed("Hello"))))))

  it.effect("stops the worker when it is told to, with a word", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const { broadcast } = yield* RemoteControl.RemoteControl
      const { awaitShutdown } = yield* Worker.Worker
      yield* broadcast(Commands.control.shutdown, { msg: "Good night" })
      assert.strictEqual((yield* awaitShutdown)._tag, "Shutdown")
      assert.isTrue(lines.has("Good night"))
    }).pipe(Effect.provide(withHandlers(Layer.empty, lines.layer)))
  })

  it.effect("is not there when remote control is off", () =>
    Effect.gen(function*() {
      const { ping } = yield* RemoteControl.RemoteControl
      assert.deepStrictEqual(yield* ping(), {})
    }).pipe(
      Effect.provide(Layer.provideMerge(
        RemoteControl.layer,
        running(define({ tasks: [], settings: { enableRemoteControl: false } }))
      )),
      Effect.provide(quiet)
    ))
})
