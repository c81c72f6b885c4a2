/** A sealed task that runs in one process, and its copies, which somebody sends to another: on a real broker, with results in Redis. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Certificates from "../../../../test/peers/Certificates.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as Settings from "../../src/Settings.ts"
import * as Task from "../../src/Task.ts"
import { fixture, main } from "../fixtures/Command.ts"

const name = `sealed.copies.${process.pid}`
const [shared, other, aside, control] = [`${name}.shared`, `${name}.other`, `${name}.aside`, `${name}.control`]
const results = inject("redisUrl").replace(/\/\d*$/, "/13")

const gated = Task.make("sealed.gated", { parameters: { n: Schema.Int }, success: Schema.Int })

describe("a copy of a sealed task", () => {
  it.live(
    "is not run by a second worker while the first runs it, nor afterwards; and what was lost with the first is",
    () =>
      Effect.gen(function*() {
        const folder = mkdtempSync(join(tmpdir(), "celeriac-copies-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
        mkdirSync(join(folder, "certs"))
        const { certificate, key } = Certificates.make({ name: "ours" })
        writeFileSync(join(folder, "ours.key"), key, { mode: 0o600 })
        writeFileSync(join(folder, "certs", "ours.pem"), certificate)
        const [gate, journal] = [join(folder, "gate"), join(folder, "journal")]
        const security = {
          security_key: join(folder, "ours.key"),
          security_certificate: join(folder, "certs", "ours.pem"),
          security_cert_store: join(folder, "certs", "*.pem")
        }
        const worker = (node: string, queues: string) =>
          Effect.acquireRelease(
            Effect.promise(async () => {
              const peer = new Peer(
                process.execPath,
                [main, "worker", "-A", fixture("sealed.ts"), "-n", `${node}@${name}`, "-Q", queues, "-l", "info"],
                {
                  env: {
                    GATE: gate,
                    JOURNAL: journal,
                    NO_COLOR: "1",
                    CELERIAC_BROKER_URL: brokerUrl(),
                    CELERIAC_RESULT_BACKEND: results,
                    CELERIAC_CONTROL_EXCHANGE: control,
                    CELERIAC_SERIALIZER: "auth",
                    CELERIAC_ACCEPT_CONTENT: "auth",
                    CELERIAC_SECURITY_KEY: security.security_key,
                    CELERIAC_SECURITY_CERTIFICATE: security.security_certificate,
                    CELERIAC_SECURITY_CERT_STORE: security.security_cert_store
                  }
                }
              )
              await until("it is ready", () => peer.output.includes(" ready."), 20_000, () => peer.output)
              return peer
            }),
            (peer) => Effect.promise(() => peer.stop("SIGKILL"))
          )
        const wire = yield* Effect.acquireRelease(
          Effect.promise(() => Wire.open(brokerUrl())),
          (wire) => Effect.promise(() => wire.close())
        )
        const ran = () => existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n") : []
        const refused = (peer: Peer) => peer.output.split("it came before, to another worker").length - 1
        const settings = Settings.fromCelery({ task_serializer: "auth", accept_content: ["auth"], ...security })

        yield* Effect.gen(function*() {
          const [first, second] = yield* Effect.all([worker("first", shared), worker("second", other)], {
            concurrency: 2
          })
          const client = yield* Client.Client
          const sent = yield* client.applyAsync(gated, { n: 5 }, { queue: aside })
          const message = yield* Effect.promise(() => wire.channel.get(aside, { noAck: true }))
          if (message === false) return assert.fail("it is not there")
          const copy = (queue: string) => wire.send(queue, message.content, { ...message.properties } as {})

          yield* Effect.promise(() => copy(shared))
          const starts = (count: number) =>
            until(`${count} started`, () => ran().length === count, 10_000, () => second.output)
          yield* Effect.promise(() => starts(1))
          yield* Effect.promise(() => copy(other))
          yield* Effect.promise(() =>
            until("the copy is refused", () => refused(second) === 1, 10_000, () => second.output)
          )
          assert.deepStrictEqual(ran(), [`${sent.id} first@${name}`])

          const third = yield* worker("third", shared)
          yield* Effect.promise(() => first.stop("SIGKILL"))
          yield* Effect.promise(() => starts(2))
          assert.strictEqual(ran()[1], `${sent.id} third@${name}`)

          writeFileSync(gate, "")
          assert.strictEqual(yield* sent.get({ timeout: "10 seconds" }), 5)
          // One that has seen nothing of it.
          const fourth = yield* worker("fourth", aside)
          yield* Effect.promise(() => copy(aside))
          yield* Effect.promise(() => until("the next, too", () => refused(fourth) === 1, 10_000, () => fourth.output))
          assert.lengthOf(ran(), 2)
          assert.include(third.output, `sealed.gated[${sent.id}] succeeded`)
        }).pipe(
          Effect.provide(Broker.layer(brokerUrl(), { results, settings: { ...settings, controlExchange: control } })),
          Effect.scoped
        )
        yield* Effect.promise(() => Promise.all([shared, other, aside].map((queue) => wire.channel.deleteQueue(queue))))
      }).pipe(Effect.scoped),
    60_000
  )
})
