import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Client from "@celeriac/tasks/Client"
import { BackendUnreachable, because } from "@celeriac/tasks/result/ResultError"
import * as Task from "@celeriac/tasks/Task"
import { Execution } from "@celeriac/worker/boot/Execution"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import {
  bytes,
  counts,
  define,
  Doors,
  gated,
  json,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  SlowStore,
  taskMessage,
  until
} from "../support.ts"

/** A step of a user's that can revoke. */
const reach = () => {
  const reached = Deferred.makeUnsafe<Execution["Service"]>()
  const step = Bootstep.make("Reach", {
    requires: [Execution],
    start: Effect.flatMap(Execution, (execution) => Deferred.succeed(reached, execution))
  })
  const use = <A, E>(f: (execution: Execution["Service"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(Deferred.await(reached), f)
  return {
    steps: { worker: [step] } as const,
    revoke: (...ids: ReadonlyArray<string>) => use((execution) => execution.revoke(ids)),
    terminate: (...ids: ReadonlyArray<string>) => use((execution) => execution.revoke(ids, { terminate: true })),
    use
  }
}

const plain = Task.make("plain", { success: Schema.Int })

const resultOf = (id: string) => Effect.map(lookup(id), (record) => [record?.status, ...record?.exception?.args ?? []])

describe("a task that is revoked", () => {
  it.effect("before it comes is discarded: acknowledged, REVOKED, and told of in Celery's words", () => {
    const starts: Array<string> = []
    const lines = new Lines()
    const { revoke, steps } = reach()
    const tasks = [plain.toLayer((_, request) => Effect.sync(() => starts.push(request.id)))]
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* revoke("a", "b", "a"), { ids: ["a", "b"], terminated: [] })
      yield* settled
      assert.deepStrictEqual(yield* resultOf("a"), ["REVOKED", "revoked"], "whoever waits need not wait for a worker")
      yield* publish(taskMessage({ task: "plain", id: "a" }))
      yield* publish(taskMessage({ task: "plain", id: "c" }))
      yield* settled
      assert.deepStrictEqual([starts, yield* counts(), yield* resultOf("a")], [["c"], [0, 0], ["REVOKED", "revoked"]])
      assert.deepStrictEqual(
        lines.of("Info").filter((line) => line.includes("revoked")),
        ["Tasks flagged as revoked: a, b", "Discarding revoked task: plain[a]"]
      )
    }).pipe(Effect.provide(running(define({ tasks, steps }))), Effect.provide(lines.layer))
  })

  it.effect("while it is held for its time is discarded when that has come, whatever was forgotten meanwhile", () => {
    const { revoke, steps } = reach()
    const tasks = [plain.toLayer(() => Effect.succeed(1))]
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "plain", id: "a", eta: 86_400_000 }))
      yield* settled
      yield* revoke("a")
      yield* settled
      assert.deepStrictEqual([yield* counts(), yield* resultOf("a")], [[0, 1], ["REVOKED", "revoked"]])
      const { state } = yield* Worker
      yield* TestClock.adjust("23 hours")
      assert.deepStrictEqual(state.revoked.ids(), [])
      yield* TestClock.adjust("1 hour")
      yield* settled
      assert.deepStrictEqual([yield* counts(), state.requests.size, state.succeeded], [[0, 0], 0, 0])
    }).pipe(Effect.provide(running(define({ tasks, steps, settings: { without: ["heart"] } }))), Effect.provide(quiet))
  })

  for (const terminate of [false, true]) {
    it.effect(`in line for a slot is discarded when it gets one${terminate ? ": it is never terminated" : ""}`, () => {
      const doors = new Doors()
      const reached = reach()
      return Effect.gen(function*() {
        for (const n of [1, 2, 3]) yield* publish(taskMessage({ task: "gated", id: `${n}`, kwargs: { n } }))
        yield* until("the first runs", () => doors.started.length === 1)
        const answer = yield* terminate ? reached.terminate("2") : reached.revoke("2")
        assert.deepStrictEqual(answer, { ids: ["2"], terminated: terminate ? ["2"] : [] })
        yield* settled
        assert.deepStrictEqual([yield* counts(), yield* resultOf("2")], [[0, 2], ["REVOKED", "revoked"]])
        doors.open(1, 3)
        yield* settled
        assert.deepStrictEqual([doors.started, yield* counts()], [[1, 3], [0, 0]])
        assert.deepStrictEqual(yield* resultOf("2"), ["REVOKED", "revoked"])
      }).pipe(
        Effect.provide(running(define({ tasks: [doors.early], concurrency: 1, steps: reached.steps }))),
        Effect.provide(quiet)
      )
    })
  }

  it.effect("while it runs goes on, and its result is what it comes to", () => {
    const doors = new Doors()
    const { revoke, steps } = reach()
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* until("it runs", () => doors.started.length === 1)
      yield* revoke("1")
      yield* settled
      assert.isUndefined(yield* lookup("1"))
      doors.open(1)
      yield* settled
      assert.deepStrictEqual(yield* resultOf("1"), ["SUCCESS"])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late], steps }))), Effect.provide(quiet))
  })

  it.effect("after it has run keeps the result it has; its next attempt is discarded", () => {
    const { revoke, steps } = reach()
    const tasks = [plain.toLayer(() => Effect.succeed(1))]
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(plain)
      yield* settled
      yield* revoke(sent.id)
      yield* settled
      assert.deepStrictEqual(yield* resultOf(sent.id), ["SUCCESS"])
      yield* publish(taskMessage({ task: "plain", id: sent.id, retries: 1 }))
      yield* settled
      const { state } = yield* Worker
      assert.deepStrictEqual([state.succeeded, yield* counts()], [1, [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks, steps }))), Effect.provide(quiet))
  })

  it.effect("is not started by another worker's word either: what it began with is left to it", () => {
    const { revoke, steps } = reach()
    const store = new SlowStore()
    store.refuse(undefined)
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* settled
      assert.deepStrictEqual(store.stored, ["STARTED 1"])
      yield* revoke("1")
      yield* settled
      assert.deepStrictEqual(store.stored, ["STARTED 1"])
    }).pipe(
      Effect.provide(
        running(define({ tasks: [gated.toLayer(() => Effect.never, { trackStarted: true })], steps }), store.layer)
      ),
      Effect.provide(quiet)
    )
  })

  it.effect("and cannot be marked so in the store is told of, and discarded all the same", () => {
    const { revoke, steps } = reach()
    const store = new SlowStore()
    const lines = new Lines()
    store.refuse(because("store result", new BackendUnreachable({ backend: "memory://store", detail: "away" })))
    return Effect.gen(function*() {
      yield* revoke("a")
      yield* settled
      assert.isTrue(lines.has("Failed to mark task a as revoked in the result backend: "), lines.of("Warn").join("\n"))
      store.refuse(undefined)
      yield* publish(taskMessage({ task: "plain", id: "a" }))
      yield* settled
      assert.deepStrictEqual([store.stored, yield* counts()], [["REVOKED a", "REVOKED a"], [0, 0]])
    }).pipe(
      Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.succeed(1))], steps }), store.layer)),
      Effect.provide(lines.layer)
    )
  })

  it.effect("and is marked so in the store: who revokes goes on after that", () => {
    const { revoke, steps } = reach()
    const store = new SlowStore()
    return Effect.gen(function*() {
      const revoking = yield* Effect.forkChild(revoke("a", "b"))
      yield* settled
      assert.deepStrictEqual([store.waiting.length, revoking.pollUnsafe()], [2, undefined])
      store.answer()
      yield* settled
      assert.isUndefined(revoking.pollUnsafe())
      store.answer()
      assert.deepStrictEqual(yield* Fiber.join(revoking), { ids: ["a", "b"], terminated: [] })
    }).pipe(
      Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.succeed(1))], steps }), store.layer)),
      Effect.provide(quiet)
    )
  })

  it.effect("while the store is away is revoked all the same: nobody waits for that longer than the asking takes", () => {
    const { revoke, steps } = reach()
    const store = new SlowStore()
    const most = 32
    return Effect.gen(function*() {
      const waiting = yield* Effect.forEach(
        Array.from({ length: most }, (_, n) => n),
        (n) => Effect.forkChild(revoke(`${n}`))
      )
      yield* settled
      assert.isTrue(waiting.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* revoke("one more")
      const { state } = yield* Worker
      assert.isTrue(state.revoked.has("one more") && state.revoked.has("1"))
      yield* TestClock.adjust("750 millis")
      assert.isTrue(waiting.every((fiber) => fiber.pollUnsafe() !== undefined))
      const next = yield* Effect.forkChild(revoke("the next"))
      yield* settled
      assert.isUndefined(next.pollUnsafe(), "there is room again")
      // Its stop waits for what is on its way.
      store.refuse(undefined)
      while (store.waiting.length > 0) store.answer()
      assert.strictEqual(yield* Fiber.join(next).pipe(Effect.map(({ ids }) => ids.length)), 1)
    }).pipe(
      Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.succeed(1))], steps }), store.layer)),
      Effect.provide(quiet)
    )
  })

  it.effect("because it expired is remembered as revoked: its id does not run any more", () => {
    const { steps } = reach()
    return Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      yield* publish(taskMessage({ task: "plain", id: "a", expires: 9_999 }))
      yield* publish(taskMessage({ task: "plain", id: "a", retries: 1 }))
      yield* settled
      const { state } = yield* Worker
      assert.deepStrictEqual([state.revoked.ids(), state.succeeded, yield* counts()], [["a"], 0, [0, 0]])
    }).pipe(
      Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.succeed(1))], steps }))),
      Effect.provide(quiet)
    )
  })
})

