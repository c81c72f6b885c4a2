/**
 * Commands of your own for remote control: a value that both sides share, and a
 * handler, as a layer around the worker or added by a step.
 *
 *     node_modules/.bin/node examples/17-own-commands/main.ts
 *
 * From Python, on a real broker:
 *
 *     app.control.broadcast("set_banner", arguments={"text": "closed"}, reply=True)
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as Command from "celeriac/Command"
import * as ControlHandler from "celeriac/ControlHandler"
import * as LogFormat from "celeriac/LogFormat"
import * as Panel from "celeriac/Panel"
import * as RemoteControl from "celeriac/RemoteControl"
import * as Task from "celeriac/Task"
import * as Tasks from "celeriac/Tasks"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

// #region declared
const setBanner = Command.control("set_banner", {
  arguments: { text: Schema.NonEmptyString },
  doc: "What is written over the door."
})

const increasePrefetchCount = Command.control("increase_prefetch_count", {
  arguments: { n: Command.optional(Schema.Int) },
  reply: Schema.Struct({ prefetch: Schema.Int }),
  doc: "Lets more messages wait here."
})
// #endregion

// #region layer
let banner = "open"

const SetBanner = ControlHandler.layer(setBanner, ({ text }) =>
  text.length > 20
    ? Effect.fail(new Command.Refused("the door is not that wide"))
    : Effect.sync(() => {
      banner = text
      return `it says '${text}'`
    }))
// #endregion

// #region step
const PrefetchCommand = Bootstep.make("PrefetchCommand", {
  requires: [Panel.Panel, Tasks.Tasks],
  start: Effect.gen(function*() {
    const panel = yield* Panel.Panel
    const { qos } = yield* Tasks.Tasks
    yield* panel.add(increasePrefetchCount, ({ n }) =>
      Effect.sync(() => {
        qos.incrementEventually(n ?? 1)
        return { prefetch: qos.value() }
      }))
  })
})
// #endregion

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

const worker = Worker.make({
  nodename: "w@example.com",
  tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y))],
  prefetch: { count: 4 },
  steps: { consumer: [PrefetchCommand] }
})

// #region asked
const ask = Effect.gen(function*() {
  const remote = yield* RemoteControl.RemoteControl
  const show = Result.match({
    onSuccess: (reply: unknown) => JSON.stringify(reply),
    onFailure: (error: Error) => error.message
  })
  const patient = { limit: 1, timeout: "10 seconds" } as const // one reply is all there will be
  for (const text of ["closed", "closed for the whole of the summer"]) {
    for (const answer of Object.values(yield* remote.call(setBanner, { text }, patient))) {
      yield* Console.log(show(answer))
    }
  }
  const replies = yield* remote.call(increasePrefetchCount, { n: 3 }, {
    destination: "w@example.com",
    timeout: "10 seconds"
  })
  for (const [node, answer] of Object.entries(replies)) yield* Console.log(`${node}: ${show(answer)}`)
})
// #endregion

const program = Effect.andThen(ask, Effect.suspend(() => Console.log(`The banner: ${banner}`)))

program.pipe(
  Effect.provide(Layer.provide(worker.layer, SetBanner)),
  Effect.provide(RemoteControl.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "error" }))),
  NodeRuntime.runMain
)
