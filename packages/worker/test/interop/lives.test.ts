/** The same tasks on a Celery worker and on ours come to the same: what is stored, and what monitors are told, field by field. */
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { has } from "../../../../test/peers/Python.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import * as Duo from "./Duo.ts"
import { comparable, eventsOf, isOver } from "./monitor.ts"

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

const worker = ({ nodename, queue }: Duo.Where) =>
  Worker.make({
    nodename,
    concurrency: 4,
    queues: [queue],
    settings: { sendTaskEvents: true, resultExtended: true },
    tasks: [
      Task.make("life.add", { parameters: { x: Schema.Int, y: Schema.Unknown }, success }).toLayer(({ x, y }) =>
        Effect.succeed([x, y])
      ),
      named("sleep").toLayer(() => Effect.never),
      named("sleep_late", { options: late }).toLayer(() => Effect.never),
      named("limited", { options: { timeLimit: "1 second" } }).toLayer(() => Effect.never),
      named("tidy").toLayer(() =>
        Effect.catchTag(Task.failOnSoftTimeLimit(Effect.never), "SoftTimeLimitExceeded", () => Effect.succeed("tidied"))
      ),
      named("fail_late", { options: { ...late, acksOnFailure: false } }).toLayer(() =>
        Effect.die(new ValueError("bad"))
      ),
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

interface Ending {
  readonly says: string
  readonly task: string
  readonly call?: Client.NamedCall
  /** What monitors hear at last. */
  readonly last: string
  /** It is revoked before it is sent. */
  readonly isRevoked?: boolean
  /** It is revoked while it runs. */
  readonly isTerminated?: boolean
  /** Nothing is stored, so nothing is waited for. */
  readonly isSilent?: boolean
  /** Older ones come to something else. */
  readonly since?: "5.7"
}

/** The record as it lies in Redis, its fields in their order; nothing of it that is never the same twice. */
const recordIn = (url: string, id: string) =>
  Effect.map(
    Effect.promise(() => redisCommand(url, "GET", `celery-task-meta-${id}`)),
    (text) =>
      typeof text !== "string"
        ? text
        : Object.entries(JSON.parse(text)).map(([field, value]) => [field, ofItsOwn.has(field) ? typeof value : value])
  )

const ofItsOwn = new Set(["date_done", "traceback", "worker"])

/** What becomes of a call in one of the queues. */
const life = (
  { call = {}, isRevoked = false, isSilent = false, isTerminated = false, last, task }: Ending,
  { nodename, queue }: Duo.Where,
  duo: Duo.Duo
) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    const reader = yield* ResultReader
    const { control } = yield* RemoteControl.RemoteControl
    const taskId = randomUUID()
    const hears = (what: string, isThere: () => boolean) =>
      Effect.promise(() =>
        until(
          `${what} of ${task} in ${queue}`,
          isThere,
          100_000,
          () => `${JSON.stringify(eventsOf(taskId))}\n${duo.output()}`
        )
      )
    if (isRevoked) yield* control.revoke({ taskId }, { destination: nodename, timeout: "1 minute" })
    yield* client.sendTask(task, { ...call, taskId, queue })
    if (isTerminated) {
      yield* hears("the start", () => eventsOf(taskId).some(({ type }) => type === "task-started"))
      yield* control.revoke({ taskId, terminate: true }, { destination: nodename, timeout: "1 minute" })
    }
    const first = isSilent ? undefined : yield* Effect.timeout(reader.wait(taskId), "1 minute")
    yield* hears(last, () => isOver(eventsOf(taskId), last))
    const isKept = duo.results === "redis"
    // Who revokes what nobody has yet stores so at once, and again with what it was when it comes.
    const isRewritten = isRevoked && isKept
    if (isRewritten) {
      const found = Effect.repeat(reader.lookup(taskId), { until: (one) => one?.extended !== undefined })
      yield* Effect.timeout(found, "1 minute")
    }
    const record = isRewritten ? yield* reader.lookup(taskId) : first
    const { exception, extended, result, status, traceback } = record ?? {}
    const told = {
      record: { status, result, exception, traceback: typeof traceback, extended: { ...extended, worker: undefined } },
      kept: isKept ? yield* recordIn(duo.redisUrl, taskId) : undefined,
      ...comparable(eventsOf(taskId))
    }
    return JSON.parse(JSON.stringify(told).replaceAll(taskId, "<id>").replaceAll(queue, "<queue>")) as unknown
  })

const endings: ReadonlyArray<Ending> = [
  {
    says: "a success",
    task: "life.add",
    call: { args: [2], kwargs: { y: { z: [3] } } },
    last: "task-succeeded"
  },
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
  { says: "a failure that is not acknowledged", task: "life.fail_late", last: "task-failed", since: "5.7" },
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
  { says: "a message that is rejected", task: "life.reject", last: "task-rejected", since: "5.7" },
  { says: "a task that is ignored", task: "life.ignore", last: "task-started", isSilent: true },
  { says: "a task that has expired", task: "life.sleep", call: { expires: new Date(0) }, last: "task-revoked" },
  { says: "a task that was revoked", task: "life.sleep", isRevoked: true, last: "task-revoked" },
  { says: "a task that is revoked while it runs", task: "life.sleep", isTerminated: true, last: "task-revoked" }
]

/** Messages by hand, each with what its sender says of its place. */
const letters: ReadonlyArray<readonly [says: string, task: string, args: ReadonlyArray<unknown>, headers: object]> = [
  ["a success", "life.add", [2, { z: 3 }], {}],
  ["a member of a group", "life.add", [2, 3], { root_id: "r", parent_id: "p", group: "g", group_index: 1 }],
  ["a stamped one", "life.add", [2, 3], { stamped_headers: ["batch"], stamps: { batch: ["b1"] } }],
  ["a failure", "life.fail_late", [], {}],
  ["a retry that is the last", "life.auto", [5], { retries: 2 }],
  ["one that has expired", "life.add", [2, 3], { expires: "2020-01-01T00:00:00+00:00" }]
]

/** What comes to `reply_to` of a message, as it is. */
const repliesTo = async (wire: Wire, { queue }: Duo.Where, [, task, args, headers]: typeof letters[number]) => {
  const id = randomUUID()
  const replyTo = (await wire.channel.assertQueue("", { exclusive: true })).queue
  await wire.send(queue, JSON.stringify([args, {}, {}]), {
    contentType: "application/json",
    contentEncoding: "utf-8",
    correlationId: id,
    replyTo,
    headers: { lang: "py", task, id, root_id: id, parent_id: null, group: null, ...headers }
  })
  const replies: Array<unknown> = []
  await until(`the replies to ${task}`, async () => {
    for (const { content, properties } of await wire.drain(replyTo)) {
      const fields = Object.entries(JSON.parse(content.toString())).map((
        [field, value]
      ) => [field, ofItsOwn.has(field) ? typeof value : value])
      replies.push({ properties, fields })
    }
    return replies.length > 0
  }, 120_000)
  return JSON.parse(JSON.stringify(replies).replaceAll(id, "<id>").replaceAll(queue, "<queue>")) as unknown
}

// Older ones keep less of what they send as messages.
for (const results of has("5.7") ? ["rpc", "redis"] as const : ["redis"] as const) {
  describe(`a task on Celery's worker and on ours, its result over ${results}`, () => {
    const duo = Duo.make({
      name: `lives.${results}.${has("5.7") ? "new" : "old"}`,
      results,
      module: "lives.py",
      // Another process of Celery's may have stored the end of a task before the one that retried it stores RETRY.
      concurrency: 1,
      worker
    })
    if (results === "rpc") {
      for (const letter of letters) {
        it(`is answered by the same messages: ${letter[0]}`, async () => {
          const wire = await Wire.open(brokerUrl())
          try {
            const [ours, theirs] = await Promise.all([
              repliesTo(wire, duo.ours, letter),
              repliesTo(wire, duo.python, letter)
            ])
            assert.deepStrictEqual(ours, theirs)
          } finally {
            await wire.close()
          }
        })
      }
    }
    for (const ending of endings.filter(({ since = "5" }) => has(since))) {
      it(`comes to the same: ${ending.says}`, { timeout: 120_000 }, () =>
        duo.run(Effect.gen(function*() {
          const [ours, theirs] = yield* Effect.all([
            life(ending, duo.ours, duo),
            life(ending, duo.python, duo)
          ], { concurrency: 2 })
          assert.deepStrictEqual(ours, theirs)
        })))
    }
  })
}