describe("a task that is terminated", () => {
  for (const kind of ["early", "late"] as const) {
    it.effect(`while it runs is interrupted, REVOKED, and acknowledged: ${kind}`, () => {
      const doors = new Doors()
      const lines = new Lines()
      const { steps, terminate } = reach()
      return Effect.gen(function*() {
        for (const n of [1, 2]) yield* publish(taskMessage({ task: "gated", id: `${n}`, kwargs: { n } }))
        yield* until("both run", () => doors.started.length === 2)
        assert.deepStrictEqual(yield* terminate("1", "stranger"), { ids: ["1", "stranger"], terminated: ["1"] })
        yield* settled
        assert.deepStrictEqual(yield* resultOf("1"), ["REVOKED", "terminated"])
        assert.deepStrictEqual([doors.interrupted, yield* counts()], [[1], [0, kind === "late" ? 1 : 0]])
        const { state } = yield* Worker
        assert.deepStrictEqual([state.active.size, state.failed], [1, 0])
        doors.open(2)
        yield* settled
        assert.deepStrictEqual(yield* resultOf("2"), ["SUCCESS"])
        assert.deepStrictEqual(lines.of("Info").filter((line) => line.includes("erminat")), [
          "Terminating 1 (15)",
          "Task gated[1] was terminated: it is revoked"
        ])
        assert.strictEqual(lines.about.get("Terminating 1 (15)"), "1")
      }).pipe(Effect.provide(running(define({ tasks: [doors[kind]], steps }))), Effect.provide(lines.layer))
    })
  }

  const stubborn = (door: Deferred.Deferred<number>) =>
    plain.toLayer(() => Effect.uninterruptible(Deferred.await(door)), { acksLate: true })

  it.effect("and cannot be interrupted ends when that part is done, and is REVOKED even so", () => {
    const door = Deferred.makeUnsafe<number>()
    const { steps, terminate } = reach()
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "plain", id: "a" }))
      yield* settled
      yield* terminate("a")
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual([yield* resultOf("a"), yield* counts()], [[undefined], [0, 1]])
      yield* Deferred.succeed(door, 7)
      yield* settled
      assert.deepStrictEqual([yield* resultOf("a"), yield* counts()], [["REVOKED", "terminated"], [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks: [stubborn(door)], steps }))), Effect.provide(quiet))
  })

  it.effect("and cannot be interrupted is given up after ten seconds: REVOKED, acknowledged, and its end is nobody's", () => {
    const door = Deferred.makeUnsafe<number>()
    const lines = new Lines()
    const { steps, terminate } = reach()
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "plain", id: "a" }))
      yield* publish(taskMessage({ task: "plain", id: "b" }))
      yield* settled
      yield* terminate("a")
      yield* TestClock.adjust("10 seconds")
      yield* settled
      const { state } = yield* Worker
      assert.deepStrictEqual(yield* resultOf("a"), ["REVOKED", "terminated"])
      assert.deepStrictEqual([yield* counts(), state.active.size], [[0, 1], 0], "its slot is not free")
      assert.isTrue(lines.of("Warn").some((line) => line.startsWith("Task plain[a] was interrupted 10 seconds ago")))
      yield* Deferred.succeed(door, 7)
      yield* settled
      assert.deepStrictEqual(yield* resultOf("a"), ["REVOKED", "terminated"])
      assert.deepStrictEqual([yield* resultOf("b"), yield* counts(), state.succeeded], [["SUCCESS"], [0, 0], 1])
    }).pipe(
      Effect.provide(running(define({ tasks: [stubborn(door)], steps, concurrency: 1 }))),
      Effect.provide(lines.layer)
    )
  })

  it.effect("by itself ends where it next waits", () => {
    const { steps, terminate } = reach()
    let got = 0
    const tasks = [plain.toLayer((_, request) => {
      got++
      return Effect.orDie(terminate(request.id)).pipe(Effect.andThen(Effect.never))
    })]
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "plain", id: "a" }))
      yield* settled
      assert.deepStrictEqual([got, yield* resultOf("a"), yield* counts()], [1, ["REVOKED", "terminated"], [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks, steps }))), Effect.provide(quiet))
  })

  it.effect("with a signal that is none is not revoked: who asks is told", () => {
    const { steps, use } = reach()
    return Effect.gen(function*() {
      const error = yield* Effect.flip(
        use((execution) => execution.revoke("a", { terminate: true, signal: "SIGNONE" }))
      )
      assert.include(error.message, "'SIGNONE' is no signal")
      const { state } = yield* Worker
      assert.isTrue(state.revoked.isEmpty)
      yield* use((execution) => execution.revoke("a", { terminate: true, signal: "kill" }))
      assert.isTrue(state.revoked.has("a"))
    }).pipe(
      Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.succeed(1))], steps }))),
      Effect.provide(quiet)
    )
  })
})

