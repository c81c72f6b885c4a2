/**
 * Three schedulers, two workers and RabbitMQ alone, which keeps no results: whatever
 * becomes of the one that leads, of its network, of its clock and of the broker, every
 * slot runs once.
 *
 * `CELERIAC_TEST_BEAT_ROUNDS=30` goes on for longer, `CELERIAC_TEST_BEAT_SEED` another way.
 */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as Queues from "@celeriac/tasks/Queues"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Task from "@celeriac/tasks/Task"
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { join } from "node:path"
import { type Fault, FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import * as Slots from "../fixtures/slots.ts"

const names = ["a", "b", "c"]
const rounds = Number(process.env["CELERIAC_TEST_BEAT_ROUNDS"] ?? 4)
const seed = Number(process.env["CELERIAC_TEST_BEAT_SEED"] ?? 20_261_128)
const [leases, tasks, schedule] = ["beat.lease", "beat.tasks", "beat.schedule"]

const faults = [
  "killed before it kept what it sent",
  "blackhole",
  "restart",
  "clock",
  "SIGTERM",
  "toServerLost",
  "SIGSTOP",
  "toClientLost",
  "power loss",
  "SIGKILL",
  "reset"
] as const

/** A scheduler, and the network between it and the broker. */
class Beat {
  isLeader = false
  readonly network: FaultProxy
  peer: Peer
  private readonly url: string

  constructor(network: FaultProxy, url: string) {
    this.network = network
    this.url = network.through(url)
    this.peer = this.begin()
  }

  begin(): Peer {
    const args = [join(import.meta.dirname, "beatProcess.ts"), this.url, leases, tasks, `queue=${schedule}`]
    this.isLeader = false
    return this.peer = new Peer(process.execPath, args, {
      onLine: (line) => {
        if (line.startsWith("beat: Leading")) this.isLeader = !line.startsWith("beat: Leading no more")
      }
    })
  }
}

/** The next of a sequence that looks random, and is the same each time. */
const chance = (state: number) => () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648

const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const strike = async (fault: typeof faults[number], beat: Beat, rabbit: RabbitMq) => {
  switch (fault) {
    case "killed before it kept what it sent":
      beat.peer.signal("SIGHUP")
      await sleep(2500)
      await beat.peer.stop("SIGKILL")
      beat.begin()
      return
    case "SIGKILL":
    case "SIGTERM":
      await beat.peer.stop(fault)
      beat.begin()
      return
    case "SIGSTOP":
      beat.peer.signal("SIGSTOP")
      await sleep(7000)
      beat.peer.signal("SIGCONT")
      return
    case "clock":
      for (let step = 0; step < 3; step++) {
        beat.peer.signal("SIGUSR2")
        await sleep(2500)
      }
      return
    case "restart":
      await rabbit.halt()
      return rabbit.start()
    case "power loss":
      await rabbit.kill()
      return rabbit.start()
    case "reset":
      return beat.network.reset()
    default:
      beat.network.fault = fault satisfies Fault
      await sleep(7000)
      beat.network.fault = "pass"
  }
}

const program = Effect.gen(function*() {
  const rabbit = yield* Effect.acquireRelease(
    Effect.promise(() => RabbitMq.start()),
    (rabbit) => Effect.promise(() => rabbit.stop())
  )
  const transport = AmqpTransport.layer({ url: rabbit.url, heartbeat: "5 seconds" })
  const runs = new Map<string, number>()
  /** What was run, and done to whoever led, and when. */
  const story: Array<string> = []
  const tell = (what: string) => void story.push(`${new Date().toISOString().slice(14, 23)} ${what}`)
  const run = Effect.map(TaskContext, ({ hostname, id }) => {
    runs.set(id, (runs.get(id) ?? 0) + 1)
    tell(`${id.slice(0, 8)} on ${hostname.slice(0, 3)}`)
  })
  // A broker that loses its power forgets what a classic queue was told last: then a task runs that has run before.
  const queue = Entity.queue(tasks, { type: "quorum" })
  const worker = (name: string) =>
    Worker.make({
      nodename: `${name}.faults.${process.pid}@here`,
      tasks: names.map((task) => Task.make(`proj.${task}`).toLayer(() => run)),
      queues: [tasks],
      connectionMaxRetries: 0,
      without: ["mingle"],
      settings: { taskQueues: [queue] }
    })
  const around = Client.layer.pipe(
    Layer.provideMerge(DisabledBackend.layer),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(transport),
    Layer.provideMerge(Layer.succeed(Queues.Configured, [queue]))
  )
  // Each with a connection of its own.
  for (const name of ["one", "two"]) yield* Layer.build(worker(name).layer.pipe(Layer.provide(Layer.fresh(around))))

  const begin = Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => FaultProxy.start(rabbit.port)),
      (proxy) => Effect.promise(() => proxy.stop())
    ),
    (proxy) => new Beat(proxy, rabbit.url)
  )
  const beats = yield* Effect.all([begin, begin, begin])
  const end = (signal: NodeJS.Signals) => Promise.all(beats.map(({ peer }) => peer.stop(signal)))
  yield* Effect.addFinalizer(() => Effect.promise(() => end("SIGKILL")))
  const leader = () => beats.find(({ isLeader, peer }) => isLeader && peer.running)
  const outputs = () => beats.map(({ peer }) => peer.output.slice(-600)).join("\n---\n")
  const awaitLeader = Effect.promise(() => until("a leader", () => leader() !== undefined, 100_000, outputs))

  yield* awaitLeader
  yield* Effect.promise(() => until("the first task", () => runs.size > 0, 100_000, outputs))
  const random = chance(seed)
  const struck: Array<string> = []
  for (let round = 0; round < rounds; round++) {
    yield* awaitLeader
    yield* Effect.sleep(1000 + random() * 2000)
    const fault = rounds < faults.length ? faults[round]! : faults[Math.floor(random() * faults.length)]!
    const beat = leader()
    if (beat === undefined) continue
    struck.push(fault)
    tell(fault)
    yield* Effect.promise(() => strike(fault, beat, rabbit))
    tell("over")
  }
  // A clock that was ahead has sent what is due only now.
  yield* awaitLeader
  yield* Effect.sleep("3 seconds")
  yield* Effect.promise(() => end("SIGTERM"))

  const expected = yield* Slots.sent(transport, schedule, names)
  yield* Effect.promise(() =>
    until("all runs", () => expected.every((id) => runs.has(id)), 100_000, () => struck.join())
  ).pipe(
    Effect.catchDefect(() => Effect.void)
  )
  yield* Effect.sleep("1 second")
  const wrong = expected.filter((id) => runs.get(id) !== 1).map((id) => [id, runs.get(id) ?? 0])
  if (wrong.length > 0) console.log(story.join("\n"))
  assert.deepStrictEqual(wrong, [], `${expected.length} slots, after ${struck.join(", ")}`)
  assert.strictEqual(runs.size, expected.length, `what is no slot was run, after ${struck.join(", ")}`)
  assert.isAbove(expected.length, names.length * struck.length * 2)
  if (rounds >= faults.length) console.log(`${expected.length} slots, each once, after ${struck.join(", ")}`)
})

describe("three schedulers by RabbitMQ alone", () => {
  it.live(
    "have every slot run once, whatever becomes of the one that leads, its network, its clock and the broker",
    () => program.pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.asVoid),
    60_000 + rounds * 40_000
  )
})
