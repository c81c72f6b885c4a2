/** Clusters of two and three workers on one broker, on a clock that the test turns. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import * as Task from "@celeriac/tasks/Task"
import { Gossip, type Gossiping } from "@celeriac/worker/consumer/Gossip"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { json, Lines, settled } from "../support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

/** A worker of a cluster, with what its gossip tells, in the order in which it tells it. */
class Node {
  readonly told: Array<string> = []
  readonly elected: Array<unknown> = []
  readonly lines = new Lines()
  readonly name: string
  gossip!: Gossiping
  clock!: LogicalClock["Service"]
  worker!: Worker["Service"]
  ran = 0
  private readonly scope = Scope.makeUnsafe()

  constructor(name: string) {
    this.name = name
  }

  readonly watching = Bootstep.make("Watching", {
    requires: [Gossip, LogicalClock],
    start: Effect.gen({ self: this }, function*() {
      this.gossip = yield* Gossip
      this.clock = yield* LogicalClock
      const tell = (what: string) => ({ hostname }: { readonly hostname: string }) =>
        Effect.sync(() => void this.told.push(`${hostname} ${what}`))
      yield* this.gossip.onNodeJoin(tell("joined"))
      yield* this.gossip.onNodeLeave(tell("left"))
      yield* this.gossip.onNodeLost(tell("lost"))
      yield* this.gossip.onElected("lead", (action) => Effect.sync(() => void this.elected.push(action)))
    })
  })

  readonly start = (broker: MemoryBroker.MemoryBroker["Service"], heartbeatInterval = "2 seconds" as const) =>
    Effect.gen({ self: this }, function*() {
      const handler = add.toLayer(({ x, y }) => Effect.sync(() => (this.ran++, x + y)))
      const layer = TestWorker.layer({
        nodename: this.name,
        tasks: [handler],
        settings: { heartbeatInterval },
        steps: { consumer: [this.watching] }
      }, { broker })
      const built = yield* Layer.build(Layer.fresh(layer)).pipe(
        Scope.provide(this.scope),
        Effect.provide(this.lines.layer)
      )
      this.worker = Context.get(built, Worker)
      yield* settled
      return this
    })

  /** All of it is gone, without a word. */
  readonly vanish = Effect.suspend(() => Scope.close(this.scope, Exit.void))

  readonly alive = Effect.suspend(() =>
    Effect.map(this.gossip.aliveWorkers, (nodes) => nodes.map(({ hostname }) => hostname).toSorted())
  )
}

/** Started one after the other. */
const cluster = Effect.fnUntraced(function*(...names: ReadonlyArray<string>) {
  const broker = yield* MemoryBroker.make()
  const nodes: Array<Node> = []
  for (const name of names) nodes.push(yield* new Node(name).start(broker))
  yield* Effect.addFinalizer(() => Effect.forEach(nodes, (node) => node.vanish, { discard: true }))
  return { broker, nodes }
})

const pass = (time: Parameters<typeof TestClock.adjust>[0]) => Effect.andThen(TestClock.adjust(time), settled)

type Broker = MemoryBroker.MemoryBroker["Service"]

/** Publishes to the exchange of events, whatever it is. */
const publish = Effect.fnUntraced(
  function*(broker: Broker, routingKey: string, body: string) {
    const channel = yield* (yield* broker.connect({ name: "ghost" })).openChannel()
    yield* channel.publish(
      { body: Buffer.from(body), headers: { hostname: "ghost@test" }, properties: json },
      { exchange: "celeryev", routingKey },
      { mandatory: false }
    )
    yield* settled
  },
  Effect.scoped,
  Effect.orDie
)

/** Says something as a node of Python's would. */
const say = (broker: Broker, type: string, fields: object = {}, hostname = "ghost@test") =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    publish(
      broker,
      type.replaceAll("-", "."),
      JSON.stringify({ type, hostname, utcoffset: 0, pid: 7, clock: 1, timestamp: now / 1000, freq: 2, ...fields })
    ))

