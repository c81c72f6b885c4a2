/**
 * A whole worker and a client of it, over a broker of their own in this
 * process: for tests of your tasks.
 *
 * ```ts
 * it.effect("adds", () =>
 *   Effect.gen(function*() {
 *     const client = yield* Client.Client
 *     assert.strictEqual(yield* client.execute(add, { x: 2, y: 3 }), 5)
 *   }).pipe(Effect.provide(TestWorker.layer({ tasks: [AddLive] }))))
 * ```
 *
 * Arguments and results take the way over the wire that they take in
 * production. Everything goes by Effect's `Clock`: under `TestClock`, a
 * countdown of an hour takes `TestClock.adjust("1 hour")`. `MemoryBroker` is
 * there to look into the queues and to let connections fail. When the test
 * ends, what still runs is interrupted.
 *
 * Workers that are given one broker make a cluster: they see each other join,
 * leave and be lost, and run each other's tasks.
 *
 * ```ts
 * const broker = yield* MemoryBroker.make()
 * yield* Layer.build(TestWorker.layer({ nodename: "a@test" }, { broker }))
 * const b = yield* Layer.build(TestWorker.layer({ nodename: "b@test" }, { broker }))
 * yield* Context.get(b, Worker.Worker).shutdown
 * ```
 *
 * @since 0.1.0
 */
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { BootstepError } from "@celeriac/bootsteps/BootstepError"
import type * as StepOption from "@celeriac/bootsteps/StepOption"
import * as Producer from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import type * as Middleware from "@celeriac/tasks/Middleware"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as Security from "@celeriac/tasks/Security"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Handlers from "../boot/Handlers.ts"
import * as Mingle from "../consumer/Mingle.ts"
import * as Worker from "../Worker.ts"
import type * as WorkerChecks from "../WorkerChecks.ts"
import type * as WorkerSteps from "../WorkerSteps.ts"

/** The worker, and what is around it. */
export type TestWorker = Worker.Worker | Client.Client | Around

type Around = ResultBackend | Producer.Producer | Transport | MemoryBroker

/** What a worker may share with others. */
export interface Options {
  /** The broker. Default: one of its own, with nothing in it. */
  readonly broker?: MemoryBroker["Service"] | undefined
}

/**
 * The options are those of `Worker.make`; the name is `celery@test` and the concurrency 4, unless said otherwise. One
 * that has its broker for itself tells nobody often that it is there: once a minute, so that a day is soon over.
 */
export const layer = <
  const T extends Handlers.Maybe = Worker.NoHandlers,
  const W extends WorkerSteps.Maybe = [],
  const C extends WorkerSteps.Maybe = [],
  const M extends Middleware.Maybe = [],
  A extends WorkerChecks.Layered = Layer.Layer<never>
>(
  options: Worker.Options<T, W, C, M, A> & StepOption.Taken<Bootstep.Requires<WorkerSteps.Of<W> | WorkerSteps.Of<C>>>,
  shared?: Options
) =>
  of(
    Worker.make<T, W, C, M, A>(options).with({
      nodename: options.nodename ?? "celery@test",
      concurrency: options.concurrency ?? 4,
      settings: {
        heartbeatInterval: options.settings?.heartbeatInterval ??
          (shared?.broker === undefined ? "1 minute" : undefined)
      }
    }),
    shared
  )

/** The same for a worker that is defined already. */
export const of = <E, R>(
  worker: Worker.Definition<E, R>,
  shared: Options = {}
): Layer.Layer<TestWorker, E | BootstepError, Exclude<R | Sender, Around>> =>
  Client.layer.pipe(
    Layer.provideMerge(stopCold),
    Layer.provideMerge(worker.layer),
    Layer.provideMerge(surroundings(shared)),
    Layer.provideMerge(Layer.succeed(Mingle.Quiet, 0)),
    Layer.provideMerge(Layer.orDie(Security.layerWanted)),
    Layer.provideMerge(Layer.succeedContext(TaskSettings.context(worker.taskSettings)))
  )

/** The end of a test is no time to wait for a task that sleeps on a clock which nobody turns. */
const stopCold = Layer.effectDiscard(
  Effect.flatMap(Worker.Worker, (worker) => Effect.addFinalizer(() => worker.terminate))
)

/** What a client is made of. */
type Sender = Producer.Producer | ResultBackend

const surroundings = ({ broker }: Options) =>
  RpcBackend.layer().pipe(
    Layer.provideMerge(Producer.layer()),
    Layer.provideMerge(MemoryTransport.layer({ broker }))
  )
