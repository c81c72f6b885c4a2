/** What the types of a worker promise. The type checker runs these; a line that should not compile says so. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as StepOption from "@celeriac/bootsteps/StepOption"
import * as Consumer from "@celeriac/messaging/Consumer"
import * as Entity from "@celeriac/messaging/Entity"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Middleware from "@celeriac/tasks/Middleware"
import type { InvalidRateLimit } from "@celeriac/tasks/RateLimit"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Task from "@celeriac/tasks/Task"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import { Autoreloader } from "@celeriac/worker/boot/Autoreloader"
import { Autoscaler } from "@celeriac/worker/boot/Autoscaler"
import { Beat } from "@celeriac/worker/boot/Beat"
import { Hub } from "@celeriac/worker/boot/Hub"
import { Pool } from "@celeriac/worker/boot/Pool"
import { StateDB } from "@celeriac/worker/boot/StateDB"
import { Timer } from "@celeriac/worker/boot/Timer"
import { Connection } from "@celeriac/worker/consumer/Connection"
import * as ConsumerStep from "@celeriac/worker/consumer/ConsumerStep"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import type { Bucket } from "@celeriac/worker/execution/RateLimit"
import type { UnknownQueue, UnknownTask } from "@celeriac/worker/state/WorkerError"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { expectTypeOf } from "vitest"

class Mailer extends Context.Service<Mailer, { readonly send: Effect.Effect<void> }>()("test/Mailer") {}
class Database extends Context.Service<Database, { readonly query: Effect.Effect<number> }>()("test/Database") {}

const mail = Task.make("mail", { parameters: { to: Schema.String } })
const count = Task.make("count", { success: Schema.Int })
const MailLive = mail.toLayer(() => Effect.flatMap(Mailer, (mailer) => mailer.send))
const CountLive = count.toLayer(() => Effect.flatMap(Database, (database) => database.query))
const PlainLive = Task.make("plain").toLayer(() => Effect.void)

type NeedsOf<L> = L extends Layer.Layer<never, unknown, infer R> ? R
  : L extends Layer.Layer<any, any, infer R> ? R
  : never

class Missing extends Bootstep.Service<Missing, { readonly here: boolean }>()("Missing", {
  start: Effect.succeed({ here: true })
}) {}

describe("the type of a worker", () => {
  it("shows what its handlers need until that is provided", () => {
    const worker = Worker.make({ tasks: [MailLive, CountLive, PlainLive] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Database | Transport | ResultWriter>()
    const mailed = Layer.provide(worker.layer, Layer.succeed(Mailer, { send: Effect.void }))
    expectTypeOf<NeedsOf<typeof mailed>>().toEqualTypeOf<Database | Transport | ResultWriter>()
    const run = worker.run
    expectTypeOf(run).toEqualTypeOf<
      Effect.Effect<void, Effect.Error<typeof run>, Mailer | Database | Transport | ResultWriter>
    >()
  })

  it("needs a broker and a result backend, and nothing else, when its handlers need nothing", () => {
    const worker = Worker.make({ tasks: [PlainLive] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Transport | ResultWriter>()
    // A test worker brings both.
    const layer = TestWorker.layer({ tasks: [PlainLive] })
    expectTypeOf<NeedsOf<typeof layer>>().toEqualTypeOf<never>()
  })

  it("needs no tasks when it has steps, and then nothing for them", () => {
    const Step = Bootstep.make("Step", { start: Effect.void })
    const worker = Worker.make({ steps: { consumer: [Step] } })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Transport | ResultWriter>()
    expectTypeOf<Layer.Error<typeof worker.layer>>().toEqualTypeOf<BootstepError>()
  })

  it("shows the needs of handlers in a test worker too", () => {
    const layer = TestWorker.layer({ tasks: [MailLive] })
    expectTypeOf<NeedsOf<typeof layer>>().toEqualTypeOf<Mailer>()
  })

  it("says what its layer fails with", () => {
    const worker = Worker.make({ tasks: [PlainLive] })
    expectTypeOf<Layer.Error<typeof worker.layer>>().toEqualTypeOf<BootstepError>()
  })

  it("shows what steps need from outside", () => {
    const Step = Bootstep.make("Step", {
      requires: [Timer, Mailer],
      start: Effect.flatMap(Mailer, (mailer) => mailer.send)
    })
    const worker = Worker.make({ tasks: [PlainLive], steps: { worker: [Step] } })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Transport | ResultWriter>()
  })
})

describe("middleware", () => {
  class Tenant extends Context.Service<Tenant, { readonly name: string }>()("test/Tenant") {}
  const TenantLive = Task.make("tenant").toLayer(() => Effect.asVoid(Tenant))
  const providing = Middleware.provide("tenant", Tenant, () => Effect.map(Database, () => ({ name: "a" })))
  const around = Middleware.make(
    "around",
    (run) => Effect.flatMap(Mailer, (mailer) => Effect.andThen(mailer.send, run))
  )

  it("shows what it needs in the worker's type", () => {
    const worker = Worker.make({ tasks: [PlainLive], middleware: [around] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Transport | ResultWriter>()
    const layer = TestWorker.layer({ tasks: [PlainLive], middleware: [around, providing] })
    expectTypeOf<NeedsOf<typeof layer>>().toEqualTypeOf<Mailer | Database>()
  })

  it("takes what it provides off what the handlers need", () => {
    const without = Worker.make({ tasks: [TenantLive] })
    expectTypeOf<NeedsOf<typeof without.layer>>().toEqualTypeOf<Tenant | Transport | ResultWriter>()
    const worker = Worker.make({ tasks: [TenantLive], middleware: [providing] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Database | Transport | ResultWriter>()
  })

  it("takes it off one of several needs, also of a handler that is a generator", () => {
    const live = Task.make("tenant").toLayer(Effect.fnUntraced(function*() {
      yield* Tenant
      yield* Database
    }))
    const worker = Worker.make({ tasks: [live], middleware: [providing, around] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Database | Mailer | Transport | ResultWriter>()
  })

  it("does so for one task", () => {
    const live = Task.make("tenant").toLayer(() => Effect.asVoid(Tenant), { middleware: [providing, around] })
    expectTypeOf<NeedsOf<typeof live>>().toEqualTypeOf<TaskRegistry | Database | Mailer>()
  })

  it("that provides and does not, still needs it", () => {
    const idle = Middleware.make("idle", (run: Middleware.Run<Tenant>) => run)
    const worker = Worker.make({ tasks: [TenantLive], middleware: [idle] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Tenant | Transport | ResultWriter>()
  })

  it("is made by Middleware, and answers an effect", () => {
    // @ts-expect-error a number is no effect
    Middleware.make("number", () => 1)
    // @ts-expect-error it provides no Tenant
    Middleware.provide("tenant", Tenant, () => Effect.succeed({ title: "a" }))
    // @ts-expect-error a function is no middleware
    Worker.make({ tasks: [PlainLive], middleware: [(run: Effect.Effect<void>) => run] })
    // @ts-expect-error nor is it around a task
    Task.make("plain").toLayer(() => Effect.void, { middleware: [(run: Effect.Effect<void>) => run] })
  })
})

describe("a step", () => {
  const NeedsMissing = Bootstep.make("NeedsMissing", { requires: [Missing], start: Effect.void })
  const NeedsConnection = Bootstep.make("NeedsConnection", { requires: [Connection], start: Effect.void })

  it("that requires one which is not there does not compile, and does not boot", () => {
    assert.throws(() =>
      Worker.make({
        tasks: [PlainLive],
        // @ts-expect-error "Bootstep 'NeedsMissing' requires 'Missing', which no step of the Worker blueprint provides"
        steps: { worker: [NeedsMissing] }
      })
    )
    assert.throws(() =>
      Worker.make({
        tasks: [PlainLive],
        // @ts-expect-error "Bootstep 'NeedsMissing' requires 'Missing', which no step of either blueprint provides"
        steps: { consumer: [NeedsMissing] }
      })
    )
  })

  it("of the worker cannot require the connection, which lives shorter", () => {
    assert.throws(() =>
      Worker.make({
        tasks: [PlainLive],
        // @ts-expect-error "Bootstep 'NeedsConnection' requires 'Connection', which comes later, with each connection: list it under steps.consumer"
        steps: { worker: [NeedsConnection] }
      })
    )
    Worker.make({ tasks: [PlainLive], steps: { consumer: [NeedsConnection] } })
  })

  it("may require steps of its own worker, from either blueprint", () => {
    Worker.make({ tasks: [PlainLive], steps: { worker: [Missing], consumer: [NeedsMissing] } })
    Worker.make({ tasks: [PlainLive], steps: { consumer: [Missing, NeedsMissing] } })
  })

  it("cannot use in start what it does not require", () => {
    Bootstep.make("Sly", {
      requires: [Timer],
      // @ts-expect-error "Bootstep 'Sly' uses 'Pool' without requiring it"
      start: Effect.flatMap(Pool, (pool) => pool.concurrency)
    })
  })

  it("that consumes cannot use what it does not require", () => {
    const queues = [Entity.queue("custom")]
    const talks = Consumer.make({ queues, onMessage: () => Effect.flatMap(Mailer, (mailer) => mailer.send) })
    // @ts-expect-error "Bootstep 'Sly' uses 'test/Mailer' without requiring it"
    ConsumerStep.make("Sly", { consumers: [talks] })
    ConsumerStep.make("Sly", {
      requires: [Timer],
      // @ts-expect-error "Bootstep 'Sly' uses 'test/Mailer' without requiring it"
      consumers: () => Effect.succeed([talks])
    })
    ConsumerStep.make("Sly", {
      requires: [Mailer],
      // @ts-expect-error "Bootstep 'Sly' uses 'test/Database' without requiring it"
      consumers: (channel) => Effect.andThen(Database, Effect.succeed([talks, channel].slice(0, 1).map(() => talks)))
    })
    const honest = ConsumerStep.make("Honest", { requires: [Mailer], consumers: [talks] })
    const worker = Worker.make({ tasks: [PlainLive], steps: { consumer: [honest] } })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Transport | ResultWriter>()
  })
})

describe("what the guide's steps require", () => {
  it("is there by its type, whether it is switched on or not", () => {
    const Everything = Bootstep.make("Everything", {
      requires: [Hub, Pool, Timer, StateDB, Autoscaler, Autoreloader, Beat, DeadlockTimeout],
      start: Effect.gen(function*() {
        expectTypeOf((yield* Pool).slots.concurrency()).toEqualTypeOf<number>()
        expectTypeOf((yield* Hub).onClose).toBeFunction()
        expectTypeOf((yield* StateDB).file).toEqualTypeOf<string | undefined>()
        expectTypeOf((yield* Autoscaler).bounds()).toEqualTypeOf<
          { readonly max: number; readonly min: number } | undefined
        >()
        expectTypeOf((yield* Autoreloader).reload).toEqualTypeOf<Effect.Effect<void>>()
        expectTypeOf((yield* Beat).isEmbedded).toEqualTypeOf<boolean>()
        expectTypeOf(yield* DeadlockTimeout).toEqualTypeOf<number>()
        yield* (yield* Timer).callAfter(yield* DeadlockTimeout, Effect.void)
      })
    })
    const worker = Worker.make({ steps: { worker: [Everything] } })
    // Options are the worker's own: nothing around it provides them.
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Transport | ResultWriter>()
    // @ts-expect-error a number is asked for
    assert.throws(() => worker.with({ options: { deadlockTimeout: "soon" } }))
    // @ts-expect-error no step of it has such an option
    assert.throws(() => worker.with({ options: { deadlock: 1 } }))
    // @ts-expect-error "Bootstep 'Sly' uses 'StateDB' without requiring it"
    Bootstep.make("Sly", { requires: [Timer], start: Effect.asVoid(StateDB) })
  })

  it("outlives connections: what does not is for steps.consumer", () => {
    const TooEarly = Bootstep.make("TooEarly", { requires: [Autoscaler, Connection], start: Effect.void })
    assert.throws(() =>
      Worker.make({
        // @ts-expect-error "Bootstep 'TooEarly' requires 'Connection', which comes later, with each connection: list it under steps.consumer"
        steps: { worker: [TooEarly] }
      })
    )
    Worker.make({ steps: { consumer: [TooEarly] } })
  })

  const DeadlockTimeout = StepOption.make("deadlockTimeout", Schema.Finite, { default: 3600 })
})

describe("a handler", () => {
  class Cache extends Bootstep.Service<Cache, { readonly hits: number }>()("Cache", {
    requires: [Database],
    start: Effect.succeed({ hits: 0 })
  }) {}
  class Session extends Bootstep.Service<Session, { readonly id: string }>()("Session", {
    requires: [Connection],
    start: Effect.succeed({ id: "1" })
  }) {}
  const CachedLive = count.toLayer(() => Effect.map(Cache, ({ hits }) => hits))

  it("may use what steps of the Worker blueprint provide, one's own and the default ones", () => {
    const worker = Worker.make({ tasks: [CachedLive], steps: { worker: [Cache] } })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Database | Transport | ResultWriter>()
    const timed = Worker.make({ tasks: [count.toLayer(() => Effect.map(Timer, (timer) => timer.queue.size))] })
    expectTypeOf<NeedsOf<typeof timed.layer>>().toEqualTypeOf<Transport | ResultWriter>()
  })

  it("may not use a step that is not there", () => {
    Worker.make({
      tasks: [
        PlainLive,
        // @ts-expect-error "A handler uses 'Cache', which no step of this worker provides: list its step under steps.worker"
        CachedLive
      ]
    })
  })

  it("may not use what lives with one connection", () => {
    const SessionLive = mail.toLayer(() => Effect.asVoid(Session))
    const ConnectionLive = mail.toLayer(() => Effect.asVoid(Connection))
    Worker.make({
      // @ts-expect-error "A handler uses 'Session', which lives with one connection, and tasks outlive that: use what a step under steps.worker provides"
      tasks: [SessionLive],
      steps: { consumer: [Session] }
    })
    Worker.make({
      // @ts-expect-error "A handler uses 'Connection', which lives with one connection, and tasks outlive that: use what a step under steps.worker provides"
      tasks: [ConnectionLive]
    })
  })
})

describe("a worker made elsewhere", () => {
  class Cache extends Bootstep.Service<Cache, { readonly hits: number }>()("Cache", {
    requires: [Database],
    start: Effect.succeed({ hits: 0 })
  }) {}
  const UsesCache = Bootstep.make("UsesCache", { requires: [Cache, Connection], start: Effect.asVoid(Cache) })
  const worker = Worker.make({
    tasks: [count.toLayer(() => Effect.map(Cache, ({ hits }) => hits)), MailLive],
    steps: { worker: [Cache], consumer: [UsesCache] }
  })

  it("shows what is needed with another step in the place of one", () => {
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Database | Transport | ResultWriter>()
    const replaced = worker.replace(Bootstep.implement(Cache)("Cache", { start: Effect.succeed({ hits: 1 }) }))
    expectTypeOf<NeedsOf<typeof replaced.layer>>().toEqualTypeOf<Mailer | Transport | ResultWriter>()
    const again = replaced.replace(Bootstep.make("UsesCache", { requires: [Mailer], start: Effect.void }))
    expectTypeOf<NeedsOf<typeof again.layer>>().toEqualTypeOf<Mailer | Transport | ResultWriter>()
    const timer = worker.replace(Bootstep.fromLayer("Timer", Timer, Timer.layer))
    expectTypeOf(timer.run).toEqualTypeOf<typeof worker.run>()
  })

  it("takes in the place of a step only one of its name that fits", () => {
    assert.throws(() =>
      // @ts-expect-error "This worker has no step named 'Missing' to replace"
      worker.replace(Missing)
    )
    assert.throws(() =>
      // @ts-expect-error "What replaces 'Cache' must provide 'Cache', as it does"
      worker.replace(Bootstep.make("Cache", { start: Effect.void }))
    )
    assert.throws(() =>
      worker.replace(
        // @ts-expect-error "Bootstep 'Cache' requires 'Connection', which comes later, with each connection"
        Bootstep.implement(Cache)("Cache", { requires: [Connection], start: Effect.succeed({ hits: 1 }) })
      )
    )
    assert.throws(() =>
      worker.replace(
        // @ts-expect-error "Bootstep 'UsesCache' requires 'Missing', which no step of either blueprint provides"
        Bootstep.make("UsesCache", { requires: [Missing], start: Effect.void })
      )
    )
  })

  it("asks which one is meant when both blueprints have one of that name", () => {
    const Info = Bootstep.make("Info", { start: Effect.void })
    const both = Worker.make({ steps: { worker: [Info], consumer: [Info] } })
    const Other = Bootstep.make("Info", { start: Effect.void })
    assert.throws(
      () =>
        // @ts-expect-error "Both blueprints of this worker have a step named 'Info': say which one is meant with 'in'"
        both.replace(Other),
      "both blueprints of this worker have a step named 'Info': say which one is meant"
    )
    both.replace(Other, { in: "consumer" })
    const inWorker = Bootstep.make("Info", { requires: [Connection], start: Effect.void })
    both.replace(inWorker, { in: "consumer" })
    assert.throws(() =>
      // @ts-expect-error "Bootstep 'Info' requires 'Connection', which comes later"
      both.replace(inWorker, { in: "worker" })
    )
  })

  it("takes more steps that fit", () => {
    const more = worker.add({ worker: [Missing], consumer: [NeedsOfMissing] })
    expectTypeOf<NeedsOf<typeof more.layer>>().toEqualTypeOf<Mailer | Database | Transport | ResultWriter>()
    assert.throws(() =>
      worker.add({
        // @ts-expect-error "Bootstep 'NeedsOfMissing' requires 'Missing', which no step of either blueprint provides"
        consumer: [NeedsOfMissing]
      })
    )
    assert.throws(() =>
      worker.add({
        // @ts-expect-error "Two bootsteps are named 'Cache': rename one, or put it in the place of the other with 'replace'"
        worker: [Cache]
      })
    )
    assert.throws(() =>
      Worker.make({
        // @ts-expect-error "Bootsteps 'Timer' and 'MyTimer' both provide 'Timer': keep one"
        steps: { worker: [Bootstep.fromLayer("MyTimer", Timer, Timer.layer)] }
      })
    )
  })

  const NeedsOfMissing = Bootstep.make("NeedsOfMissing", { requires: [Missing], start: Effect.void })
})

describe("what the Tasks step hands out", () => {
  it("takes rates that are rates, buckets that answer at once, and decisions that there are", () => {
    const use = (tasks: Tasks["Service"]) => {
      expectTypeOf(tasks.setRateLimit(count, "10/m")).toEqualTypeOf<
        Effect.Effect<void, InvalidRateLimit | UnknownTask>
      >()
      expectTypeOf(tasks.addTaskQueue("emails")).toEqualTypeOf<Effect.Effect<Entity.Queue, UnknownQueue>>()
      expectTypeOf(tasks.taskBuckets.get("count")).toEqualTypeOf<Bucket | undefined>()
      // @ts-expect-error nothing is counted by the day
      void tasks.setRateLimit("count", "10/day")
      // @ts-expect-error when will there be more?
      tasks.taskBuckets.set("count", { canConsume: () => true })
      // @ts-expect-error a message does not wait for an effect
      tasks.taskBuckets.set("count", { canConsume: () => Effect.succeed(true), expectedTime: () => 0 })
      // @ts-expect-error there is no such decision
      tasks.strategies.set("count", () => ({ _tag: "Later" }))
    }
    assert.isFunction(use)
  })

  it("is there for steps of the consumer, which lives with a connection, and for no others", () => {
    const limits = Bootstep.make("Limits", {
      requires: [Tasks],
      start: Effect.flatMap(Tasks, (tasks) => Effect.ignore(tasks.setRateLimit(count, 1)))
    })
    Worker.make({ steps: { consumer: [limits] } })
    // @ts-expect-error Bootstep 'Limits' requires 'Tasks', which comes later, with each connection
    assert.throws(() => Worker.make({ steps: { worker: [limits] } }))
  })
})
