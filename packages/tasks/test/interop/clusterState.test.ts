/** What is made of events here is what Celery makes of the same events, in whatever order they come. */
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import type * as Event from "@celeriac/tasks/event/Event"
import * as EventCodec from "@celeriac/tasks/event/EventCodec"
import type { TaskView } from "@celeriac/tasks/event/TaskView"
import type { WorkerView } from "@celeriac/tasks/event/WorkerView"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { ensure } from "../../../../test/peers/ensure.ts"
import { findPython } from "../../../../test/peers/Python.ts"

ensure(["python"])
const script = fileURLToPath(new URL("clusterState.py", import.meta.url))

type Wire = Readonly<Record<string, unknown>>

interface Asked {
  readonly workers: number
  readonly tasks: number
  readonly events: ReadonlyArray<Wire>
}

const ask = (asked: ReadonlyArray<Asked>): ReadonlyArray<unknown> => {
  const { status, stderr, stdout } = spawnSync(findPython() ?? "python3", [script], {
    input: asked.map((one) => JSON.stringify(one)).join("\n"),
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
}

const heard = (wire: Wire): Event.Heard => ({
  ...Result.getOrThrow(EventCodec.decode(wire)),
  localReceived: Number(wire["local_received"])
})

/** The same in the names of the wire, with `None` for what was not told. */
const wireOf = (view: object, names: ReadonlyArray<string>): Wire =>
  Object.fromEntries(names.map((name) => {
    const ours = name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase())
    return [name, Object.entries(view).find(([key]) => key === ours)?.[1] ?? null]
  }))

const ofTask = [
  ...["state", "worker", "client", "clock", "timestamp", "sent", "received", "started", "succeeded", "failed"],
  ...["retried", "revoked", "rejected", "name", "args", "kwargs", "root_id", "parent_id", "retries", "eta", "expires"],
  ...["queue", "exchange", "routing_key", "result", "runtime", "exception", "traceback", "requeue", "terminated"],
  ...["signum", "expired"]
]

const ofWorker = [
  ...["pid", "freq", "heartbeats", "clock", "active", "processed", "loadavg", "sw_ident", "sw_ver", "sw_sys"]
]

const answer = ({ events, tasks, workers }: Asked): unknown => {
  const told: Array<string> = []
  const cluster = ClusterState.make({
    maxWorkers: workers,
    maxTasks: tasks,
    onNodeJoin: ({ hostname }) => void told.push(`+${hostname}`),
    onNodeLeave: ({ hostname }) => void told.push(`-${hostname}`)
  })
  for (const event of events) cluster.add(heard(event))
  const latest = Array.from(cluster.tasksByTime())
  const task = (view: TaskView) => [view.uuid, wireOf(view, ofTask)] as const
  const worker = (view: WorkerView) =>
    [view.hostname, { ...wireOf(view, ofWorker), expires: view.expiresAt ?? null }] as const
  return {
    tasks: Object.fromEntries(uuids.flatMap((uuid) => cluster.task(uuid) ?? []).map(task)),
    workers: Object.fromEntries(cluster.workers.map(worker)),
    told,
    order: latest.map(({ uuid }) => uuid),
    earliest: Array.from(cluster.tasksByTime({ reverse: false }), ({ uuid }) => uuid),
    counts: [cluster.eventCount, cluster.taskCount]
  }
}

const uuids = ["a", "b", "c", "d", "e"]
const hosts = ["w1@h", "w2@h", "w3@h"]

const maybe = <A>(value: fc.Arbitrary<A>) => fc.option(value, { nil: null })
const text = fc.constantFrom("x", "y", "(1, 2)")
const seconds = fc.integer({ min: 1, max: 400 }).map((tenths) => 1_000 + tenths / 8)

const common = {
  hostname: fc.constantFrom(...hosts),
  utcoffset: fc.constant(0),
  pid: fc.integer({ min: 1, max: 3 }),
  clock: fc.integer({ min: 0, max: 12 }),
  timestamp: seconds,
  local_received: seconds
}

const received = {
  uuid: fc.constantFrom(...uuids),
  name: maybe(text),
  args: text,
  kwargs: text,
  root_id: maybe(fc.constantFrom(...uuids)),
  // A task that is its own parent is of no use to anybody.
  parent_id: maybe(fc.constantFrom("p", "q")),
  retries: fc.integer({ min: 0, max: 2 }),
  eta: maybe(text),
  expires: maybe(text)
}

const node = {
  freq: fc.constantFrom(0.5, 2, 60),
  active: fc.nat(9),
  processed: fc.nat(99),
  loadavg: fc.constant([0.5, 0.25, 0]),
  sw_ident: text,
  sw_ver: text,
  sw_sys: text
}

const types: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  "task-sent": { ...received, queue: text, exchange: text, routing_key: text },
  "task-received": received,
  "task-started": { uuid: received.uuid },
  "task-succeeded": { uuid: received.uuid, result: text, runtime: fc.constantFrom(0.5, 2) },
  "task-failed": { uuid: received.uuid, exception: text, traceback: maybe(text) },
  "task-retried": { uuid: received.uuid, exception: text, traceback: text },
  "task-rejected": { uuid: received.uuid, requeue: fc.boolean() },
  "task-revoked": { uuid: received.uuid, terminated: fc.boolean(), signum: maybe(fc.nat(15)), expired: fc.boolean() },
  "task-cancelled": { uuid: received.uuid },
  "task-progress": { uuid: received.uuid, done: fc.nat(9) },
  "worker-online": node,
  "worker-heartbeat": node,
  "worker-offline": node,
  "shop-opened": {}
}

