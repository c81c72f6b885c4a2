/**
 * Three schedulers on a cluster of three members of RabbitMQ, of which one after the
 * other loses its power. By hand, as three brokers take long to start:
 * `CELERIAC_TEST_BEAT_CLUSTER=10` for ten rounds.
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
import { Peer, until } from "../../../../test/peers/Process.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import * as Slots from "../fixtures/slots.ts"

const rounds = Number(process.env["CELERIAC_TEST_BEAT_CLUSTER"] ?? 0)
const names = ["a", "b", "c"]
const [leases, tasks, schedule] = ["beat.lease", "beat.tasks", "beat.schedule"]

class Beat {
  isLeader = false
  readonly peer: Peer

  constructor(url: string) {
    const args = [join(import.meta.dirname, "beatProcess.ts"), url, leases, tasks, `queue=${schedule}`]
    this.peer = new Peer(process.execPath, args, {
      onLine: (line) => {
        if (line.startsWith("beat: Leading")) this.isLeader = !line.startsWith("beat: Leading no more")
      }
    })
  }
}

const program = Effect.gen(function*() {
  const begin = (first?: RabbitMq) =>
    Effect.acquireRelease(
      Effect.promise(() => RabbitMq.start(first === undefined ? {} : { join: first })),
      (rabbit) => Effect.promise(() => rabbit.stop())
    )
  const first = yield* begin()
  const members = [first, yield* begin(first), yield* begin(first)]
  /** Each begins with another member, and goes to the next when that is gone. */
  const urlFrom = (n: number) => members.map((_, k) => members[(n + k) % members.length]!.url).join(";")
  const transport = AmqpTransport.layer({ url: urlFrom(0).split(";"), heartbeat: "5 seconds" })
  const runs = new Map<string, number>()
  const run = Effect.map(TaskContext, ({ id }) => void runs.set(id, (runs.get(id) ?? 0) + 1))
  const queue = Entity.queue(tasks, { type: "quorum" })
  const worker = Worker.make({
    nodename: `beat.cluster.${process.pid}@here`,
    tasks: names.map((name) => Task.make(`proj.${name}`).toLayer(() => run)),
    queues: [tasks],
    connectionMaxRetries: 0,
    without: ["mingle", "gossip", "heart", "control"],
    settings: { taskQueues: [queue] }
  })
  const around = Client.layer.pipe(
    Layer.provideMerge(DisabledBackend.layer),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(transport),
    Layer.provideMerge(Layer.succeed(Queues.Configured, [queue]))
  )
  yield* Layer.build(worker.layer.pipe(Layer.provide(around)))
  const beats = [0, 1, 2].map((n) => new Beat(urlFrom(n)))
  const end = (signal: NodeJS.Signals) => Promise.all(beats.map(({ peer }) => peer.stop(signal)))
  yield* Effect.addFinalizer(() => Effect.promise(() => end("SIGKILL")))
  const outputs = () => beats.map(({ peer }) => peer.output.slice(-600)).join("\n---\n")
  const awaitLeader = Effect.promise(() =>
    until("a leader", () => beats.some(({ isLeader }) => isLeader), 100_000, outputs)
  )
  yield* awaitLeader
  yield* Effect.promise(() => until("the first task", () => runs.size > 0, 100_000, outputs))
  for (let round = 0; round < rounds; round++) {
    yield* awaitLeader
    yield* Effect.sleep("3 seconds")
    const member = members[round % members.length]!
    yield* Effect.promise(() => member.kill())
    yield* Effect.sleep("8 seconds")
    yield* awaitLeader
    yield* Effect.promise(() => member.start())
    yield* Effect.sleep("4 seconds")
  }
  yield* awaitLeader
  yield* Effect.sleep("3 seconds")
  yield* Effect.promise(() => end("SIGTERM"))
  const expected = yield* Slots.sent(transport, schedule, names)
  yield* Effect.promise(() =>
    until("all runs", () => expected.every((id) => runs.has(id)), 100_000, () => `${runs.size} of ${expected.length}`)
  )
  const wrong = expected.filter((id) => runs.get(id) !== 1)
  assert.deepStrictEqual(wrong, [])
  assert.strictEqual(runs.size, expected.length)
  assert.isAbove(expected.length, rounds * names.length * 5)
  console.log(`${expected.length} slots, each once, over ${rounds} lost members of three`)
})

describe.skipIf(rounds === 0)("three schedulers on a cluster", () => {
  it.live(
    "have every slot run once, whichever of its members is lost",
    () => program.pipe(Effect.scoped, Effect.provide(Logger.layer([]))),
    180_000 + rounds * 60_000
  )
})
