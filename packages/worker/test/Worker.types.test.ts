/** What the types of a worker promise. The type checker runs these; a line that should not compile says so. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as Consumer from "@celeriac/messaging/Consumer"
import * as Entity from "@celeriac/messaging/Entity"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Middleware from "@celeriac/tasks/Middleware"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as Task from "@celeriac/tasks/Task"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import { Pool } from "@celeriac/worker/boot/Pool"
import { Timer } from "@celeriac/worker/boot/Timer"
import { Connection } from "@celeriac/worker/consumer/Connection"
import * as ConsumerStep from "@celeriac/worker/consumer/ConsumerStep"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import type * as WorkerSteps from "@celeriac/worker/WorkerSteps"
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
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Database | Transport | ResultBackend>()
    const mailed = Layer.provide(worker.layer, Layer.succeed(Mailer, { send: Effect.void }))
    expectTypeOf<NeedsOf<typeof mailed>>().toEqualTypeOf<Database | Transport | ResultBackend>()
    const run = worker.run
    expectTypeOf(run).toEqualTypeOf<
      Effect.Effect<void, Effect.Error<typeof run>, Mailer | Database | Transport | ResultBackend>
    >()
  })

  it("needs a broker and a result backend, and nothing else, when its handlers need nothing", () => {
    const worker = Worker.make({ tasks: [PlainLive] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Transport | ResultBackend>()
    // A test worker brings both.
    const layer = TestWorker.layer({ tasks: [PlainLive] })
    expectTypeOf<NeedsOf<typeof layer>>().toEqualTypeOf<never>()
  })

  it("needs no tasks when it has steps, and then nothing for them", () => {
    const Step = Bootstep.make("Step", { start: Effect.void })
    const worker = Worker.make({ steps: { consumer: [Step] } })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Transport | ResultBackend>()
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
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Transport | ResultBackend>()
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
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Transport | ResultBackend>()
    const layer = TestWorker.layer({ tasks: [PlainLive], middleware: [around, providing] })
    expectTypeOf<NeedsOf<typeof layer>>().toEqualTypeOf<Mailer | Database>()
  })

  it("takes what it provides off what the handlers need", () => {
    const without = Worker.make({ tasks: [TenantLive] })
    expectTypeOf<NeedsOf<typeof without.layer>>().toEqualTypeOf<Tenant | Transport | ResultBackend>()
    const worker = Worker.make({ tasks: [TenantLive], middleware: [providing] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Database | Transport | ResultBackend>()
  })

  it("takes it off one of several needs, also of a handler that is a generator", () => {
    const live = Task.make("tenant").toLayer(Effect.fnUntraced(function*() {
      yield* Tenant
      yield* Database
    }))
    const worker = Worker.make({ tasks: [live], middleware: [providing, around] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Database | Mailer | Transport | ResultBackend>()
  })

  it("does so for one task", () => {
    const live = Task.make("tenant").toLayer(() => Effect.asVoid(Tenant), { middleware: [providing, around] })
    expectTypeOf<NeedsOf<typeof live>>().toEqualTypeOf<TaskRegistry | Database | Mailer>()
  })

  it("that provides and does not, still needs it", () => {
    const idle = Middleware.make("idle", (run: Middleware.Run<Tenant>) => run)
    const worker = Worker.make({ tasks: [TenantLive], middleware: [idle] })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Tenant | Transport | ResultBackend>()
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
        // @ts-expect-error Bootstep 'NeedsMissing' requires 'Missing', which no step of the Worker blueprint provides
        steps: { worker: [NeedsMissing] }
      })
    )
    assert.throws(() =>
      Worker.make({
        tasks: [PlainLive],
        // @ts-expect-error Bootstep 'NeedsMissing' requires 'Missing', which no step of either blueprint provides
        steps: { consumer: [NeedsMissing] }
      })
    )
  })

  it("says in a sentence what is missing", () => {
    expectTypeOf<WorkerSteps.Check<[typeof NeedsMissing], never, "the Worker blueprint">[0]>().toEqualTypeOf<
      "Bootstep 'NeedsMissing' requires 'Missing', which no step of the Worker blueprint provides"
    >()
  })

  it("of the worker cannot require the connection, which lives shorter", () => {
    assert.throws(() =>
      Worker.make({
        tasks: [PlainLive],
        // @ts-expect-error Bootstep 'NeedsConnection' requires 'Connection', which no step of the Worker blueprint provides
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
      // @ts-expect-error Bootstep 'Sly' uses 'Pool' without requiring it
      start: Effect.flatMap(Pool, (pool) => pool.concurrency)
    })
  })

  it("that consumes cannot use what it does not require", () => {
    const queues = [Entity.queue("custom")]
    const talks = Consumer.make({ queues, onMessage: () => Effect.flatMap(Mailer, (mailer) => mailer.send) })
    // @ts-expect-error its callback uses Mailer
    ConsumerStep.make("Sly", { consumers: [talks] })
    const honest = ConsumerStep.make("Honest", { requires: [Mailer], consumers: [talks] })
    const worker = Worker.make({ tasks: [PlainLive], steps: { consumer: [honest] } })
    expectTypeOf<NeedsOf<typeof worker.layer>>().toEqualTypeOf<Mailer | Transport | ResultBackend>()
  })
})
