/** The same tasks on a Celery worker and on ours come to the same: what is stored, and what monitors are told, field by field. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, inject } from "vitest"
import { until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, has } from "../../../../test/peers/Python.ts"
import { quiet } from "../support.ts"
import { comparable, eventsOf, isOver, monitor } from "./monitor.ts"

const url = inject("amqpUrl")
const queues = { ours: `interop.lives.${process.pid}`, python: `interop.lives.py.${process.pid}` } as const

/** As Python's `ValueError`. */
class ValueError extends Error {
  override readonly name = "ValueError"
}

const parameters = { until: Schema.Int }
const success = Schema.Unknown
const late = { acksLate: true } as const
const named = <const N extends string>(name: N, options: Parameters<typeof Task.make>[1] = {}) =>
  Task.make(`life.${name}`, { success, ...options })

const attempts = (until: number, retries: number, otherwise: Effect.Effect<never, any>) =>
  retries < until ? otherwise : Effect.succeed(retries)

const busy = Effect.die(new ValueError("busy"))

const worker = Worker.make({
  nodename: `lives.${process.pid}@here`,
  concurrency: 4,
  queues: [queues.ours],
  settings: { sendTaskEvents: true },
  tasks: [
    named("sleep").toLayer(() => Effect.never),
    named("sleep_late", { options: late }).toLayer(() => Effect.never),
    named("limited", { options: { timeLimit: "1 second" } }).toLayer(() => Effect.never),
    named("tidy").toLayer(() =>
      Effect.catchTag(Task.failOnSoftTimeLimit(Effect.never), "SoftTimeLimitExceeded", () => Effect.succeed("tidied"))
    ),
    named("fail_late", { options: { ...late, acksOnFailure: false } }).toLayer(() => Effect.die(new ValueError("bad"))),
    Task.make("life.retry", { parameters, success, options: { maxRetries: 2 } }).toLayer(
      ({ until }, { retries }) => attempts(until, retries, Task.retry({ countdown: 0 }))
    ),
    named("retry_for", { options: { maxRetries: 1 } }).toLayer(() =>
      Task.retry({ defect: new ValueError("busy"), countdown: 0 })
    ),
    Task.make("life.auto", {
      parameters,
      success,
      options: { autoretryFor: [ValueError], maxRetries: 2, defaultRetryDelay: 0 }
    }).toLayer(({ until }, { retries }) => attempts(until, retries, busy)),
    named("soft_auto", {
      options: { autoretryFor: [Task.SoftTimeLimitExceeded], maxRetries: 1, defaultRetryDelay: 0 }
    }).toLayer(() => Effect.never),
    named("reject", { options: late }).toLayer(() => Task.reject({ reason: "no" })),
    named("ignore").toLayer(() => Task.ignore())
  ]
})

const around = RemoteControl.layer.pipe(
  Layer.provideMerge(Client.layer),
  Layer.provideMerge(RpcBackend.layer()),
  Layer.provideMerge(Producer.layer()),
  Layer.provideMerge(amqp({ url })),
  Layer.provideMerge(Layer.succeed(Settings.DefaultQueue, queues.ours)),
  Layer.provideMerge(quiet)
)

const runtime = ManagedRuntime.make(Layer.provideMerge(Layer.merge(worker.layer, monitor), around))
let python: CeleryWorker

beforeAll(async () => {
  await runtime.context()
  python = await CeleryWorker.start({
    module: fileURLToPath(new URL("lives.py", import.meta.url)),
    env: { URL: url, QUEUE: queues.python },
    args: ["-E", "--concurrency", "4", "--without-gossip", "--without-mingle"]
  })
}, 60_000)
afterAll(async () => {
  await Promise.all([python?.kill(), runtime.dispose()])
})

interface Ending {
  readonly says: string
  readonly task: string
  readonly call?: Client.NamedCall
  /** What monitors hear at last. */
  readonly last: string
  /** It is revoked before it is sent. */
  readonly isRevoked?: boolean
  /** Nothing is stored, so nothing is waited for. */
  readonly isSilent?: boolean
}

/** What becomes of a call in one of the queues. */
const life = ({ call = {}, isRevoked = false, isSilent = false, last, task }: Ending, queue: string) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    const reader = yield* ResultReader
    const taskId = randomUUID()
    if (isRevoked) {
      const { control } = yield* RemoteControl.RemoteControl
      yield* control.revoke({ taskId }, { limit: 2 })
    }
    const sent = yield* client.sendTask(task, { ...call, taskId, queue })
    const record = isSilent ? undefined : yield* Effect.timeout(reader.wait(sent.id), "15 seconds")
    yield* Effect.promise(() =>
      until(
        `${last} of ${task} in ${queue}`,
        () => isOver(eventsOf(sent.id), last),
        10_000,
        () => `${JSON.stringify(eventsOf(sent.id))}\n${python.output}`
      )
    )
    const { exception, result, status, traceback } = record ?? {}
    const told = { record: { status, result, exception, traceback: typeof traceback }, ...comparable(eventsOf(taskId)) }
    return JSON.parse(JSON.stringify(told).replaceAll(taskId, "<id>")) as unknown
  })

const endings: ReadonlyArray<Ending> = [
  {
    says: "a soft limit that nobody catches",
    task: "life.sleep",
    call: { softTimeLimit: "1 second" },
    last: "task-failed"
  },
  {
    says: "a soft limit that is caught",
    task: "life.tidy",
    call: { softTimeLimit: "1 second" },
    last: "task-succeeded"
  },
  { says: "a hard limit of the call", task: "life.sleep", call: { timeLimit: "1 second" }, last: "task-failed" },
  { says: "a hard limit of the task", task: "life.limited", last: "task-failed" },
  {
    says: "a hard limit of a late task",
    task: "life.sleep_late",
    call: { timeLimit: "1 second" },
    last: "task-failed"
  },
  { says: "a failure that is not acknowledged", task: "life.fail_late", last: "task-failed" },
  { says: "retries to success", task: "life.retry", call: { args: [2] }, last: "task-succeeded" },
  { says: "retries to their end, without an error", task: "life.retry", call: { args: [5] }, last: "task-failed" },
  { says: "retries to their end, for an error", task: "life.retry_for", last: "task-failed" },
  { says: "automatic retries to success", task: "life.auto", call: { args: [1] }, last: "task-succeeded" },
  { says: "automatic retries to their end", task: "life.auto", call: { args: [5] }, last: "task-failed" },
  {
    says: "automatic retries for a soft limit",
    task: "life.soft_auto",
    call: { softTimeLimit: "1 second" },
    last: "task-failed"
  },
  { says: "a message that is rejected", task: "life.reject", last: "task-rejected" },
  { says: "a task that is ignored", task: "life.ignore", last: "task-started", isSilent: true },
  { says: "a task that has expired", task: "life.sleep", call: { expires: new Date(0) }, last: "task-revoked" },
  { says: "a task that was revoked", task: "life.sleep", isRevoked: true, last: "task-revoked" }
]

describe.runIf(has("5.7"))("a task on Celery's worker and on ours", () => {
  for (const ending of endings) {
    it(`comes to the same: ${ending.says}`, { timeout: 40_000 }, () =>
      runtime.runPromise(Effect.gen(function*() {
        const [ours, theirs] = yield* Effect.all([life(ending, queues.ours), life(ending, queues.python)], {
          concurrency: 2
        })
        assert.deepStrictEqual(ours, theirs)
      })))
  }
})
