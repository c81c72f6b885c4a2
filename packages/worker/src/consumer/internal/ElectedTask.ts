/**
 * Sends the task of an election of the topic `task`: what the node that has won
 * does.
 *
 * Over the producer that results go over, where there is one, and otherwise over
 * a channel of the connection that there is. Whoever waits for the result is told
 * where the signature says so: this node does not wait.
 *
 * @since 0.1.0
 */
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as GroupRecord from "@celeriac/tasks/result/GroupRecord"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Signature from "@celeriac/tasks/Signature"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import { Connection } from "../Connection.ts"

/** The settings in effect are read when it is made. */
export const make = Effect.gen(function*() {
  const context = yield* Effect.context<Connection | Transport>()
  return (action: unknown): Effect.Effect<void> =>
    send(action).pipe(
      Effect.scoped,
      Effect.catch((error) => Effect.logError(`Could not call task: ${error.message}`)),
      Effect.provideContext(context)
    )
})

const send = Effect.fnUntraced(function*(action: unknown) {
  const signature = yield* Effect.fromResult(Signature.decode(action))
  const client = yield* Client.make.pipe(
    Effect.provideService(Producer.Producer, yield* producer),
    Effect.provideService(ResultReader, nobodyWaits)
  )
  yield* client.delay(signature)
})

const producer = Effect.gen(function*() {
  const given = Context.getOption(yield* Effect.context<never>(), Producer.Producer)
  if (given._tag === "Some") return given.value
  const connection = yield* Connection
  const transport = yield* Transport
  const connected = {
    uri: connection.uri,
    openChannel: () => connection.openChannel(),
    lost: connection.lost,
    blocked: () => undefined
  }
  return yield* Producer.make({ name: (yield* WorkerSettings).nodename }).pipe(
    Effect.provideService(Transport, { ...transport, connect: () => Effect.succeed(connected) })
  )
})

const nobodyWaits: ResultReader["Service"] = {
  uri: "disabled://",
  replyTo: undefined,
  prepare: () => Effect.void,
  wait: () => Effect.never,
  updates: () => Stream.never,
  lookup: () => Effect.succeed(undefined),
  state: () => Effect.succeed("PENDING"),
  forget: () => Effect.void,
  ...GroupRecord.refusing("disabled://", "keeps nothing")
}
