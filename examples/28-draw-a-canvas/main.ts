/**
 * A canvas drawn: before it runs, for the terminal, for documents and for
 * GraphViz; after, with what became of each of its tasks. And a group that is
 * waited for one by one.
 *
 *     node_modules/.bin/node examples/28-draw-a-canvas/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Canvas from "celeriac/Canvas"
import * as Client from "celeriac/Client"
import * as GroupResult from "celeriac/GroupResult"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const find = Task.make("album.find", { parameters: { album: Schema.String }, success: Schema.String })
const resize = Task.make("picture.resize", {
  parameters: { picture: Schema.String, width: Schema.Int },
  success: Schema.String
})
const publish = Task.make("album.publish", { parameters: { files: Schema.Array(Schema.String) }, success: Schema.Int })
const tell = Task.make("user.tell", { parameters: { count: Schema.Int } })
const sorry = Task.make("user.sorry", {})

// #region canvas
const pictures = Canvas.chain(
  find.s({ album: "summer" }),
  Canvas.group(resize.s({ width: 200 }), resize.s({ width: 800 })),
  publish.s().link(tell.s()).onError(sorry.si())
)
// #endregion

const handlers = [
  find.toLayer(({ album }) => Effect.succeed(`${album}.jpg`)),
  resize.toLayer(({ picture, width }) => Effect.succeed(`${width}/${picture}`)),
  publish.toLayer(({ files }) => Effect.succeed(files.length)),
  tell.toLayer(() => Effect.void),
  sorry.toLayer(() => Effect.void)
]

const program = Effect.gen(function*() {
  // #region before
  yield* Console.log(Canvas.draw(pictures))
  yield* Console.log(Canvas.draw(pictures, { format: "mermaid" }))
  yield* Console.log(Canvas.draw(pictures, { format: "dot" }))
  // #endregion

  const client = yield* Client.Client
  // #region after
  const sent = yield* client.delay(pictures)
  yield* sent.get({ timeout: "10 seconds" })
  yield* Console.log(yield* Canvas.draw(sent))
  // #endregion

  // #region group
  const many = yield* client.delay(Canvas.group(
    Array.from({ length: 4 }, (_, index) => resize.s({ picture: `${index}.jpg`, width: 200 }))
  ))
  let done = 0
  yield* Stream.runForEach(many.completed, () => Console.log(`${++done} of ${many.results.length}`))
  // It is found again by its id alone, where the result backend keeps groups.
  yield* many.save
  const again = yield* GroupResult.restore(many.id, resize)
  yield* Console.log(yield* again?.get() ?? Effect.succeed("kept no longer"))
  // #endregion
})

program.pipe(
  Effect.provide(Worker.make({ tasks: handlers }).layer),
  Effect.provide(
    Layer.merge(
      Broker.layer("memory://", { settings: { resultExtended: true } }),
      LogFormat.layer({ level: "critical" })
    )
  ),
  NodeRuntime.runMain
)