describe("tasks that are revoked by their stamps", () => {
  it.effect("are discarded, and the log says which stamp it was", () => {
    const lines = new Lines()
    const { steps, use } = reach()
    return Effect.gen(function*() {
      yield* use((execution) => execution.revokeByStampedHeaders({ batch: ["b1", "b2"], ids: 7 }))
      const stamps = { batch: "b2", ids: [1, 7], plain: 3 }
      yield* publish(taskMessage({ task: "plain", id: "a", stampedHeaders: ["batch", "ids"], stamps }))
      yield* publish(taskMessage({ task: "plain", id: "b", stampedHeaders: ["ids"], stamps }))
      yield* publish(taskMessage({ task: "plain", id: "c", stampedHeaders: ["plain"], stamps }))
      yield* settled
      const { state } = yield* Worker
      assert.deepStrictEqual([state.succeeded, yield* counts()], [1, [0, 0]])
      assert.deepStrictEqual(yield* resultOf("a"), ["REVOKED", "revoked"])
      assert.deepStrictEqual(lines.of("Info").filter((line) => line.startsWith("Discarding")), [
        "Discarding revoked task: plain[a] (revoked by header: {'batch': 'b2'})",
        "Discarding revoked task: plain[b] (revoked by header: {'ids': 7})"
      ])
    }).pipe(
      Effect.provide(running(define({ tasks: [plain.toLayer(() => Effect.succeed(1))], steps }))),
      Effect.provide(lines.layer)
    )
  })

  it.effect("are terminated while they run, and those alone", () => {
    const doors = new Doors()
    const { steps, use } = reach()
    const stamped = (n: number, batch: unknown) =>
      publish(taskMessage({ task: "gated", id: `${n}`, kwargs: { n }, stampedHeaders: ["batch"], stamps: { batch } }))
    return Effect.gen(function*() {
      yield* stamped(1, "x")
      yield* stamped(2, ["y", "z"])
      yield* stamped(3, "w")
      yield* until("all run", () => doors.started.length === 3)
      const answer = yield* use((execution) =>
        execution.revokeByStampedHeaders({ batch: ["x", "z"] }, { terminate: true })
      )
      assert.deepStrictEqual(Object.fromEntries(answer.terminated), { batch: ["x", "z"] })
      yield* settled
      assert.deepStrictEqual(doors.interrupted.toSorted(), [1, 2])
      assert.deepStrictEqual(yield* resultOf("2"), ["REVOKED", "terminated"])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], steps, concurrency: 3 }))),
      Effect.provide(quiet)
    )
  })

  /** Of Celery 5.6: `add.s(1, 2)` with `stamp(batch="b1", ids=[1, 2])`, and with a visitor that stamps `mon` and `tags`. */
  const captured = [
    [
      `{"lang": "py", "task": "v.add", "id": "a11ae8da-c55c-48af-8cee-091c75b4cfbd", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "a11ae8da-c55c-48af-8cee-091c75b4cfbd", "parent_id": null, "argsrepr": "(1, 2)", "kwargsrepr": "{}", "origin": "gen2219@vm", "ignore_result": false, "replaced_task_nesting": 0, "stamped_headers": ["batch", "ids"], "stamps": {"batch": "b1", "ids": [1, 2]}}`,
      `[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`
    ],
    [
      `{"lang": "py", "task": "v.add", "id": "123f64ad-e543-442a-b52e-4dae81a4ce32", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "832e3ffa-25b5-43c7-ac49-a29dc8444129", "parent_id": "832e3ffa-25b5-43c7-ac49-a29dc8444129", "argsrepr": "(3, 10)", "kwargsrepr": "{}", "origin": "gen2230@vm", "ignore_result": false, "replaced_task_nesting": 0, "stamped_headers": ["cbk", "mon", "tags"], "stamps": {"cbk": "CB", "mon": "abc", "tags": ["t1", "t2"]}}`,
      `[[3, 10], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`
    ]
  ] as const
  const cases: ReadonlyArray<readonly [headers: Record<string, unknown>, discarded: ReadonlyArray<number>]> = [
    [{ batch: "b1" }, [0]],
    [{ ids: [2, 9] }, [0]],
    [{ ids: "2" }, []],
    [{ tags: "t2" }, [1]],
    [{ mon: "abc", batch: ["b1"] }, [0, 1]],
    [{ nobody: "b1" }, []]
  ]
  for (const [headers, discarded] of cases) {
    it.effect(`are found as Celery stamps them: ${JSON.stringify(headers)}`, () => {
      const { steps, use } = reach()
      const ran: Array<string> = []
      const add = Task.make("v.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
      const tasks = [add.toLayer(({ x, y }, { id }) => Effect.sync(() => (ran.push(id), x + y)))]
      return Effect.gen(function*() {
        yield* use((execution) => execution.revokeByStampedHeaders(headers))
        const ids: Array<string> = []
        for (const [headers, body] of captured) {
          const read = JSON.parse(headers)
          ids.push(read.id)
          yield* publish({ headers: read, body: bytes(body), properties: json })
        }
        yield* settled
        assert.deepStrictEqual(ran, ids.filter((_, index) => !discarded.includes(index)))
        for (const index of discarded) assert.deepStrictEqual(yield* resultOf(ids[index]!), ["REVOKED", "revoked"])
        assert.deepStrictEqual(yield* counts(), [0, 0])
      }).pipe(Effect.provide(running(define({ tasks, steps }))), Effect.provide(quiet))
    })
  }
})
