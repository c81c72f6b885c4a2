/** Code of others on the way of a message: whatever it does, the worker goes on, and leaves when it is told to. */
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Task from "@celeriac/tasks/Task"
import * as RequestObserver from "@celeriac/worker/execution/RequestObserver"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import {
  counts,
  define,
  Lines,
  publish,
  quiet,
  running,
  settled,
  surroundings,
  taskMessage,
  until
} from "../support.ts"

const plain = Task.make("plain")

type Store = ResultWriter["Service"]["storeUnsafe"]

/** A store that does this for the task `bad`, and keeps the results of others. */
const storing = (bad: Store) =>
  Layer.effect(
    ResultWriter,
    Effect.map(ResultWriter, (backend) => ({
      ...backend,
      storeUnsafe: ((record, to, then) =>
        (record.taskId === "bad" ? bad : backend.storeUnsafe)(record, to, then)) as Store
    }))
  ).pipe(Layer.provideMerge(MemoryBackend.layer))

const stores: ReadonlyArray<{ readonly name: string; readonly store: Store; readonly isStored?: boolean }> = [
  {
    name: "throws",
    store: () => {
      throw new Error("no disk")
    }
  },
  {
    name: "throws nothing at all",
    store: () => {
      throw undefined
    }
  },
  { name: "returns a promise that is rejected", store: async () => Promise.reject(new Error("no disk")) },
  { name: "answers with a text", store: (_record, _to, then) => then("no" as never) }, // as code without types might
  { name: "answers with an object of nobody", store: (_record, _to, then) => then(Object.create(null) as never) }, // likewise
  {
    name: "answers twice, well and badly",
    isStored: true,
    store: (_record, _to, then) => {
      then()
      then("no" as never) // as code without types might
    }
  },
  {
    name: "answers, and throws",
    isStored: true,
    store: (_record, _to, then) => {
      then()
      throw new Error("late")
    }
  },
  { name: "never answers", store: () => {} }
]

describe("a result store", () => {
  for (const late of [false, true]) {
    for (const { isStored = false, name, store } of stores) {
      it.effect(`that ${name} keeps nobody from running, and the worker from nothing (acks late: ${late})`, () => {
        const ran: Array<string> = []
        const live = plain.toLayer((_, { id }) => Effect.sync(() => void ran.push(id)), { acksLate: late })
        return Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Layer.buildWithScope(define({ tasks: [live], concurrency: 1 }).layer, scope)
          for (const id of ["bad", "good 1", "good 2"]) yield* publish(taskMessage({ task: "plain", id }))
          yield* until("all ran", () => ran.length === 3)
          yield* settled
          assert.deepStrictEqual(ran, ["bad", "good 1", "good 2"])
          assert.deepStrictEqual(yield* counts(), [0, isStored || !late ? 0 : 1])
          const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
          // The one that never answers is waited for, and not for ever.
          yield* settled
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(stopping)
          assert.deepStrictEqual(yield* counts(), [isStored || !late ? 0 : 1, 0])
        }).pipe(Effect.provide(surroundings(storing(store))), Effect.provide(quiet))
      })
    }
  }
})

const fails = (): never => {
  throw new Error("observed badly")
}
const rejects = (() => Promise.reject(new Error("observed badly"))) as () => never // as code without types might
const never = (() => new Promise(() => {})) as () => never // likewise

const stages = ["received", "accepted", "started", "ended", "settled"] as const

describe("an observer of requests", () => {
  for (const [name, observe] of [["throws", fails], ["rejects", rejects], ["never answers", never]] as const) {
    it.effect(`that ${name} at every stage changes nothing, and the log says so`, () => {
      const lines = new Lines()
      const bad = RequestObserver.layer(Object.fromEntries(stages.map((stage) => [stage, observe])))
      return Effect.gen(function*() {
        yield* publish(taskMessage({ task: "plain", id: "1" }))
        yield* publish(taskMessage({ task: "plain", id: "2" }))
        const { state } = yield* Worker
        yield* until("both ran", () => state.succeeded === 2)
        yield* settled
        assert.deepStrictEqual([state.requests.size, yield* counts()], [0, [0, 0]])
        const told = lines.of("Error").filter((line) => line.endsWith("Error: observed badly"))
        assert.strictEqual(told.length, name === "never answers" ? 0 : 2 * stages.length)
      }).pipe(
        Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.void)] })).pipe(Layer.provide(bad))),
        Effect.provide(lines.layer)
      )
    })
  }

  it.effect("is told of each stage in its order, and so is every other one", () => {
    const told: Array<string> = []
    const observer = (name: string): RequestObserver.RequestObserver => ({
      received: (request) => void told.push(`${name} received ${request.id}`),
      accepted: (request) => void told.push(`${name} accepted ${request.id}`),
      started: (request) => void told.push(`${name} started ${request.id}`),
      ended: (request, outcome) => void told.push(`${name} ended ${request.id} ${outcome._tag}`),
      settled: (request, settlement, isStale) =>
        void told.push(`${name} settled ${request.id} ${settlement} ${isStale}`)
    })
    const both = Layer.provideMerge(
      RequestObserver.layerEffect(Effect.sync(() => observer("b"))),
      RequestObserver.layer(observer("a"))
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "plain", id: "1" }))
      yield* publish(taskMessage({ task: "nobody's", id: "2" }))
      yield* until("both ended", () => told.length === 14)
      assert.deepStrictEqual(told.filter((line) => line.startsWith("a ")), [
        "a received 1",
        "a accepted 1",
        "a started 1",
        "a ended 1 Success",
        "a settled 1 ack false",
        "a ended 2 Unregistered",
        "a settled 2 reject false"
      ])
      assert.deepStrictEqual(
        told.filter((line) => line.startsWith("b ")),
        told.filter((line) => line.startsWith("a ")).map((line) => line.replace("a ", "b "))
      )
    }).pipe(
      Effect.provide(
        running(define({ tasks: [plain.toLayer(() => Effect.void, { acksLate: true })] })).pipe(Layer.provide(both))
      ),
      Effect.provide(quiet)
    )
  })
})