const event: fc.Arbitrary<Wire> = fc.oneof(
  ...Object.entries(types).map(([type, fields]) => fc.record({ ...common, ...fields, type: fc.constant(type) }))
)

const asked: fc.Arbitrary<Asked> = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  tasks: fc.integer({ min: 1, max: 6 }),
  events: fc.array(event, { maxLength: 40, size: "max" })
})

describe("the state of a cluster", () => {
  it("is what Celery makes of the same events", { timeout: 240_000 }, () => {
    const cases = fc.sample(asked, { numRuns: 1_500, seed: 57 })
    const celerys = ask(cases)
    cases.forEach((one, index) => assert.deepStrictEqual(answer(one), celerys[index], JSON.stringify(one)))
  })

  it("is what Celery makes of the life of a task in any order of its events", { timeout: 240_000 }, () => {
    const said = {
      name: "t",
      args: "()",
      kwargs: "{}",
      root_id: "a",
      parent_id: null,
      retries: 0,
      eta: null,
      expires: null
    }
    const life = Object.entries<Wire>({
      "task-sent": { ...said, hostname: "gen1@h", queue: "q", exchange: "", routing_key: "q" },
      "task-received": { ...said, args: "(1,)" },
      "task-started": {},
      "task-retried": { exception: "E()", traceback: "T" },
      "task-succeeded": { result: "1", runtime: 0.5 }
    })
    const events = life.map(([type, fields], n): Wire =>
      Object.assign({ type, uuid: "a", hostname: "w1@h", pid: 1, utcoffset: 0, clock: n + 1 }, fields, {
        timestamp: 1_000 + n,
        local_received: 1_000 + n
      })
    )
    const cases = permutations(events).map((events): Asked => ({ workers: 5, tasks: 5, events }))
    const celerys = ask(cases)
    assert.lengthOf(cases, 120)
    cases.forEach((one, index) => assert.deepStrictEqual(answer(one), celerys[index], JSON.stringify(one.events)))
  })
})

const permutations = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.length === 0
    ? [[]]
    : all.flatMap((one, at) => permutations(all.toSpliced(at, 1)).map((others) => [one].concat(others)))
