/** The messages of retries, against one captured from Celery 5.7.0: a task of every option, and what it was retried with. */
import * as Content from "@celeriac/messaging/Content"
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { Delivery, Headers, Message } from "@celeriac/messaging/Message"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as Queues from "@celeriac/tasks/Queues"
import * as Settings from "@celeriac/tasks/Settings"
import { Request } from "@celeriac/worker/execution/Request"
import type { Again } from "@celeriac/worker/trace/Outcome"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as RetryMessages from "../../src/execution/internal/RetryMessages.ts"
import captured from "../fixtures/retry.json" with { type: "json" }
import { taskMessage } from "../support.ts"

const options = {
  acksLate: false,
  acksOnFailureOrTimeout: true,
  acksOnFailure: true,
  acksOnTimeout: true,
  rejectOnWorkerLost: true,
  redeliveryLimit: 3,
  ignoreResult: false,
  trackStarted: false,
  maxRetries: 3,
  defaultRetryDelay: 0,
  sendEvents: true
}

const messageOf = ({ body, headers, properties: p }: typeof captured["first" | "retry"]): Message => ({
  body: Buffer.from(body, "base64"),
  headers: headers as Headers,
  properties: {
    contentType: p.content_type,
    contentEncoding: p.content_encoding,
    deliveryMode: 2,
    priority: p.priority,
    correlationId: p.correlation_id,
    replyTo: p.reply_to,
    expiration: p.expiration
  }
})

const requestOf = (message: Message, from: { readonly exchange?: string; readonly queue?: string } = {}) => {
  const identity = Result.getOrThrow(TaskMessage.identify(message))
  const headers = identity.version === 2
    ? identity.headers
    : Result.getOrThrow(TaskMessage.readBody(message, identity)).headers
  const delivery: Delivery = {
    ...message,
    exchange: from.exchange ?? "",
    routingKey: "celery",
    deliveryTag: 1,
    consumerTag: "tag",
    redelivered: false,
    isLost: false,
    settlement: undefined,
    settle: () => "settled"
  }
  const intake = { queue: from.queue, finished: () => {}, dropped: () => {}, limited: () => {} }
  return new Request(intake, options, identity.version, headers, delivery, "celery@test", 0)
}

const resend = (request: Request, again: Again, now = 0) =>
  Effect.map(Queues.make, (queues) => RetryMessages.make(queues, {}, () => undefined)(request, again, now))

const now = Date.parse(captured.retry.headers.eta) - 1_000

