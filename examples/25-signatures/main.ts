/**
 * Calls as values: what they lack, what is linked to them, how they are written
 * for Python; and tasks that run where they are called.
 *
 *     node_modules/.bin/node examples/25-signatures/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as Eager from "celeriac/Eager"
import * as Signature from "celeriac/Signature"
import * as Task from "celeriac/Task"
import * as TaskRegistry from "celeriac/TaskRegistry"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const tell = Task.make("proj.tell", { parameters: { text: Schema.Union([Schema.Int, Schema.String]) } })

// #region signatures
/** Lacks `x`: as a callback it takes the result of the task before. */
const addTen = add.s({ y: 10 }).link(tell.s())
/** Takes nothing. */
const sorry = tell.si({ text: "it failed" })
/** A task that only Python knows. */
const report = Signature.make("py.report", { args: ["weekly"], queue: "reports" })
// #endregion

// #region linked
const linked = Effect.gen(function*() {
  const client = yield* Client.Client
  return yield* client.prepare(add, { x: 2, y: 3 }, { link: [addTen, report], linkError: sorry })
})
// #endregion

// #region eager
const here = Effect.gen(function*() {
  const sum = yield* Eager.apply(add.s({ y: 3 }), { x: 2 }, { link: addTen })
  yield* Console.log(`${yield* sum.state}: ${yield* sum.get()}`)
}).pipe(Effect.provide(
  Layer.mergeAll(
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    tell.toLayer(({ text }) => Console.log(`told: ${text}`))
  ).pipe(Layer.provideMerge(TaskRegistry.layer))
))
// #endregion

const program = Effect.gen(function*() {
  const { message } = yield* linked
  yield* Console.log(Buffer.from(message.body).toString())
  yield* here
})

NodeRuntime.runMain(program.pipe(Effect.provide(Broker.layer("memory://"))))
