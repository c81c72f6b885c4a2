/**
 * An HTTP server and a worker, composed into one process: a request sends a
 * task and answers with its result.
 *
 *     node_modules/.bin/node examples/03-http-server/main.ts
 *
 * The handler needs a mailer, which shows in the type of the worker until a
 * layer provides it. Here the program asks itself, once, and ends; a server
 * ends with `Layer.launch(App).pipe(NodeRuntime.runMain)` instead.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { createServer } from "node:http"

// #region task
const sendWelcome = Task.make("mail.send_welcome", {
  parameters: { to: Schema.String },
  success: Schema.Struct({ messageId: Schema.String })
})

class Mailer extends Context.Service<Mailer, {
  readonly send: (to: string, text: string) => Effect.Effect<string>
}>()("app/Mailer") {
  static readonly layerConsole = Layer.succeed(Mailer, {
    send: (to, text) => Effect.as(Console.log(`mail to ${to}: ${text}`), "m-1")
  })
}

const SendWelcome = sendWelcome.toLayer(({ to }) =>
  Effect.gen(function*() {
    const mailer = yield* Mailer
    return { messageId: yield* mailer.send(to, "Welcome!") }
  })
)
// #endregion

// #region app
const worker = Worker.make({ tasks: [SendWelcome], concurrency: 4 })

const Routes = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const client = yield* Client.Client
  yield* router.add(
    "POST",
    "/signups/:email",
    Effect.gen(function*() {
      const { email = "" } = yield* HttpRouter.params
      const { messageId } = yield* client.execute(sendWelcome, { to: email }, { timeout: "5 seconds" })
      return HttpServerResponse.jsonUnsafe({ messageId })
    }).pipe(
      Effect.catchTag("ResultError", (error) => Effect.succeed(HttpServerResponse.text(error.message, { status: 504 })))
    )
  )
}))

const App = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(worker.layer),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provide(Mailer.layerConsole),
  Layer.provideMerge(Broker.layerMemory)
)
// #endregion

const program = HttpServer.addressFormattedWith(Effect.fnUntraced(function*(address) {
  const http = yield* HttpClient.HttpClient
  const response = yield* http.post(`${address}/signups/ada@example.com`)
  yield* Console.log(`${response.status} ${yield* response.text}`)
}))

program.pipe(
  Effect.provide(App),
  Effect.provide(Layer.merge(FetchHttpClient.layer, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