describe("the message of a retry", () => {
  it.effect("is the one that Celery sends: all of what its sender said is in it", () =>
    Effect.gen(function*() {
      const sent = Result.getOrThrow(yield* resend(requestOf(messageOf(captured.first)), { countdown: 1_000 }, now))
      const expected = messageOf(captured.retry)
      const { compression, eta, ...headers } = sent.message.headers
      assert.strictEqual(eta, IsoTime.format(now + 1_000))
      assert.deepStrictEqual({ ...headers, eta: expected.headers["eta"] }, expected.headers)
      // The body goes back as it came; Celery writes it anew, and uncompressed.
      assert.strictEqual(compression, captured.first.headers.compression)
      assert.deepStrictEqual(sent.message.body, messageOf(captured.first).body)
      assert.deepStrictEqual(Content.decode(sent.message), Content.decode(expected))
      const { expiration, ...properties } = sent.message.properties
      const { expiration: left, ...others } = expected.properties
      assert.deepStrictEqual(properties, others)
      assert.isAtMost(Math.abs(Number(expiration) - Number(left)), 2)
      assert.deepStrictEqual(sent.to, { exchange: captured.retry.exchange, routingKey: captured.retry.routing_key })
    }))

  it.effect("goes back to the queue that it came from, by whatever exchange it came, or to where the retry says", () =>
    Effect.gen(function*() {
      const message = taskMessage({ task: "t", id: "a" })
      const topic = requestOf(message, { exchange: "topics", queue: "mine" })
      const to = (again: Again) => Effect.map(resend(topic, again), (sent) => Result.getOrThrow(sent).to)
      assert.deepStrictEqual(yield* to({}), { exchange: "", routingKey: "mine" })
      assert.deepStrictEqual(yield* to({ queue: "slow" }), { exchange: "", routingKey: "slow" })
      assert.deepStrictEqual(yield* to({ exchange: "x", routingKey: "y" }), { exchange: "x", routingKey: "y" })
      assert.deepStrictEqual(Result.getOrThrow(yield* resend(topic, { queue: "slow" })).declare?.[0]?.name, "slow")
      const unknown = yield* Effect.provideService(
        resend(topic, { queue: "slow" }),
        Settings.CreateMissingQueues,
        false
      )
      assert.strictEqual(Result.isFailure(unknown) && unknown.failure.exception.excType, "QueueNotFound")
    }))

  it.effect("may say otherwise, and has no header that a broker wrote into the one before", () =>
    Effect.gen(function*() {
      const plain = taskMessage({ task: "t", id: "a", custom: { mine: 1, kept: true } })
      const request = requestOf({ ...plain, headers: { ...plain.headers, "x-death": [], "x-delivery-count": 3 } })
      const { headers, properties } = Result.getOrThrow(
        yield* resend(request, { eta: 9_000, priority: 7, expiresIn: 60_000, headers: { mine: 2 } }, 5_000)
      ).message
      assert.deepInclude(headers, {
        eta: "1970-01-01T00:00:09+00:00",
        expires: "1970-01-01T00:01:05+00:00",
        mine: 2,
        kept: true,
        retries: 1
      })
      assert.notInclude(Object.keys(headers).join(), "x-d")
      assert.deepInclude(properties, { priority: 7, expiration: "60000" })
      const atOnce = Result.getOrThrow(yield* resend(request, { countdown: 0 }, 5_000)).message
      assert.strictEqual(atOnce.headers["eta"], null)
    }))

  it.effect("is of version 2 for one of version 1, whose retries are in its body", () =>
    Effect.gen(function*() {
      const old = Result.getOrThrow(
        TaskMessage.write({ task: "t", id: "a", args: [1, 2n ** 70n], retries: 1 }, { protocol: 1, serializer: "json" })
      )
      const { message } = Result.getOrThrow(yield* resend(requestOf(old), {}))
      const { body, headers } = Result.getOrThrow(TaskMessage.read(message))
      assert.deepStrictEqual([headers.task, headers.id, headers.retries, body.args], ["t", "a", 2, [1, 2n ** 70n]])
    }))

  it.effect("may have other arguments and limits, which are shown; the rest stays", () =>
    Effect.gen(function*() {
      const request = requestOf(taskMessage({
        task: "t",
        id: "a",
        args: [1],
        kwargs: { b: 2 },
        timeLimit: { hard: 9, soft: 8 },
        embed: { callbacks: [] },
        custom: { mine: 1, "x-death": [], "x-delivery-count": 2 }
      }))
      const again = { args: [3], timeLimit: { hard: undefined, soft: 5 } }
      const { message } = Result.getOrThrow(yield* resend(request, again))
      const { argsrepr, kwargsrepr, mine, timelimit } = message.headers
      assert.deepStrictEqual({ argsrepr, kwargsrepr, mine, timelimit }, {
        argsrepr: "(3,)",
        kwargsrepr: "{'b': 2}",
        mine: 1,
        timelimit: [9, 5]
      })
      assert.deepStrictEqual(Object.keys(message.headers).filter((name) => name.startsWith("x-")), [])
      const [args, kwargs] = JSON.parse(new TextDecoder().decode(message.body))
      assert.deepStrictEqual([args, kwargs], [[3], { b: 2 }])
    }))
})