describe("Gossip", () => {
  it.effect("tells who joins, and who leaves", () =>
    Effect.gen(function*() {
      const { nodes: [a, b] } = yield* cluster("a@test", "b@test")
      assert.deepStrictEqual(a!.told, ["b@test joined"])
      assert.deepStrictEqual(b!.told, [], "a is heard of when it beats")
      yield* pass("2 seconds")
      assert.deepStrictEqual(b!.told, ["a@test joined"])
      assert.deepStrictEqual(yield* a!.alive, ["b@test"])
      assert.deepStrictEqual(yield* b!.alive, ["a@test"])

      yield* b!.worker.shutdown
      yield* settled
      assert.deepStrictEqual(a!.told, ["b@test joined", "b@test left"])
      assert.deepStrictEqual(yield* a!.alive, [])
      assert.deepStrictEqual(a!.lines.of("Debug").filter((line) => line.startsWith("b@test")), [
        "b@test joined the party",
        "b@test left"
      ])
    }))

  it.effect("tells who is lost: not heard of for twice its time, as it is looked for every five seconds", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a] } = yield* cluster("a@test")
      yield* pass("4 seconds")
      yield* say(broker, "worker-online")
      yield* pass("3 seconds")
      yield* say(broker, "worker-heartbeat")
      yield* pass("3900 millis")
      assert.deepStrictEqual(yield* a!.alive, ["ghost@test"])
      yield* pass("200 millis")
      assert.deepStrictEqual(yield* a!.alive, [], "it is not alive as soon as its time is over")
      assert.deepStrictEqual(a!.told, ["ghost@test joined"])
      yield* pass("5 seconds")
      assert.deepStrictEqual(a!.told, ["ghost@test joined", "ghost@test lost"])
      assert.deepStrictEqual(a!.lines.of("Info").filter((line) => line.includes("ghost")), [
        "missed heartbeat from ghost@test"
      ])
      yield* say(broker, "worker-heartbeat")
      assert.deepStrictEqual(a!.told.slice(2), ["ghost@test joined"], "it has come back")
    }))

  it.effect("knows what nodes tell of themselves", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a] } = yield* cluster("a@test")
      yield* say(broker, "worker-heartbeat", { active: 3, processed: 40, loadavg: [1, 2, 3], sw_ident: "py-celery" })
      const node = a!.gossip.state.worker("ghost@test")
      assert.deepInclude(node, { pid: 7, clock: 1, freq: 2, active: 3, processed: 40, swIdent: "py-celery" })
      assert.strictEqual(node?.id, "ghost@test.7")
    }))

  it.effect("sets the logical clock by what others say", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a] } = yield* cluster("a@test")
      yield* say(broker, "worker-heartbeat", { clock: 5_000 })
      assert.strictEqual(a!.clock.value(), 5_001)
      yield* say(broker, "worker-heartbeat", { clock: 2 ** 53 })
      assert.strictEqual(a!.clock.value(), 5_001, "nobody counts that far")
    }))

  it.effect("keeps what it knows over a lost connection, and misses who has gone meanwhile", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a, b] } = yield* cluster("a@test", "b@test")
      yield* say(broker, "worker-online")
      broker.faults.dropConnections("the plug was pulled")
      yield* settled
      yield* pass("6 seconds")
      assert.includeMembers([...yield* a!.alive], ["b@test"])
      yield* pass("6 seconds")
      assert.deepStrictEqual(yield* a!.alive, ["b@test"])
      assert.deepStrictEqual(yield* b!.alive, ["a@test"])
      assert.includeMembers(a!.told, ["ghost@test lost"])
      yield* b!.worker.shutdown
      yield* settled
      assert.strictEqual(a!.told.at(-1), "b@test left")
    }))

  it.effect("ignores errors of handlers, and tells those whose step is there", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a] } = yield* cluster("a@test")
      const heard: Array<string> = []
      const scope = yield* Scope.make()
      yield* Scope.provide(
        Effect.andThen(
          a!.gossip.onNodeJoin(function failing({ hostname }) {
            heard.push(hostname)
            if (hostname === "one@test") throw new Error("it broke")
            return Effect.fail("it failed")
          }),
          a!.gossip.onNodeLeave(() => Effect.interrupt)
        ),
        scope
      ).pipe(Effect.provide(a!.lines.layer))
      yield* say(broker, "worker-online", {}, "one@test")
      yield* say(broker, "worker-online", {}, "two@test")
      yield* say(broker, "worker-offline", {}, "two@test")
      assert.deepStrictEqual(heard, ["one@test", "two@test"])
      assert.deepStrictEqual(a!.lines.of("Error"), [
        "Ignored error from handler failing: it broke",
        "Ignored error from handler failing: it failed"
      ])
      yield* Scope.close(scope, Exit.void)
      yield* say(broker, "worker-online", {}, "three@test")
      assert.lengthOf(heard, 2)
      assert.deepStrictEqual(a!.told.slice(-2), ["two@test left", "three@test joined"])
    }))

  it.effect("hears the next thing, whatever is sent as an event", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a, b] } = yield* cluster("a@test", "b@test")
      const value = fc.oneof(fc.jsonValue(), fc.constantFrom("a@test", "", 2 ** 60, -1, null, "__proto__"))
      const type = fc.constantFrom("worker-online", "worker-heartbeat", "worker-elect", "worker-elect-ack", "worker-x")
      const names = fc.constantFrom("hostname", "clock", "pid", "timestamp", "id", "topic", "action", "freq", "loadavg")
      const event = fc.tuple(type, fc.dictionary(names, value)).map(([type, fields]) =>
        JSON.stringify({ type, ...fields })
      )
      const bodies = fc.sample(fc.oneof(event, event, fc.json(), fc.string()), { numRuns: 400, seed: 7 })
      for (const body of bodies) yield* publish(broker, "worker.heartbeat", body)
      a!.told.length = 0
      yield* say(broker, "worker-online", {}, "after@test")
      assert.include(a!.told, "after@test joined")
      yield* pass("2 seconds")
      assert.include(yield* b!.alive, "a@test")
      assert.isAtMost(a!.lines.of("Warn").length, 20, "it does not tell of each")
      assert.isTrue(a!.lines.has("gossip: ignored what is no event of a node"))
    }))
})

