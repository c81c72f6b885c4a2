/** Signed messages, with keys of this test: a worker of Python's and one of ours that trust each other, and nobody else. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Certificates from "../../../../test/peers/Certificates.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, runPython, signs } from "../../../../test/peers/Python.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as EventReceiver from "../../src/EventReceiver.ts"
import * as RemoteControl from "../../src/RemoteControl.ts"
import * as Settings from "../../src/Settings.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"
import { fixture, main } from "../fixtures/Command.ts"

const id = `signed.${process.pid}`
const queues = { ours: `${id}.ours`, python: `${id}.python`, aside: `${id}.aside`, dead: `${id}.dead` }
const nodes = { ours: `ours@${id}`, python: `python@${id}` }
const [control, events] = [`${id}.control`, `${id}.events`]
const results = inject("redisUrl").replace(/\/\d*$/, "/13")

const folder = mkdtempSync(join(tmpdir(), "celeriac-signed-"))
mkdirSync(join(folder, "certs"))
for (const [serial, name] of ["ours", "python"].entries()) {
  const { certificate, key } = Certificates.make({ name, serial: serial + 1 })
  writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 })
  writeFileSync(join(folder, "certs", `${name}.pem`), certificate)
}

const settings = Settings.fromCelery({
  task_default_queue: queues.ours,
  task_serializer: "auth",
  event_serializer: "auth",
  accept_content: ["auth"],
  result_serializer: "auth",
  result_accept_content: ["auth"],
  security_key: join(folder, "ours.key"),
  security_certificate: join(folder, "certs", "ours.pem"),
  security_cert_store: join(folder, "certs", "*.pem"),
  control_exchange: control,
  event_exchange: events
})

const parameters = { x: Schema.Int, y: Schema.Int }
const add = Task.make("ours.add", { parameters, success: Schema.Int })
const later = Task.make("ours.later", {
  parameters: { x: Schema.Int },
  success: Schema.Int,
  options: { maxRetries: 3 }
})
const theirs = Task.make("signed.add", { parameters, success: Schema.Int })
const again = Task.make("signed.again", { parameters: { x: Schema.Int }, success: Schema.Int })

const ran: Array<string> = []
const lines: Array<string> = []
const note = (id: string) => Effect.sync(() => void ran.push(id))

const worker = Worker.make({
  nodename: nodes.ours,
  concurrency: 2,
  queues: [queues.ours],
  tasks: [
    add.toLayer(({ x, y }, { id }) => Effect.as(note(id), x + y)),
    later.toLayer(({ x }, { retries }) => retries < 2 ? Task.retry({ countdown: "10 millis" }) : Effect.succeed(x)),
    again.toLayer(({ x }, { retries }) => Effect.succeed(x * 10 + retries))
  ],
  settings
})

const log = Logger.layer([Logger.make(({ message }) => {
  lines.push((Array.isArray(message) ? message : [message]).map(String).join(" "))
})])

const around = RemoteControl.layer.pipe(
  Layer.provideMerge(Broker.layer(brokerUrl(), { results, settings })),
  Layer.provideMerge(log)
)
const runtime = ManagedRuntime.make(Layer.provideMerge(worker.layer, around))

const app = fileURLToPath(new URL("../fixtures/signed.py", import.meta.url))
const env = {
  BROKER: brokerUrl(),
  RESULTS: results,
  QUEUE: queues.python,
  OURS: queues.ours,
  NODE: nodes.ours,
  CONTROL: control,
  EVENTS: events,
  KEYS: folder
}

/** A task of ours, kept aside by the broker: what somebody may have recorded. */
const recorded = async (x: number) => {
  const sent = await runtime.runPromise(
    Effect.flatMap(Client.Client, (client) => client.applyAsync(add, { x, y: 1 }, { queue: queues.aside }))
  )
  const message = await wire.channel.get(queues.aside, { noAck: true })
  if (message === false) throw new Error("it is not there")
  const { content, properties } = message
  return {
    id: sent.id,
    content,
    properties,
    send: (more: object = {}, body = content) => wire.send(queues.ours, body, { ...properties, ...more } as {}),
    sent
  }
}

