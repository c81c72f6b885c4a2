/**
 * Two pools in one worker: processes compute, and fibers wait beside them,
 * undisturbed. A hash that takes too long is ended where nothing else could end
 * it.
 *
 *     node_modules/.bin/node examples/30-pools/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import worker, { hash, mail } from "./worker.ts"

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  const seen = yield* Ref.make(0)

  const hashing = yield* client.delay(hash, { password: "secret", rounds: 12 })
  const watching = Stream.runForEach(
    hashing.progress,
    ({ state }) => state === "PROGRESS" ? Ref.update(seen, (times) => times + 1) : Effect.void
  )
  const mailing = Effect.forEach(
    ["ada", "grace", "margaret"],
    (to) => Effect.flatMap(client.delay(mail, { to }), (sent) => sent.get())
  )
  const [, mails] = yield* Effect.all([watching, mailing], { concurrency: 2 })
  const { key, pid } = yield* hashing.get()

  yield* Console.log(`hashed in ${pid === process.pid ? "this process" : "a process of its own"}: ${key.slice(0, 8)}`)
  yield* Console.log(
    `${mails.length} mails from ${mails.every((one) => one.pid === process.pid) ? "fibers of this one" : "elsewhere"}`
  )
  yield* Console.log((yield* Ref.get(seen)) > 0 ? "progress was seen meanwhile" : "no progress was seen")

  const endless = yield* client.applyAsync(hash, { password: "secret", rounds: 100_000 }, { timeLimit: "1 second" })
  const error = yield* Effect.flip(endless.get())
  yield* Console.log(String(error))
})

program.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