describe("an election", () => {
  it.effect("is won by one node, which does what its handler says", () =>
    Effect.gen(function*() {
      const { nodes } = yield* cluster("b@test", "a@test", "c@test")
      yield* pass("2 seconds")
      for (const { gossip } of nodes) yield* gossip.election("e1", "lead", { plan: 9 })
      yield* settled
      const winners = nodes.filter(({ elected }) => elected.length > 0)
      assert.deepStrictEqual(winners.map(({ elected }) => elected), [[{ plan: 9 }]])
      const name = winners[0]!.name
      for (const { lines, name: own } of nodes) {
        const says = own === name ? "I won the election 'e1'" : `node ${name}.${process.pid} elected for 'e1'`
        assert.deepStrictEqual(lines.of("Info").filter((line) => line.includes("'e1'")), [says])
      }
    }))

  it.effect("of one node alone is won by it", () =>
    Effect.gen(function*() {
      const { nodes: [a] } = yield* cluster("a@test")
      yield* a!.gossip.election("e1", "lead")
      yield* settled
      assert.deepStrictEqual(a!.elected, [undefined])
    }))

  it.effect("of one node among others is won by it, when nobody else has stood for a second", () =>
    Effect.gen(function*() {
      const { nodes: [a, b] } = yield* cluster("a@test", "b@test")
      yield* pass("2 seconds")
      yield* b!.gossip.election("e1", "lead", 1)
      yield* settled
      assert.deepStrictEqual(b!.elected, [])
      yield* pass("1 second")
      assert.deepStrictEqual([a!.elected, b!.elected], [[], [1]])
    }))

  it.effect("has no winner when somebody who is there does not answer, and goes on without who is lost", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a] } = yield* cluster("a@test")
      yield* pass("1 second")
      yield* say(broker, "worker-online", { freq: 60 })
      yield* a!.gossip.election("e1", "lead", 1)
      yield* pass("10 seconds")
      assert.deepStrictEqual(a!.elected, [])
      assert.isTrue(a!.lines.has("election 'e1' has no winner: no answer from ghost@test"))
      yield* say(broker, "worker-heartbeat", { freq: 1 })
      yield* a!.gossip.election("e2", "lead", 2)
      yield* settled
      assert.deepStrictEqual(a!.elected, [])
      yield* pass("5 seconds")
      assert.deepStrictEqual(a!.elected, [2])
    }))

  it.effect("of the topic 'task' sends the task", () =>
    Effect.gen(function*() {
      const { nodes } = yield* cluster("a@test", "b@test")
      yield* pass("2 seconds")
      const signature = { task: "add", args: [2, 2], kwargs: {}, options: { task_id: "t1" }, subtask_type: null }
      for (const { gossip } of nodes) yield* gossip.election("t1", "task", signature)
      yield* settled
      yield* pass("1 second")
      assert.strictEqual(nodes.reduce((sum, { ran }) => sum + ran, 0), 1)
    }))

  it.effect("of which the action is no task, or the topic unknown, is told of", () =>
    Effect.gen(function*() {
      const { nodes: [a] } = yield* cluster("a@test")
      yield* a!.gossip.election("e1", "task", { task: 7 })
      yield* a!.gossip.election("e2", "nosuch", 1)
      yield* settled
      assert.sameMembers([...a!.lines.of("Error")], [
        "Could not call task: the signature.task should be the name of a task, and is the number 7",
        "Unknown election topic 'nosuch'"
      ])
    }))

  it.effect("is not disturbed by a candidature that says too little", () =>
    Effect.gen(function*() {
      const { broker, nodes: [a] } = yield* cluster("a@test")
      yield* say(broker, "worker-elect", { id: "e1", action: 1 })
      assert.deepStrictEqual(a!.lines.of("Error"), ["election request missing field 'topic'"])
      yield* a!.gossip.election("e1", "lead", 1)
      yield* settled
      assert.deepStrictEqual(a!.elected, [1])
    }))
})
