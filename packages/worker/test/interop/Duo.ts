/**
 * A Celery worker and one of ours that have the same tasks, a client that sends
 * to either, and a monitor that hears what both tell: what the tests that
 * compare the two are run in.
 */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import * as RedisBackend from "@celeriac/redis/RedisBackend"
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import type { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Settings from "@celeriac/tasks/Settings"
import type * as Worker from "@celeriac/worker/Worker"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { CeleryWorker } from "../../../../test/peers/Python.ts"
import { quiet } from "../support.ts"
import { monitor } from "./monitor.ts"

export interface Options<E> {
  /** Of the queues, and of the node of ours. */
  readonly name: string
  readonly results: "rpc" | "redis"
  /** The module of Python with the application, beside the test. It finds `URL`, `RESULTS` and `QUEUE` in its environment. */
  readonly module: string
  /** Of Python's worker. */
  readonly concurrency: number
  readonly env?: Readonly<Record<string, string>>
  readonly worker: (where: Where) => Worker.Definition<E, Transport | ResultWriter>
}

/** A worker: the name of its node, and its queue. */
export interface Where {
  readonly nodename: string
  readonly queue: string
}

export interface Duo {
  readonly ours: Where
  readonly python: Where
  readonly results: "rpc" | "redis"
  /** The Redis of the results. */
  readonly redisUrl: string
  readonly run: <A, E>(
    effect: Effect.Effect<A, E, Client.Client | ResultReader | RemoteControl.RemoteControl>
  ) => Promise<A>
  /** What Python's worker printed lately. */
  readonly output: () => string
}

/** Starts both before the tests around, and ends both after them. */
export const make = <E>({ concurrency, env, module, name, results, worker }: Options<E>): Duo => {
  const url = brokerUrl()
  const redisUrl = inject("redisUrl")
  const ours = { nodename: `${name}.${process.pid}@here`, queue: `interop.${name}.${process.pid}` }
  const python = { nodename: `${name}.py.${process.pid}@here`, queue: `interop.${name}.py.${process.pid}` }
  const backend = results === "rpc" ? RpcBackend.layer() : RedisBackend.layer({ url: redisUrl })
  const around = RemoteControl.layer.pipe(
    Layer.provideMerge(Client.layer),
    Layer.provideMerge(backend),
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(amqp({ url })),
    Layer.provideMerge(Layer.succeed(Settings.DefaultQueue, ours.queue)),
    Layer.provideMerge(quiet)
  )
  const runtime = ManagedRuntime.make(Layer.provideMerge(Layer.merge(worker(ours).layer, monitor), around))
  let celery: CeleryWorker | undefined

  beforeAll(async () => {
    await runtime.context()
    celery = await CeleryWorker.start({
      module: fileURLToPath(new URL(module, import.meta.url)),
      env: { URL: url, RESULTS: results === "rpc" ? "rpc://" : redisUrl, QUEUE: python.queue, ...env },
      args: [
        ...["-E", "--concurrency", String(concurrency), "--without-gossip", "--without-mingle"],
        ...["--hostname", python.nodename]
      ]
    })
  }, 120_000)
  afterAll(async () => {
    await Promise.all([celery?.kill(), runtime.dispose()])
  })

  return {
    ours,
    python,
    results,
    redisUrl,
    run: (effect) => runtime.runPromise(effect),
    output: () => celery?.output ?? ""
  }
}
