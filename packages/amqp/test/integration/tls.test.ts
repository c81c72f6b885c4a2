/** TLS: a broker whose certificate is trusted, and those whose is not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { type AddressInfo, connect as connectPlain } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createServer, type Server } from "node:tls"
import { afterAll, beforeAll } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { run } from "../../../../test/peers/Process.ts"
import { connect, timed } from "./Kit.ts"

let folder: string
let server: Server
let url: string

/** TLS in front of the broker, with a certificate of our own making for `localhost`. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "celeriac-tls-"))
  await run("openssl", [
    ...[
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost"
    ],
    ...["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")]
  ])
  const broker = Number(/:(\d+)\//.exec(brokerUrl())?.[1])
  server = createServer(
    { key: await readFile(join(folder, "key.pem")), cert: await readFile(join(folder, "cert.pem")) },
    (client) => {
      const upstream = connectPlain(broker, "127.0.0.1")
      client.on("error", () => upstream.destroy())
      upstream.on("error", () => client.destroy())
      client.pipe(upstream).pipe(client)
    }
  )
  server.on("tlsClientError", () => {})
  await new Promise<void>((resolve) => server.listen(0, resolve))
  url = `amqps://guest:guest@localhost:${(server.address() as AddressInfo).port}//`
})

afterAll(async () => {
  server?.close()
  await rm(folder, { recursive: true, force: true })
})

describe("TLS", () => {
  it.live("connects when the authority is given, in options or in the URL", () =>
    Effect.gen(function*() {
      const ca = join(folder, "cert.pem")
      for (
        const connection of [
          connect(url, { tls: { ca } }),
          connect(`${url}?ssl_ca_certs=${ca}`),
          connect(url, { tls: { verify: false } })
        ]
      ) {
        yield* Effect.scoped(Effect.flatMap(connection, (connection) => connection.openChannel()))
      }
    }))

  it.live("refuses a certificate of an unknown authority, and says what to give", () =>
    Effect.gen(function*() {
      const { error } = yield* timed(Effect.scoped(connect(url)))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      assert.include(error.message, "ssl_ca_certs")
    }))

  it.live("refuses a certificate for another name", () =>
    Effect.gen(function*() {
      const tls = { ca: join(folder, "cert.pem"), servername: "elsewhere.example" }
      const { error } = yield* timed(Effect.scoped(connect(url, { tls })))
      assert.include(error.message, "another host name")
    }))

  it.live("says which file cannot be read", () =>
    Effect.gen(function*() {
      const { error } = yield* timed(Effect.scoped(connect(url, { tls: { ca: "/nowhere/ca.pem" } })))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      assert.include(error.message, "/nowhere/ca.pem")
    }))
})
