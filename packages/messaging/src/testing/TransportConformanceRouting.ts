/** Conformance: exchanges route by their type. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Entity from "../Entity.ts"
import type { Arguments, ExchangeType } from "../Entity.ts"
import type { Headers } from "../Message.ts"
import { type Capabilities, drain, message, type Test } from "./TransportConformanceKit.ts"

interface Case {
  readonly type: ExchangeType
  /** Routing keys of the bindings, or their arguments for `headers`. */
  readonly bound: ReadonlyArray<string | Arguments>
  readonly published: ReadonlyArray<string | Headers>
  /** For each binding, which of those published arrive. */
  readonly arrive: ReadonlyArray<ReadonlyArray<number>>
}

const cases: ReadonlyArray<readonly [title: string, rule: Case]> = [
  ["a direct exchange routes by the very key", {
    type: "direct",
    bound: ["a", "b", "a", "*", ""],
    published: ["a", "b", "A", ""],
    arrive: [[0], [1], [0], [], [3]]
  }],
  ["a fanout exchange routes to everyone", {
    type: "fanout",
    bound: ["a", "b"],
    published: ["a", "b", "c"],
    arrive: [[0, 1, 2], [0, 1, 2]]
  }],
  ["a topic exchange routes by words, * for one and # for any number", {
    type: "topic",
    bound: ["#", "task.*", "task.#", "*.*.done", "#.done", "a.#.z", "*", "task", "", "#.#", "*.#"],
    published: ["task.sent", "task", "task.a.done", "done", "a.z", "a.b.c.z", "", "worker.heartbeat"],
    arrive: [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0],
      [0, 1, 2],
      [2],
      [2, 3],
      [4, 5],
      [1, 3],
      [1],
      [6],
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 2, 3, 4, 5, 7]
    ]
  }],
  ["a headers exchange routes by all or any of the headers", {
    type: "headers",
    bound: [
      { "x-match": "all", kind: "report", pages: 200 },
      { "x-match": "any", kind: "report", pages: 200 },
      { kind: "report" },
      { "x-match": "all" }
    ],
    published: [
      { kind: "report", pages: 200, extra: true },
      { kind: "report" },
      { pages: 200 },
      { kind: "letter" },
      {}
    ],
    arrive: [[0], [0, 1, 2], [0, 1], [0, 1, 2, 3, 4]]
  }]
]

export const routing = (test: Test, can: Capabilities): void => {
  describe("routing", () => {
    for (const [title, { arrive, bound, published, type }] of cases) {
      test(title, ({ channel, exchange, queue }) =>
        Effect.gen(function*() {
          const source = yield* exchange({ type })
          const queues = yield* Effect.forEach(bound, (binding) =>
            Effect.tap(queue(), (name) =>
              typeof binding === "string"
                ? channel.bindQueue(name, source.name, binding)
                : channel.bindQueue(name, source.name, "", binding)))
          for (const [index, what] of published.entries()) {
            yield* channel.publish(
              message(`${index}`, { headers: typeof what === "string" ? {} : what }),
              { exchange: source.name, routingKey: typeof what === "string" ? what : "" },
              { mandatory: false }
            )
          }
          const arrived = yield* Effect.forEach(queues, (name) =>
            drain(channel, name))
          assert.deepStrictEqual(
            arrived,
            arrive.map((indexes) =>
              indexes.map(String)
            )
          )
        }))
    }

    test("the default exchange routes to the queue of that name", ({ channel, queue }) =>
      Effect.gen(function*() {
        const one = yield* queue()
        const two = yield* queue()
        yield* channel.publish(message("for one"), { exchange: "", routingKey: one })
        assert.deepStrictEqual(yield* drain(channel, one), ["for one"])
        assert.deepStrictEqual(yield* drain(channel, two), [])
      }))

    test("a message reaches a queue once, however many bindings match", ({ channel, exchange, queue }) =>
      Effect.gen(function*() {
        const source = yield* exchange({ type: "topic" })
        const name = yield* queue({
          exchange: source,
          routingKey: "a.#",
          bindings: [Entity.binding(source, "#"), Entity.binding(source, "a.b")]
        })
        yield* channel.publish(message("once"), { exchange: source.name, routingKey: "a.b" })
        assert.deepStrictEqual(yield* drain(channel, name), ["once"])
      }))

    test("an unbound queue gets nothing more", ({ channel, exchange, queue }) =>
      Effect.gen(function*() {
        const source = yield* exchange({ type: "topic" })
        const name = yield* queue({ exchange: source, routingKey: "a.*" })
        yield* channel.unbindQueue(name, source.name, "a.*")
        yield* channel.publish(message("gone"), { exchange: source.name, routingKey: "a.b" }, { mandatory: false })
        assert.deepStrictEqual(yield* drain(channel, name), [])
      }))

    test("deliveries say by which exchange and routing key they came", ({ channel, exchange, queue }) =>
      Effect.gen(function*() {
        const source = yield* exchange({ type: "topic" })
        const name = yield* queue({ exchange: source, routingKey: "#" })
        yield* channel.publish(message("x"), { exchange: source.name, routingKey: "a.b.c" })
        const pulled = yield* channel.get(name, { noAck: true })
        assert.deepInclude(pulled._tag === "Some" ? pulled.value : {}, {
          exchange: source.name,
          routingKey: "a.b.c",
          redelivered: false,
          consumerTag: ""
        })
      }))

    if (can.exchangeBindings) {
      test("an exchange bound to an exchange passes messages on, in circles too", ({ channel, exchange, queue }) =>
        Effect.gen(function*() {
          const source = yield* exchange({ type: "topic" })
          const destination = yield* exchange({ type: "fanout" })
          const name = yield* queue({ exchange: destination })
          yield* channel.bindExchange(destination.name, source.name, "a.#")
          yield* channel.bindExchange(source.name, destination.name, "")
          yield* channel.publish(message("passes"), { exchange: source.name, routingKey: "a.b" })
          yield* channel.publish(message("stays"), { exchange: source.name, routingKey: "b" }, { mandatory: false })
          assert.deepStrictEqual(yield* drain(channel, name), ["passes"])
        }))

      test("what an exchange cannot route goes to its alternate exchange", ({ channel, exchange, queue }) =>
        Effect.gen(function*() {
          const alternate = yield* exchange({ type: "fanout" })
          const main = yield* exchange({ arguments: { "alternate-exchange": alternate.name } })
          const routed = yield* queue({ exchange: main, routingKey: "known" })
          const rest = yield* queue({ exchange: alternate })
          yield* channel.publish(message("known"), { exchange: main.name, routingKey: "known" })
          yield* channel.publish(message("unknown"), { exchange: main.name, routingKey: "unknown" })
          assert.deepStrictEqual(yield* drain(channel, routed), ["known"])
          assert.deepStrictEqual(yield* drain(channel, rest), ["unknown"])
        }))
    }
  })
}