let wire: Wire
let celery: CeleryWorker

describe.runIf(signs())("signed messages", () => {
  beforeAll(async () => {
    wire = await Wire.open(brokerUrl())
    await runtime.context()
    celery = await CeleryWorker.start({ module: app, env, args: ["-P", "solo", "-E", "--hostname", nodes.python] })
  }, 120_000)

  afterAll(async () => {
    await Promise.all([celery?.kill(), wire?.close(), runtime.dispose()])
    rmSync(folder, { recursive: true, force: true })
  })

  it("of Python are run here, its answers read there, and what is not signed is refused", async () => {
    const said = new Map(
      (await runPython(readFileSync(app, "utf8"), { env })).map((line) => {
        const { name, value } = line as { readonly name: string; readonly value: unknown } // by its `say`
        return [name, value]
      })
    )
    assert.strictEqual(said.get("called"), 5)
    assert.strictEqual(said.get("chained"), 13)
    assert.deepStrictEqual(said.get("ping"), [{ ok: "pong" }])
    assert.include(
      String(said.get("plain")),
      "Refusing to deserialize untrusted content of type json (application/json)"
    )
  })

  it("of ours are run by Python, and sent again by either", () =>
    runtime.runPromise(Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(theirs, { x: 2, y: 3 }, { queue: queues.python }), 5)
      assert.strictEqual(yield* client.execute(again, { x: 4 }, { queue: queues.python }), 41)
      assert.strictEqual(yield* client.execute(later, { x: 7 }), 7)
    })), 120_000)

  it("of remote control and of events are signed by both", () =>
    runtime.runPromise(Effect.gen(function*() {
      const remote = yield* RemoteControl.RemoteControl
      const pong = yield* remote.ping({ destination: [nodes.ours, nodes.python], timeout: "1 minute" })
      assert.sameMembers(Object.keys(pong), [nodes.ours, nodes.python])
      const beats = EventReceiver.stream({ routingKey: "worker.heartbeat" }).pipe(
        Stream.map(({ hostname }) => hostname),
        Stream.filter((hostname) => hostname === nodes.ours || hostname === nodes.python)
      )
      const heard = new Set<unknown>()
      yield* Stream.runForEachWhile(beats, (hostname) => Effect.sync(() => heard.add(hostname).size < 2))
      assert.strictEqual(heard.size, 2)
    })), 120_000)

  it("that were changed, in any of what is signed, are refused with FAILURE", async () => {
    const { content, properties: { headers }, send, sent } = await recorded(1)
    await send({ headers: { ...headers, task: "ours.later" } })
    const failure = await runtime.runPromise(Effect.flip(sent.get({ timeout: "1 minute" })))
    assert.include(String(failure), "Bad signature of 'ours 1'")

    const { celeriac_signature: _, ...stripped } = headers ?? {}
    for (
      const [change, why] of [
        [{ headers: { ...stripped, id: "stripped" } }, "was taken away"],
        [{ headers: { ...headers, id: "other" } }, "Bad signature"],
        [{ headers: { ...headers, eta: new Date().toISOString() } }, "Bad signature"],
        [{ replyTo: "mallory" }, "Bad signature"]
      ] as const
    ) {
      const before = lines.length
      await send(change)
      await until(why, () => lines.slice(before).some((line) => line.includes(why)), 100_000, () => lines.join("\n"))
    }
    const changed = Buffer.from(content.toString(), "base64")
    changed[changed.length - 20]! ^= 1
    const before = lines.length
    await send({}, Buffer.from(changed.toString("base64")))
    await until("the body", () => lines.slice(before).some((line) => line.includes("Bad signature")))
    assert.notInclude(ran, sent.id)
  })

  it("that were recorded run once, however often they are sent", async () => {
    const { id, send, sent } = await recorded(5)
    const before = lines.length
    for (let copy = 0; copy < 4; copy++) await send()
    assert.strictEqual(await runtime.runPromise(sent.get({ timeout: "1 minute" })), 6)
    await until(
      "three are refused",
      () => lines.slice(before).filter((line) => line.includes("it came before")).length === 3
    )
    assert.deepStrictEqual(ran.filter((one) => one === id), [id])
    assert.strictEqual(await runtime.runPromise(sent.state), "SUCCESS")
  })

  it("are read by the children of a pool, by settings of the environment and a key that has a password", async () => {
    const locked = Certificates.make({ name: "locked", password: "open sesame" })
    writeFileSync(join(folder, "locked.key"), locked.key, { mode: 0o600 })
    // Whoever has read the store before does not know it.
    mkdirSync(join(folder, "pool"))
    for (const name of ["ours", "python"]) {
      writeFileSync(join(folder, "pool", `${name}.pem`), readFileSync(join(folder, "certs", `${name}.pem`)))
    }
    writeFileSync(join(folder, "pool", "locked.pem"), locked.certificate)
    const queue = `${id}.pool`
    const peer = new Peer(
      process.execPath,
      [
        ...[main, "worker", "-A", fixture("cliWorker.ts"), "-n", `pool@${id}`, "-Q", queue],
        "-P",
        "processes",
        "-c",
        "1",
        "-l",
        "info"
      ],
      {
        env: {
          NO_COLOR: "1",
          CELERIAC_PROC_ALIVE_TIMEOUT: "100",
          CELERIAC_BROKER_URL: brokerUrl(),
          CELERIAC_RESULT_BACKEND: results,
          CELERIAC_CONTROL_EXCHANGE: `${control}.pool`,
          CELERIAC_SERIALIZER: "auth",
          CELERIAC_ACCEPT_CONTENT: "auth",
          CELERIAC_SECURITY_KEY: join(folder, "locked.key"),
          CELERIAC_SECURITY_KEY_PASSWORD: "open sesame",
          CELERIAC_SECURITY_CERTIFICATE: join(folder, "pool", "locked.pem"),
          CELERIAC_SECURITY_CERT_STORE: join(folder, "pool"),
          CELERIAC_RESULT_ACCEPT_CONTENT: "auth,json"
        }
      }
    )
    try {
      await until("the pool is ready", () => peer.output.includes(" ready."), 100_000, () => peer.output)
      const sum = Effect.flatMap(
        Client.Client,
        (client) => client.sendTask("cli.add", { args: [2, 3], queue, ignoreResult: false })
      )
      const sent = await runtime.runPromise(sum)
      await until("it has run", () => peer.output.includes(`cli.add[${sent.id}] succeeded`), 100_000, () => peer.output)
      assert.notInclude(peer.output, "sesame")
    } finally {
      await peer.stop("SIGKILL")
    }
  }, 120_000)

  it("of remote control that were recorded do nothing", async () => {
    const { queue } = await wire.channel.assertQueue("", { exclusive: true })
    await wire.channel.bindQueue(queue, `${control}.pidbox`, "")
    const rate = (rateLimit: string) =>
      runtime.runPromise(Effect.flatMap(
        RemoteControl.RemoteControl,
        ({ control }) =>
          control.rateLimit({ taskName: "ours.add", rateLimit }, { destination: [nodes.ours], timeout: "1 minute" })
      ))
    await rate("1/h")
    await rate("0")
    const [message] = await wire.drain(queue)
    const { content, properties: { headers, ...properties } } = message!
    const before = lines.length
    const replay = (headers: Record<string, unknown>) =>
      wire.channel.publish(`${control}.pidbox`, "", content, { ...properties, headers } as {})
    replay({ ...headers })
    await until(
      "the copy",
      () => lines.slice(before).some((line) => line.includes("it came before")),
      100_000,
      () => lines.join("\n")
    )
    replay({ ...headers, expires: 9e9 })
    await until("the changed one", () => lines.slice(before).some((line) => line.includes("Bad signature")))
    const { celeriac_signature: _, ...stripped } = headers ?? {}
    replay({ ...stripped, expires: 9e9 })
    await until("the bare one", () => lines.slice(before).some((line) => line.includes("was taken away")))
    // At one in an hour, the second would not be done.
    for (const x of [1, 2]) {
      const value = Effect.flatMap(Client.Client, (client) => client.execute(add, { x, y: 1 }))
      assert.strictEqual(await runtime.runPromise(Effect.timeout(value, "1 minute")), x + 1)
    }
  })
})
