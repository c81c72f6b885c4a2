/**
 * What a user writes, all of whose options are there and undefined: compiled by
 * `packaging.test.ts` in a project that has nothing but what is published.
 */
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as Hub from "celeriac/Hub"
import { celeriac } from "celeriac/promise"
import * as Python from "celeriac/Python"
import * as Queue from "celeriac/Queue"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int, at: Schema.optionalKey(Python.AwareDateTime) },
  success: Schema.Int,
  error: undefined,
  options: { queue: undefined, acksLate: undefined }
})
export const worker = Worker.make({
  tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y), { acksLate: undefined, middleware: undefined })],
  concurrency: undefined,
  nodename: undefined,
  queues: undefined,
  prefetch: undefined,
  settings: undefined,
  steps: undefined,
  middleware: undefined
})
export const broker = Broker.layer("memory://", { results: undefined, settings: { defaultQueue: undefined } })
export const call = Effect.gen(function*() {
  const client = yield* Client.Client
  const hub = yield* Hub.Hub
  yield* hub.supervise("x", Effect.void, { onFailure: undefined })
  const n: number = yield* client.execute(add, { x: 1, y: 2 }, {
    timeout: undefined,
    countdown: undefined,
    queue: undefined
  })
  // @ts-expect-error y is missing
  yield* client.delay(add, { x: 1 })
  return n
})
export const queue = Queue.make("q", { durable: undefined, type: undefined })
const app = celeriac({ broker: undefined, log: undefined, settings: undefined, results: undefined })
const twice = app.task(
  "proj.twice",
  { parameters: { x: Schema.Int }, success: undefined, options: undefined },
  ({ x }) => 2 * x
)
export const run = async (): Promise<number> => twice.execute({ x: 1 }, { timeoutMs: undefined, signal: undefined })
