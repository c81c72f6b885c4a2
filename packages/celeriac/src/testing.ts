/**
 * The test kit: a whole worker and a client over a broker in the process, on
 * Effect's clock, with faults on demand. No test runner is needed; with
 * `@effect/vitest`, `it.effect` brings the `TestClock`.
 *
 * ```ts
 * it.effect("runs in an hour", () =>
 *   Effect.gen(function*() {
 *     const client = yield* Client.Client
 *     const sent = yield* client.applyAsync(add, { x: 2, y: 3 }, { countdown: "1 hour" })
 *     yield* TestClock.adjust("1 hour")
 *     assert.strictEqual(yield* sent.get(), 5)
 *   }).pipe(Effect.provide(TestWorker.layer({ tasks: [AddLive] }))))
 * ```
 *
 * `MemoryBroker.MemoryBroker` is the broker that the worker talks to: it is
 * looked into (`broker.queue("celery")`), and its `faults` strike when a test
 * asks for them.
 */
export {} from "./internal/RequiredNode.ts"

export * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
export type { Faults } from "@celeriac/messaging/transports/MemoryFaults"
export * as TestWorker from "@celeriac/worker/testing/TestWorker"
/** Effect's clock for tests: time passes when it is told to. */
export { TestClock } from "effect/testing"
