/** `broker_transport_options`, as RabbitMQ is told them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, createServer } from "node:net"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Broker from "../../src/Broker.ts"
import * as Settings from "../../src/Settings.ts"
import * as Transport from "../../src/Transport.ts"

const heartbeatOf = (url: string, options: Settings.Given) =>
  Effect.gen(function*() {
    const connection = yield* (yield* Transport.Transport).connect({ name: "options" })
    return connection.terms?.heartbeat
  }).pipe(Effect.scoped, Effect.provide(Broker.layer(url, { settings: options })))

describe("the options of a transport", () => {
  it.live("count before other settings, and after the URL", () =>
    Effect.gen(function*() {
      const settings = Settings.fromCelery({ broker_heartbeat: 20, broker_transport_options: { heartbeat: 7 } })
      assert.strictEqual(yield* heartbeatOf(brokerUrl(), settings), 7)
      assert.strictEqual(yield* heartbeatOf(`${brokerUrl()}?heartbeat=9`, settings), 9)
    }))

  it.live("say how to log in", () =>
    Effect.gen(function*() {
      const settings = Settings.fromCelery({ broker_transport_options: { login_method: "EXTERNAL" } })
      const error = yield* Effect.flip(heartbeatOf(brokerUrl(), settings))
      assert.match(error.message, /EXTERNAL/)
      assert.isDefined(yield* heartbeatOf(`${brokerUrl()}?auth_mechanism=PLAIN`, settings))
    }))

  it.live("reach the broker's pages: who is connected is told there", () =>
    Effect.gen(function*() {
      const { hostname, port } = new URL(brokerUrl())
      const sent: Array<Buffer> = []
      const proxy = createServer((client) => {
        const server = connect(Number(port), hostname)
        client.on("data", (bytes: Buffer) => sent.push(bytes))
        client.pipe(server).pipe(client)
        for (const socket of [client, server]) socket.on("error", () => socket.destroy())
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))),
        () => Effect.sync(() => proxy.close())
      )
      const address = proxy.address()
      const through = typeof address === "object" && address !== null ? String(address.port) : ""
      const settings = Settings.fromCelery({ broker_transport_options: { client_properties: { team: "billing" } } })
      yield* heartbeatOf(brokerUrl().replace(`:${port}`, `:${through}`), settings)
      assert.match(Buffer.concat(sent).toString("latin1"), /team.{1,8}billing/)
    }).pipe(Effect.scoped))
})
