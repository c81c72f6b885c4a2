/** What is declared at a real broker, what is there already, and what a user who may not configure anything can do. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import * as TopologyPlan from "@celeriac/messaging/TopologyPlan"
import { Transport } from "@celeriac/messaging/Transport"
import * as Queues from "@celeriac/tasks/Queues"
import * as Settings from "@celeriac/tasks/Settings"
import * as TaskTopology from "@celeriac/tasks/TaskTopology"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll } from "vitest"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import * as Kit from "./Kit.ts"

let rabbit: RabbitMq
beforeAll(async () => {
  rabbit = await RabbitMq.start()
  await rabbit.rabbitmqctl("add_user", "modest", "modest")
  await rabbit.rabbitmqctl("set_permissions", "-p", "/", "modest", "^$", ".*", ".*")
})
afterAll(() => rabbit?.stop())

const as = (user: string) => `amqp://${user}:${user}@127.0.0.1:${rabbit.port}//`
const by = (user: string) => Effect.provide(Layer.suspend(() => AmqpTransport.layer({ url: as(user) })))

const media = Entity.exchange("media", { type: "topic" })
const topology = Topology.make({
  queues: [
    Entity.queue("images", { exchange: media, routingKey: "image.#", type: "quorum" }),
    Entity.direct("mail", { maxPriority: 10, messageTtl: "1 hour", deadLetters: "dead" })
  ],
  exchanges: [Entity.exchange("out", { type: "fanout" })],
  bindings: [{ source: Entity.exchange("out", { type: "fanout" }), destination: media, routingKey: "" }]
})

const statuses = ({ entries }: TopologyPlan.TopologyPlan) =>
  Object.fromEntries(entries.filter(({ kind }) => kind === "Queue").map(({ name, status }) => [name, status]))

describe("a topology at RabbitMQ", () => {
  it.live("is planned, applied and verified; what differs is named, argument by argument", () =>
    Effect.gen(function*() {
      const plan = yield* Topology.plan(topology)
      assert.strictEqual(TopologyPlan.count(plan, "create"), plan.entries.length)
      assert.match((yield* Effect.flip(Topology.verify(topology))).message, /queue 'images' is missing/)
      assert.deepStrictEqual(yield* Topology.plan(topology), plan, "nothing was changed")

      yield* Topology.apply(topology)
      yield* Topology.apply(topology)
      assert.deepStrictEqual(statuses(yield* Topology.verify(topology)), { dead: "same", images: "same", mail: "same" })

      const other = Topology.make({
        queues: [
          Entity.queue("images", { exchange: Entity.exchange("media"), durable: true }),
          Entity.direct("mail", { maxPriority: 5, maxLength: 7, autoDelete: true, deadLetters: "graves" })
        ]
      })
      const { entries } = yield* Topology.plan(other)
      const differing = new Map(
        entries.filter(({ status }) => status === "differs").map((entry) => [
          `${entry.kind} ${entry.name}`,
          [entry.detail, ...entry.differences.map((one) => `${one.argument} ${one.declared} ${one.current}`).sort()]
        ])
      )
      assert.deepStrictEqual(Object.fromEntries(differing), {
        "Exchange media": ["", "type direct topic"],
        "Queue images": ["", "x-queue-type none quorum"],
        "Queue mail": [
          "",
          "autoDelete true false",
          "x-dead-letter-exchange graves dead",
          "x-dead-letter-routing-key graves dead",
          "x-max-length 7 none",
          "x-max-priority 5 10",
          "x-message-ttl none 3600000"
        ]
      })
      assert.match((yield* Effect.flip(Topology.apply(other))).message, /Nothing was changed/)
      const connection = yield* Effect.flatMap(Transport, (transport) => transport.connect())
      const channel = yield* connection.openChannel()
      const missing = yield* Effect.flip(channel.queueState("graves"))
      assert.strictEqual(missing.reason._tag, "NotFound")
    }).pipe(Effect.scoped, by("guest")))
})

describe("a user who may configure nothing", () => {
  const queues = [Entity.direct("modest.mail", { maxPriority: 3 }), Entity.broadcast("modest.news")]
  const settings = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.provideService(Queues.Configured, queues),
      Effect.provideService(Settings.DefaultQueue, "modest"),
      Effect.provideService(Settings.DeclareTopology, false)
    )

  it.live("sends and runs tasks by what somebody else declared, and is told of what is missing", () =>
    Effect.gen(function*() {
      const at = { url: as("modest"), queue: "modest" }
      const journal = new Kit.Journal()
      const worker = Worker.make({ tasks: [journal.late], queues: ["modest", "modest.mail"] })
      const cannot = yield* Effect.flip(Effect.scoped(Kit.worker(worker, at)))
      assert.match(cannot.message, /queue 'modest(\.mail)?' is not there, and this worker declares nothing/)
      const client = yield* Kit.client(at)
      const send = (n: number) =>
        client.applyAsync(Kit.step, { n, millis: 0 }, { queue: "modest.mail", priority: n, ignoreResult: true })
      assert.match(
        (yield* Effect.flip(send(1))).message,
        /no queue is bound to exchange '' with routing key 'modest.mail'/
      )

      const topology = yield* TaskTopology.make()
      const missing = yield* Effect.flip(by("modest")(Topology.verify(topology)))
      assert.match(missing.message, /queue 'modest' is missing; .*with a user who may configure/)
      const refused = yield* Effect.flip(by("modest")(Topology.apply(topology)))
      assert.match(refused.message, /refused access: .*Check the user name.*permissions/)
      yield* by("guest")(Topology.apply(topology))
      assert.deepStrictEqual(statuses(yield* by("modest")(Topology.verify(topology))), {
        "modest": "exists",
        "modest.mail": "exists"
      })
      yield* by("modest")(
        Topology.apply(Topology.make({ queues: [Entity.queue("modest")] }))
      )

      yield* Kit.worker(worker, at)
      yield* send(2)
      yield* Kit.until("it ran", () => journal.ends.length === 1)
    }).pipe(Effect.scoped, settings))

  it.live("is refused where the worker is to declare", () =>
    Effect.gen(function*() {
      const at = { url: as("modest"), queue: "modest" }
      const error = yield* Effect.flip(Kit.worker(Worker.make({ tasks: [new Kit.Journal().late] }), at))
      assert.match(error.message, /ACCESS_REFUSED.*Check the user name, the password and the user's permissions/)
    }).pipe(Effect.scoped))
})
