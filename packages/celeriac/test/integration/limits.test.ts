/** The size that the broker takes, known by a setting or by its URL, before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as Worker from "../../src/Worker.ts"

const url = brokerUrl()

const send = Effect.scoped(Effect.gen(function*() {
  const client = yield* Client.Client
  return (yield* Effect.flip(client.sendTask("proj.any", { args: ["x".repeat(2_000)] }))).message
}))

describe("the size of messages", () => {
  const settings = { maxMessageSize: 1_000 }
  const worker = Worker.make({ tasks: [], settings })
  const environment = ConfigProvider.layer(
    ConfigProvider.fromUnknown({ CELERIAC_BROKER_URL: url, CELERIAC_MAX_MESSAGE_SIZE: "1000" })
  )
  for (
    const [what, broker] of [
      ["the URL", Broker.layer(`${url}?max_message_size=1000`)],
      ["the settings of the broker", Broker.layer(url, { settings })],
      ["the settings of the worker", Broker.layerFor(worker, { url })]
    ] as const
  ) {
    it.live(`is bounded by ${what}`, () =>
      Effect.gen(function*() {
        assert.match(yield* send, /^publish: the message of \d+ bytes is over the limit of 1000$/)
      }).pipe(Effect.provide(broker)))
  }

  it.live("is bounded by the environment", () =>
    Effect.gen(function*() {
      assert.match(yield* send, /over the limit of 1000$/)
    }).pipe(Effect.provide(Broker.layerConfig()), Effect.provide(environment)))
})
