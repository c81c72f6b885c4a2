import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import type * as Event from "@celeriac/tasks/event/Event"
import * as EventCodec from "@celeriac/tasks/event/EventCodec"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"

let clock = 0

/** An event as it is heard at `at`, which is when it was sent unless it says otherwise. */
const heard = (type: string, at: number, more: Readonly<Record<string, unknown>> = {}): Event.Heard => {
  const wire = { type, hostname: "w1@h", pid: 1, clock: ++clock, timestamp: at, uuid: "1", ...more }
  return { ...Result.getOrThrow(EventCodec.decode(wire)), localReceived: at }
}

describe("a worker, as monitors see it", () => {
  it("is there until it was silent for twice as long as it may be", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("worker-heartbeat", 100, { freq: 2 }))
    const alive = (now: number) => cluster.aliveWorkers(now).map(({ hostname }) => hostname)
    assert.deepStrictEqual([alive(100), alive(103.9), alive(104)], [["w1@h"], ["w1@h"], []])
    cluster.add(heard("worker-heartbeat", 102))
    assert.deepStrictEqual([alive(105.9), alive(106)], [["w1@h"], []])
    assert.isTrue(cluster.forgetWorker("w1@h"))
    assert.deepStrictEqual(cluster.workers, [])
  })

  it("is there when it tells of a task, too", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("task-started", 100))
    assert.isTrue(cluster.worker("w1@h")?.isAlive(219))
    assert.isFalse(cluster.worker("w1@h")?.isAlive(220))
  })

  it("is there from the first second of all time", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("worker-heartbeat", 0, { timestamp: 0 }))
    assert.isTrue(cluster.worker("w1@h")?.isAlive(119))
  })

  it("joins when it is heard of, or says so; and leaves when it says so", () => {
    const told: Array<string> = []
    const cluster = ClusterState.make({
      onNodeJoin: ({ hostname }) => void told.push(`+${hostname}`),
      onNodeLeave: ({ hostname, isAlive }) => void told.push(`-${hostname}${typeof isAlive}`)
    })
    cluster.add(heard("worker-heartbeat", 1))
    cluster.add(heard("worker-heartbeat", 2))
    cluster.add(heard("worker-online", 3))
    cluster.add(heard("worker-offline", 4))
    cluster.add(heard("worker-offline", 5, { hostname: "w2@h" }))
    assert.deepStrictEqual(told, ["+w1@h", "+w1@h", "-w1@hfunction", "-w2@hfunction"])
    assert.deepStrictEqual(cluster.workers, [])
  })

  it("stays when it leaves and nobody is told, for whoever draws it", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("worker-online", 1))
    cluster.add(heard("worker-offline", 2))
    assert.deepStrictEqual([cluster.workers.length, cluster.aliveWorkers(2).length], [1, 0])
  })

  it("whose time is far from ours is told of once", () => {
    const told: Array<string> = []
    const cluster = ClusterState.make({ onDrift: (hostname, seconds) => void told.push(`${hostname} ${seconds}`) })
    cluster.add(heard("worker-heartbeat", 100, { timestamp: 84 }))
    cluster.add(heard("worker-heartbeat", 100, { timestamp: 83.9 }))
    cluster.add(heard("worker-heartbeat", 100, { timestamp: 10 }))
    cluster.add(heard("task-started", 100, { timestamp: 117, hostname: "w2@h" }))
    assert.deepStrictEqual(told, ["w1@h 17", "w2@h 17"])
  })
})

describe("a task, as monitors see it", () => {
  it("has the state that came last in its life, and the fields of all that was told", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("task-succeeded", 12, { result: "3", runtime: 1 }))
    cluster.add(heard("task-started", 11))
    cluster.add(heard("task-received", 10, { name: "add", args: "(1, 2)" }))
    const task = cluster.task("1")
    assert.deepInclude(task, { state: "SUCCESS", name: "add", args: "(1, 2)", result: "3", received: 10, started: 11 })
    assert.deepInclude(task, { succeeded: 12, worker: "w1@h", timestamp: 11 })
    assert.isTrue(task?.isReady)
  })

  it("has what its application told of it, and the state that this makes", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("task-received", 10, { name: "add" }))
    cluster.add(heard("task-progress", 11, { done: 1, of: 3 }))
    cluster.add(heard("task-progress", 12, { done: 2 }))
    assert.deepInclude(cluster.task("1"), { state: "PROGRESS", name: "add", custom: { uuid: "1", done: 2, of: 3 } })
    assert.deepStrictEqual(cluster.taskTypes, ["add"])
  })

  it("is forgotten when it is over, and asked to be", () => {
    const cluster = ClusterState.make()
    cluster.add(heard("task-started", 1, { uuid: "a" }))
    cluster.add(heard("task-succeeded", 2, { uuid: "b" }))
    cluster.clearTasks()
    assert.isDefined(cluster.task("a"))
    assert.isUndefined(cluster.task("b"))
    cluster.clearTasks({ ready: false })
    assert.isUndefined(cluster.task("a"))
  })
})

describe("the state of a cluster", () => {
  it("is bounded, whatever is told", () => {
    const cluster = ClusterState.make({ maxTasks: 10, maxWorkers: 3 })
    for (let n = 0; n < 10_000; n++) {
      cluster.add(heard("task-received", n, { uuid: String(n), hostname: `w${n % 1_000}@h` }))
    }
    assert.lengthOf(cluster.workers, 3)
    assert.deepStrictEqual(
      Array.from(cluster.tasksByTime(), ({ uuid }) => Number(uuid)),
      Array.from({ length: 10 }, (_, n) => 9_999 - n)
    )
    assert.strictEqual(cluster.eventCount, 10_000)
  })

  it("is hurt by nothing that can be heard", () => {
    const names = ["freq", "loadavg", "name", "parent_id", "clock", "pid", "state", "timestamp", "constructor"]
    const types = [
      "worker-heartbeat",
      "worker-offline",
      "worker-elect",
      "task-received",
      "task-",
      "task-__proto__",
      "x"
    ]
    const values = fc.oneof(fc.anything(), fc.constantFrom(0, 1, 2, "1", null))
    const wires = fc.array(fc.tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...names), values)))
    fc.assert(
      fc.property(wires, (wires) => {
        const cluster = ClusterState.make({ maxTasks: 2, maxWorkers: 2 })
        for (const [type, more] of wires) {
          const wire = { type, hostname: "w1@h", timestamp: 1, uuid: "1", id: "1", ...more }
          const decoded = EventCodec.decode(wire)
          if (Result.isSuccess(decoded)) cluster.add({ ...decoded.success, localReceived: 1 })
        }
        return Array.from(cluster.tasksByTime()).length <= 2 && cluster.workers.length <= 2
      }),
      { numRuns: 1_000 }
    )
  })
})
