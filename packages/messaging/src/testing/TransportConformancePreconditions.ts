/**
 * Conformance: what a broker does not let anybody declare, bind or ask for,
 * and what it does although it looks wrong. Each in RabbitMQ's way, so that what
 * passes on one transport passes on all.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Entity from "../Entity.ts"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel } from "../Transport.ts"
import { type Capabilities, consumeInto, failsWith, type Kit, message, type Test } from "./TransportConformanceKit.ts"

type Operation = (channel: Channel) => Effect.Effect<unknown, MessagingError, Scope.Scope>

type Reason = "NotFound" | "PreconditionFailed" | "AccessRefused" | "ChannelClosed"

export const preconditions = (test: Test, can: Capabilities): void => {
  /** By a channel of its own, which is closed with this code; another one goes on. */
  const refused = (kit: Kit, code: number, reason: Reason, operation: Operation) =>
    Effect.gen(function*() {
      const doomed = yield* kit.openChannel()
      yield* failsWith(operation(doomed), reason)
      const lost = yield* failsWith(doomed.lost, code === 403 ? "AccessRefused" : "ChannelClosed")
      if (code !== 403) assert.deepInclude(lost, { code })
      yield* kit.channel.queueState(yield* kit.queue())
    })

  /** And the channel goes on. */
  const taken = (kit: Kit, operation: Operation) =>
    Effect.flatMap(
      kit.openChannel(),
      (channel) => Effect.andThen(operation(channel), Effect.flatMap(kit.queue(), (name) => channel.queueState(name)))
    )

  const queueThatIs = (
    was: Entity.QueueOptions,
    is: Entity.QueueOptions,
    kit: Kit
  ): Effect.Effect<Operation, MessagingError> =>
    Effect.map(kit.queue(was), (name) => (channel: Channel) => channel.declareQueue(Entity.queue(name, is)))

  describe("a queue is not declared again", () => {
    const others: ReadonlyArray<readonly [what: string, was: Entity.QueueOptions, is: Entity.QueueOptions]> = [
      ["with another durability", { durable: true }, { durable: false }],
      ["as one that is deleted by itself", {}, { autoDelete: true }],
      ["with a bound that it has not", {}, { maxLength: 5 }],
      ["with another bound", { maxLength: 5 }, { maxLength: 6 }],
      ["without its bound", { maxLength: 5 }, {}],
      ["with a bound in bytes that it has not", {}, { maxLengthBytes: 5 }],
      ["with another time to live", { messageTtl: 5_000 }, { messageTtl: 5_001 }],
      ["with another expiry", { expires: 50_000 }, { expires: 60_000 }],
      ["with another dead-letter exchange", { deadLetterExchange: "a" }, { deadLetterExchange: "b" }],
      [
        "with another dead-letter routing key",
        { deadLetterExchange: "a", deadLetterRoutingKey: "a" },
        { deadLetterExchange: "a", deadLetterRoutingKey: "b" }
      ],
      ["with another overflow", { maxLength: 5 }, { maxLength: 5, arguments: { "x-overflow": "reject-publish" } }],
      ["with priorities that it has not", {}, { maxPriority: 5 }],
      ["as a single active consumer's", {}, { arguments: { "x-single-active-consumer": true } }],
      ["as a quorum queue", {}, { type: "quorum" }]
    ]
    for (const [what, was, is] of others) {
      test(
        what,
        (kit) =>
          Effect.flatMap(queueThatIs(was, is, kit), (operation) => refused(kit, 406, "PreconditionFailed", operation))
      )
    }

    test("by another connection as its own", (kit) =>
      Effect.flatMap(
        queueThatIs({ durable: false }, { durable: false, exclusive: true, autoDelete: false }, kit),
        // RabbitMQ calls it locked, though it is nobody's.
        (operation) => Effect.flatMap(kit.openChannel(), (doomed) => failsWith(operation(doomed), "PreconditionFailed"))
      ))
  })

  describe("a queue may be declared again", () => {
    const same: ReadonlyArray<readonly [what: string, was: Entity.QueueOptions, is: Entity.QueueOptions]> = [
      ["as the classic one that it is", {}, { type: "classic" }],
      ["with an argument that means nothing to the broker", {}, { arguments: { "x-of-my-own": 1 } }],
      ["with other bindings", {}, { exchange: Entity.exchange("amq.topic", { type: "topic" }), routingKey: "a" }]
    ]
    for (const [what, was, is] of same) {
      test(what, (kit) => Effect.flatMap(queueThatIs(was, is, kit), (operation) => taken(kit, operation)))
    }
  })

  describe("a queue cannot be", () => {
    const impossible: ReadonlyArray<readonly [what: string, is: Entity.QueueOptions]> = [
      ["bounded by less than nothing", { maxLength: -1 }],
      ["bounded by a text", { arguments: { "x-max-length": "5" } }],
      ["of messages that live for less than nothing", { arguments: { "x-message-ttl": -1 } }],
      ["gone in no time", { arguments: { "x-expires": 0 } }],
      ["of more priorities than there are", { maxPriority: 256 }],
      ["of an overflow that nobody knows", { arguments: { "x-overflow": "drop-all" } }],
      ["of a type that nobody knows", { arguments: { "x-queue-type": "clasic" } }],
      ["of a type that is no text", { arguments: { "x-queue-type": 5 } }],
      ["dead-lettered to a number", { arguments: { "x-dead-letter-exchange": 5 } }],
      ["dead-lettered by a key alone", { deadLetterRoutingKey: "a" }],
      ["a quorum queue that is not durable", { type: "quorum", durable: false }],
      ["a quorum queue that is deleted by itself", { type: "quorum", autoDelete: true }],
      ["a quorum queue of priorities", { type: "quorum", maxPriority: 5 }],
      ["a quorum queue of one connection", { type: "quorum", exclusive: true }]
    ]
    for (const [what, is] of impossible) {
      test(
        what,
        (kit) =>
          refused(kit, 406, "PreconditionFailed", (channel) => channel.declareQueue(Entity.queue(kit.queueName(), is)))
      )
    }

    test("named as the broker's own are", (kit) =>
      refused(kit, 403, "AccessRefused", (channel) => channel.declareQueue(Entity.queue(`amq.${kit.queueName()}`))))
  })

  describe("an exchange is not declared again", () => {
    const others: ReadonlyArray<readonly [what: string, is: Entity.ExchangeOptions]> = [
      ["with another type", { type: "topic" }],
      ["with another durability", { durable: false }],
      ["as one that is deleted by itself", { autoDelete: true }],
      ...(can.exchangeBindings
        ? [["with an alternate that it has not", { arguments: { "alternate-exchange": "a" } }] as const]
        : [])
    ]
    for (const [what, is] of others) {
      test(
        what,
        (kit) =>
          Effect.flatMap(
            kit.exchange(),
            ({ name }) =>
              refused(kit, 406, "PreconditionFailed", (channel) => channel.declareExchange(Entity.exchange(name, is)))
          )
      )
    }
  })

  describe("the broker's own exchanges", () => {
    test("are there, and declaring them does nothing", (kit) =>
      taken(
        kit,
        (channel) =>
          Effect.forEach(["", "amq.topic", "amq.mine"], (name) => channel.declareExchange(Entity.exchange(name)))
      ))

    test("are not made by declaring them", (kit) =>
      refused(
        kit,
        404,
        "NotFound",
        (channel) => channel.publish(message("x"), { exchange: "amq.mine", routingKey: "" })
      ))

    test("are not deleted", (kit) =>
      refused(kit, 403, "AccessRefused", (channel) => channel.deleteExchange("amq.topic")))

    test("the default one needs no binding, and takes none of exchanges", (kit) =>
      Effect.gen(function*() {
        const name = yield* kit.queue()
        const { name: exchange } = yield* kit.exchange()
        yield* taken(kit, (channel) =>
          Effect.andThen(channel.bindQueue(name, "", name), channel.unbindQueue(name, "", name)))
        if (!can.exchangeBindings) {
          return
        }
        yield* refused(kit, 403, "AccessRefused", (channel) =>
          channel.bindExchange(exchange, "", "a"))
        yield* refused(kit, 403, "AccessRefused", (channel) => channel.bindExchange("", exchange, "a"))
      }))
  })

  describe("what is not there", () => {
    const missing: ReadonlyArray<
      readonly [what: string, operation: (kit: Kit, queue: string, exchange: string) => Operation]
    > = [
      ["no queue is bound to", (kit, queue) => (channel) => channel.bindQueue(queue, kit.exchangeName(), "")],
      ["is not bound", (kit, _, exchange) => (channel) => channel.bindQueue(kit.queueName(), exchange, "")],
      ["is not consumed", (kit) => (channel) => consumeInto(channel, kit.queueName())],
      ["has no messages to get", (kit) => (channel) => channel.get(kit.queueName())],
      ["has no messages to purge", (kit) => (channel) => channel.purgeQueue(kit.queueName())],
      ...(can.exchangeBindings
        ? [
          [
            "no exchange is bound to",
            (kit: Kit, _: string, exchange: string) => (channel: Channel) =>
              channel.bindExchange(exchange, kit.exchangeName(), "")
          ] as const,
          [
            "is no exchange to be bound",
            (kit: Kit, _: string, exchange: string) => (channel: Channel) =>
              channel.bindExchange(kit.exchangeName(), exchange, "")
          ] as const
        ]
        : [])
    ]
    for (const [what, operation] of missing) {
      test(what, (kit) =>
        Effect.gen(function*() {
          const { name: exchange } = yield* kit.exchange()
          yield* refused(kit, 404, "NotFound", operation(kit, yield* kit.queue(), exchange))
        }))
    }

    test("may be deleted, and unbound", (kit) =>
      Effect.gen(function*() {
        const name = yield* kit.queue()
        const { name: exchange } = yield* kit.exchange()
        yield* taken(kit, (channel) => channel.deleteQueue(kit.queueName()))
        yield* taken(kit, (channel) => channel.deleteExchange(kit.exchangeName()))
        yield* taken(kit, (channel) => channel.unbindQueue(name, exchange, "never bound"))
        yield* taken(kit, (channel) => channel.unbindQueue(kit.queueName(), exchange, ""))
        yield* taken(kit, (channel) => channel.unbindQueue(name, kit.exchangeName(), ""))
      }))
  })

  describe("a binding by headers", () => {
    test("matches all or any, and nothing else", (kit) =>
      Effect.gen(function*() {
        const { name: exchange } = yield* kit.exchange({ type: "headers" })
        const name = yield* kit.queue()
        const bind = (match: unknown): Operation => (channel) =>
          channel.bindQueue(name, exchange, "", { "x-match": match, a: 1 })
        for (const match of ["all", "any", "all-with-x", "any-with-x"]) yield* taken(kit, bind(match))
        for (const match of ["some", 5]) yield* refused(kit, 406, "ChannelClosed", bind(match))
      }))
  })
}
