import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import {
  celeriac,
  chain,
  chord,
  group,
  type PromiseApp,
  replace,
  type Result,
  retry,
  signature,
  SoftTimeLimitExceeded,
  TaskException
} from "../src/promise.ts"

/** Runs with an application in memory whose worker is up, and closes it. */
const withWorker = async <A>(define: (app: PromiseApp) => A, use: (tasks: A, app: PromiseApp) => Promise<void>) => {
  const app = celeriac({ broker: "memory://", log: "critical" })
  try {
    const tasks = define(app)
    await app.worker({ concurrency: 4 }).start()
    await use(tasks, app)
  } finally {
    await app.close()
  }
}

const rejection = (promise: Promise<unknown>): Promise<any> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error) => error)

/** A Standard Schema, as libraries make them. */
const standard = <I, O>(
  validate: (input: unknown) => StandardSchemaV1.Result<O> | Promise<StandardSchemaV1.Result<O>>
) => ({ "~standard": { version: 1, vendor: "test", validate } }) as StandardSchemaV1<I, O>

const aNumber = standard<number, number>((input) =>
  typeof input === "number" ? { value: input } : { issues: [{ message: "expected a number" }] }
)

const aDate = standard<string, Date>((input) =>
  typeof input === "string" && !Number.isNaN(Date.parse(input))
    ? { value: new Date(input) }
    : { issues: [{ message: "expected a date", path: ["day"] }] }
)

const orThree = standard<number | undefined, number>((input) =>
  input === undefined
    ? { value: 3 }
    : typeof input === "number"
    ? { value: input }
    : { issues: [{ message: "no number" }] }
)

describe("celeriac/promise", () => {
  it("says which handlers take no signal, and so cannot be interrupted", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    const options = { timeLimit: "1 minute" } as const
    app.task("proj.deaf", { options }, async () => 1)
    app.task("proj.hears", { options }, async (_, { signal }) => signal.aborted)
    app.task("proj.says", { options: { ...options, interruptible: true } }, async (...all) => all.length)
    const written: Array<string> = []
    const logger = Logger.make(({ message }) => void written.push(String(message)))
    const { layer } = app.worker().definition
    const running = Layer.provide(layer, [MemoryBackend.layer, MemoryTransport.layer(), Logger.layer([logger])])
    await Effect.runPromise(Effect.scoped(Effect.asVoid(Layer.build(running))))
    assert.deepStrictEqual(written.filter((line) => line.includes("cannot be interrupted")), [
      "These tasks have time limits, and cannot be interrupted: what they do goes on after their limits: proj.deaf"
    ])
    await app.close()
  })

  it("calls what is to be told of signals, and says so when that comes too late", () => {
    const log: Array<unknown> = []
    return withWorker(
      (app) => {
        app.on("workerReady", (nodename) => void log.push(["ready", nodename.includes("@")]))
        app.on("beforeTaskPublish", ({ message }) => ({ ...message, headers: { ...message.headers, tenant: 7 } }))
        app.on("taskPrerun", async ({ name }) => void log.push(["prerun", name]))
        app.on("taskFailure", () => {
          throw new Error("harmless")
        })
        app.on("taskFailure", ({ name }, { exception }) => void log.push(["failure", name, exception.excType]))
        app.on("taskSuccess", () => void log.push("nobody hears of this"))()
        // @ts-expect-error there is no such signal
        assert.throws(() => app.on("taskPreRun", () => {}), /there is no signal 'taskPreRun': there are taskReceived, /)
        return {
          tenant: app.task("proj.tenant", (_, { headers }) => headers["tenant"]),
          bad: app.task("proj.bad", () => {
            throw new RangeError("no")
          })
        }
      },
      async ({ bad, tenant }, app) => {
        assert.strictEqual(await (await tenant.delay()).get(), 7)
        await rejection((await bad.delay()).get())
        assert.deepStrictEqual(log, [
          ["ready", true],
          ["prerun", "proj.tenant"],
          ["prerun", "proj.bad"],
          ["failure", "proj.bad", "RangeError"]
        ])
        assert.throws(() => app.on("taskRetry", () => {}), /comes too late/)
      }
    )
  })

  it("tells of a task from its start to its end, and who ran it", () =>
    withWorker(
      (app) => app.task("proj.add", () => 5),
      async (add) => {
        const sent = await add.delay()
        const states: Array<unknown> = []
        for await (const { final, state } of sent.progress()) states.push([state, final])
        assert.deepStrictEqual(states.at(-1), ["SUCCESS", { status: "fulfilled", value: 5 }])
        assert.strictEqual(await sent.info(), 5)
        assert.deepStrictEqual([await sent.successful(), await sent.failed(), sent.ignored], [true, false, false])
        assert.instanceOf((await sent.about())?.dateDone, Date)
        const collected: Array<unknown> = []
        for await (const each of sent.collect()) collected.push(each)
        assert.deepStrictEqual(collected, [[sent.id, 5]])
        assert.isTrue(await sent.revoke())
        await sent.forget()
        assert.strictEqual(await sent.state(), "PENDING")
      }
    ))

  it("waits for several tasks as for one", () =>
    withWorker(
      (app) => ({
        add: app.task("proj.add", { parameters: { x: Schema.Int }, success: Schema.Int }, ({ x }) => x + 1),
        fail: app.task("proj.fail", { success: Schema.String }, () => {
          throw new RangeError("too far")
        })
      }),
      async ({ add, fail }, app) => {
        const good = app.client.results([await add.delay({ x: 1 }), await add.delay({ x: 2 })])
        const sums: [number, number] = await good.get({ timeoutMs: 60_000 })
        assert.deepStrictEqual(sums, [2, 3])
        const mixed = app.client.results([await fail.delay(), await add.delay({ x: 2 })])
        assert.instanceOf(await rejection(mixed.get()), TaskException)
        const [failed, added] = await mixed.settled()
        assert.strictEqual(failed.status, "rejected")
        assert.deepStrictEqual(added, { status: "fulfilled", value: 3 })
        const completed: Array<number> = []
        for await (const { index } of mixed.completed()) completed.push(index)
        assert.sameMembers(completed, [0, 1])
        assert.deepStrictEqual(
          [await mixed.completedCount(), await mixed.ready(), await mixed.failed(), await mixed.waiting()],
          [1, true, true, false]
        )
        // @ts-expect-error: no result
        assert.throws(() => app.client.results([5]), /no result of a task/)
      }
    ))

  it("sends a task, runs it, and gives its result", () =>
    withWorker(
      (app) =>
        app.task("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int }, async ({ x, y }) =>
          x + y),
      async (add) => {
        const sent = await add.delay({ x: 2, y: 3 })
        assert.strictEqual(await sent.get({ timeoutMs: 60_000 }), 5)
        assert.deepStrictEqual([await sent.state(), await sent.ready()], ["SUCCESS", true])
        assert.strictEqual(await add.execute({ x: 1, y: 1 }, { timeoutMs: 60_000 }), 2)
        assert.strictEqual(await (await add.applyAsync({ x: 4, y: 4 }, { taskId: "mine" })).get(), 8)
        // @ts-expect-error y is missing
        await rejection(add.delay({ x: 1 }))
        // @ts-expect-error x is no text
        await rejection(add.delay({ x: "1", y: 2 }))
        const sum: number = await add.execute({ x: 1, y: 2 })
        assert.strictEqual(sum, 3)
      }
    ))

  it("prepares a task without sending it, and sends it from its text", () =>
    withWorker(
      (app) => app.task("proj.double", { parameters: { x: Schema.Int } }, ({ x }) => 2 * x),
      async (double, app) => {
        const { id, message } = await double.prepare({ x: 4 })
        const sent = await app.client.send(message, { timeoutMs: 60_000 })
        assert.strictEqual(sent.id, id)
        assert.strictEqual(await sent.get({ timeoutMs: 60_000 }), 8)
        assert.match((await rejection(app.client.send("nothing"))).message, /no task as PreparedTask.encode writes one/)
      }
    ))

  it("sends many calls in one go, or none when one of them makes no sense", () =>
    withWorker(
      (app) => app.task("proj.double", { parameters: { x: Schema.Int } }, ({ x }) => 2 * x),
      async (double) => {
        const sent = await double.applyMany([{ x: 1 }, { x: 2 }, { x: 3 }], { priority: 1 })
        assert.deepStrictEqual(await Promise.all(sent.map((one) => one.get({ timeoutMs: 60_000 }))), [2, 4, 6])
        assert.match((await rejection(double.applyMany([{ x: 1 }, { x: 0.5 }]))).message, /do not fit/)
      }
    ))

  it("sends a signature with what it lacks, and types what is linked", () =>
    withWorker(
      (app) => ({
        double: app.task("proj.double", { parameters: { x: Schema.Int, times: Schema.Int } }, ({ times, x }) =>
          times * x),
        shout: app.task("proj.shout", { parameters: { text: Schema.String } }, ({ text }) =>
          text.toUpperCase())
      }),
      async ({ double, shout }, app) => {
        const sent = await app.client.delay(double.s({ times: 2 }), { x: 4 })
        expectTypeOf(sent).toEqualTypeOf<Result<number>>()
        assert.strictEqual(await sent.get({ timeoutMs: 60_000 }), 8)
        const alone = await app.client.delay(shout.si({ text: "a" }), undefined, { taskId: "mine" })
        assert.deepStrictEqual([alone.id, await alone.get({ timeoutMs: 60_000 })], ["mine", "A"])
        const never = (_: () => unknown) => {}
        const lacking = double.s({ times: 2 })
        never(() => {
          // @ts-expect-error x is lacking
          app.client.delay(lacking)
        })
        never(() => {
          const link = shout.s()
          // @ts-expect-error the result is no text
          double.applyAsync({ x: 1, times: 2 }, { link })
        })
        never(() =>
          double.applyAsync({ x: 1, times: 2 }, { link: signature("py.any"), linkError: shout.s() })
        )
      }
    ))

  it("runs a task where it is called, without a broker, and what is linked to it", async () => {
    const app = celeriac({ broker: "amqp://127.0.0.1:1" })
    const shouts: Array<string> = []
    const double = app.task("proj.double", { parameters: { x: Schema.Int } }, ({ x }) => 2 * x)
    const shout = app.task("proj.shout", { parameters: { n: Schema.Int } }, ({ n }) => void shouts.push(`${n}!`))
    const fails = app.task("proj.fails", () => {
      throw new RangeError("too far")
    })
    const sent = await double.apply({ x: 4 }, { link: [shout.s(), double.s().link(shout.s())] })
    assert.deepStrictEqual([await sent.get(), await sent.state(), shouts], [8, "SUCCESS", ["8!", "16!"]])
    const failed = await fails.apply()
    assert.strictEqual(await failed.state(), "FAILURE")
    assert.match((await rejection(failed.get())).message, /too far/)
    const elsewhere = app.task("proj.elsewhere", {})
    assert.match((await rejection(elsewhere.apply())).message, /there is no handler of task 'proj.elsewhere' here/)
    await app.close()
  })

  it("runs every task of the application where it is called, when it is always eager", async () => {
    const app = celeriac({ broker: "memory://", settings: { alwaysEager: true } })
    const double = app.task("proj.double", { parameters: { x: Schema.Int } }, ({ x }) => 2 * x)
    assert.strictEqual(await double.execute({ x: 4 }), 8)
    assert.strictEqual(await (await double.delay({ x: 5 })).get(), 10)
    const sent = await app.client.delay(chain(double.s({ x: 1 }), group([double.s(), double.s()])))
    assert.deepStrictEqual(await sent.get(), [4, 4])
    await app.close()
  })

  it("runs a canvas where it is called, without a broker, when that is asked for", async () => {
    const app = celeriac({ broker: "amqp://127.0.0.1:1" })
    const double = app.task("proj.double", { parameters: { x: Schema.Int }, success: Schema.Int }, ({ x }) => 2 * x)
    const total = app.task(
      "proj.total",
      { parameters: { values: Schema.Array(Schema.Int) }, success: Schema.Int },
      ({ values }) => values.reduce((sum, value) => sum + value, 0)
    )
    const sent = await app.client.apply(chord([1, 2, 3].map((x) => double.s({ x })), total.s()))
    assert.deepStrictEqual([await sent.get(), await sent.parent?.get()], [12, [2, 4, 6]])
    assert.deepStrictEqual(await (await app.client.apply(chain(double.s(), double.s()), { x: 1 })).get(), 4)
    await app.close()
  })

  it("needs neither parameters nor a schema of the result, nor a handler that is asynchronous", () =>
    withWorker((app) => app.task("proj.now", {}, () => ({ zone: "UTC", hours: [1, 2] })), async (now) => {
      const { hours, zone } = await now.execute()
      assert.deepStrictEqual([zone, hours], ["UTC", [1, 2]])
    }))

  it("gives the handler its request", () =>
    withWorker(
      (app) =>
        app.task("proj.who", {}, (_, request) => [request.id, request.task, request.retries, request.signal.aborted]),
      async (who) => {
        const sent = await who.applyAsync({}, { taskId: "t-1" })
        assert.deepStrictEqual(await sent.get(), ["t-1", "proj.who", 0, false])
      }
    ))

  it("throws for names that nobody knows, which no compiler has seen", () => {
    const given: object = { brokr: "memory://" }
    assert.throws(() => celeriac(given), /the options of celeriac: there is no 'brokr' here: did you mean 'broker'\?/)
    const app = celeriac({ broker: "memory://" })
    const beside: object = { pool: "processes" }
    assert.throws(() => app.task("proj.beside", beside), /'pool': it stands beside the options of task 'proj\.beside'/)
  })

  it("makes what a handler throws the failure of its task, asynchronous or not", () =>
    withWorker((app) => ({
      late: app.task("proj.late", {}, async (): Promise<number> => {
        throw new RangeError("too far")
      }),
      early: app.task("proj.early", {}, (): number => {
        throw new TypeError("at once")
      }),
      odd: app.task("proj.odd", {}, async (): Promise<number> => {
        throw "a text" // eslint-disable-line no-throw-literal
      })
    }), async ({ early, late, odd }) => {
      const error: unknown = await rejection(late.execute())
      if (!(error instanceof TaskException)) return assert.fail(String(error))
      assert.strictEqual(error.message, "RangeError('too far')")
      assert.include(error.traceback, "too far")
      assert.strictEqual((await rejection(early.execute())).message, "TypeError('at once')")
      assert.strictEqual((await rejection(odd.execute())).message, "Exception('a text')")
    }))

  it("takes parameters and results of any Standard Schema: callers give its input, handlers get its output", () =>
    withWorker(
      (app) =>
        app.task(
          "proj.year",
          { parameters: { day: aDate, times: orThree }, success: aNumber },
          ({ day, times }) => day.getUTCFullYear() * times
        ),
      async (year, app) => {
        assert.strictEqual(await year.execute({ day: "2026-01-01", times: 2 }), 4052)
        assert.strictEqual(await year.execute({ day: "2026-01-01" }), 6078)
        const refused = await rejection(year.execute({ day: "never" }))
        assert.match(refused.message, /expected a date/)
        // Another client may send anything: the worker checks too.
        const sent = await app.client.sendTask("proj.year", { kwargs: { day: 3 } })
        assert.match((await rejection(sent.get())).message, /TypeError\(.*expected a date/)
      }
    ))

  it("gives back a Date as a Date and a UUID as text, and refuses what would arrive as something else", () => {
    const any = standard<any, any>((value) => ({ value }))
    return withWorker((app) => ({
      echo: app.task("proj.echo", { parameters: { value: any }, success: any }, ({ value }) => {
        assert.isNotTrue(value?.day !== undefined && !(value.day instanceof Date))
        return value
      }),
      big: app.task("proj.big", {}, () => ({ rows: [{ id: 5n }] })),
      today: app.task("proj.today", {}, () => new Date(5))
    }), async ({ big, echo, today }) => {
      for (const value of [new Date(5), { day: new Date(5), n: [1.5, null, "a"] }, 2n ** 70n, Buffer.from([1])]) {
        assert.deepEqual(await echo.execute({ value }), value instanceof Buffer ? new Uint8Array([1]) : value)
      }
      assert.deepStrictEqual(await today.execute(), new Date(5))
      assert.include(
        String(await rejection(big.execute())),
        "a bigint of this size arrives as a number: send Number(value) (at rows[0].id)"
      )
      const cycle: Record<string, unknown> = {}
      cycle.self = cycle
      for (
        const [value, why] of [
          [new Map(), "a Map arrives as an object: send Object.fromEntries(value)"],
          [{ tags: new Set() }, "a Set arrives as a list: send Array.from(value) (at tags)"],
          [[undefined], "undefined in a list arrives as null: send null (at [0])"],
          [{ on: () => 1 }, "a function is not sent (at on)"],
          [cycle, "a value that contains itself is not sent (at self)"]
        ] as const
      ) assert.include(String(await rejection(echo.execute({ value }))), why)
    })
  })

  it("says that it cannot wait for a schema", () =>
    withWorker(
      (app) => app.task("proj.slow", { success: standard<number, number>(async () => ({ value: 1 })) }, () => 1),
      async (slow) => assert.match((await rejection(slow.execute())).message, /validates asynchronously/)
    ))

  it("stops waiting when it is told to, or when time is up", () => {
    const gate = Promise.withResolvers<void>()
    return withWorker((app) => app.task("proj.wait", {}, () => gate.promise), async (wait) => {
      const sent = await wait.delay()
      assert.match((await rejection(sent.get({ timeoutMs: 1 }))).message, /within|timed out|time/i)
      const waiting = rejection(sent.get({ signal: AbortSignal.timeout(1) }))
      assert.isDefined(await waiting)
      gate.resolve()
      await sent.get()
    })
  })

  it("lets running tasks finish when it is stopped warm", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    const started = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const task = app.task("proj.finish", {}, async () => {
      started.resolve()
      await gate.promise
      return "finished"
    })
    const worker = app.worker()
    await worker.start()
    const sent = await task.delay()
    await started.promise
    const stopped = worker.stop()
    gate.resolve()
    await stopped
    assert.strictEqual(await sent.get(), "finished")
    await app.close()
  })

  it("stores states of a task's own, and tells it that it was aborted", async () => {
    const seen: Array<unknown> = []
    const reported = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    await withWorker(
      (app) =>
        app.task("proj.long", {}, async (_, request) => {
          await request.updateState("PROGRESS", { done: 1 })
          reported.resolve()
          await aborted.promise
          return request.isAborted()
        }),
      async (task) => {
        const sent = await task.delay()
        await reported.promise
        seen.push(await sent.state())
        await sent.abort()
        seen.push(await sent.state())
        aborted.resolve()
        assert.isTrue(await sent.get({ timeoutMs: 60_000 }))
        assert.deepStrictEqual(seen, ["PROGRESS", "ABORTED"])
      }
    )
  })

  it("knows which task sends another one, and does not let it wait for that unless it says so", () =>
    withWorker(
      (app) => {
        const inner = app.task("proj.inner", {}, (_, { parentId, rootId }) => [parentId, rootId])
        const outer = app.task("proj.outer", {}, async (_, request) => {
          await new Promise((resolve) => setImmediate(resolve))
          const sent = await inner.delay()
          const refused = await rejection(sent.get())
          const family = await sent.get({ disableSyncSubtasks: false, timeoutMs: 60_000 })
          return { id: sent.id, refused: refused.message, family, children: request.children }
        })
        return outer
      },
      async (outer) => {
        const sent = await outer.delay()
        const { children, family, id, refused } = await sent.get({ timeoutMs: 60_000 }) as any // no schema says it
        assert.deepStrictEqual(family, [sent.id, sent.id])
        assert.match(refused, /^get: Never call result.get\(\) within a task!/)
        assert.deepStrictEqual(children, [{ id }])
      }
    ))

  it("calls the hooks of a task", () => {
    const log: Array<unknown> = []
    const done = Promise.withResolvers<void>()
    return withWorker(
      (app) =>
        app.task("proj.hooked", {
          parameters: { x: aNumber },
          success: aNumber,
          beforeStart: async ({ x }, { retries }) => log.push(["before", x, retries]),
          onSuccess: (value, { x }) => log.push(["success", value + 1, x]),
          onFailure: async (error, { x }) => log.push(["failure", (error as Error).message, x]),
          onRetry: ({ options }, { x }) => log.push(["retry", String(options.defect), x]),
          afterReturn: (outcome) => {
            log.push(["after", "value" in outcome ? outcome.value : String(outcome.error)])
            if (log.length === 8) done.resolve()
          }
        }, async ({ x }, { retries }) => {
          if (x === 2 && retries === 0) throw retry({ defect: "not yet", countdown: 0 })
          if (x === 2) throw new RangeError("two")
          return x * 10
        }),
      async (task) => {
        await task.execute({ x: 1 }, { timeoutMs: 60_000 })
        await rejection(task.execute({ x: 2 }, { timeoutMs: 60_000 }))
        await done.promise
        assert.deepStrictEqual(log.slice(0, 3), [["before", 1, 0], ["success", 11, 1], ["after", 10]])
        assert.sameDeepMembers(log.slice(3), [
          ["before", 2, 0],
          ["retry", "not yet", 2],
          ["before", 2, 1],
          ["failure", "two", 2],
          ["after", "RangeError: two"]
        ])
      }
    )
  })

  it("aborts the signal at the soft time limit: what comes of it is the result, unless nobody asked for it", () => {
    const options = { softTimeLimit: 20, timeLimit: "20 seconds" } as const
    return withWorker(
      (app) => ({
        tidies: app.task("proj.tidies", { options }, (_, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve(signal.reason instanceof SoftTimeLimitExceeded))
          })),
        throws: app.task("proj.throws", { options }, (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")))
          })),
        deaf: app.task("proj.deaf", { options }, () => new Promise(() => {}))
      }),
      async ({ deaf, throws, tidies }) => {
        const within = { timeoutMs: 60_000 }
        assert.isTrue(await tidies.execute({}, within))
        for (const task of [throws, deaf]) {
          assert.deepInclude(await rejection(task.execute({}, within)), {
            excType: "SoftTimeLimitExceeded",
            excModule: "billiard.exceptions"
          })
        }
      }
    )
  })

  it("aborts the signals of running tasks when it is stopped cold", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    const started = Promise.withResolvers<AbortSignal>()
    const task = app.task("proj.hang", {}, (_, { signal }) => {
      started.resolve(signal)
      return new Promise<never>(() => {})
    })
    const worker = app.worker()
    await worker.start()
    const sent = await task.delay()
    const signal = await started.promise
    assert.isFalse(signal.aborted)
    await worker.terminate()
    assert.isTrue(signal.aborted)
    assert.match((await rejection(sent.get())).message, /WorkerLostError/)
    await app.close()
  })

  it("starts a worker once, and again when it was stopped", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    const ping = app.task("proj.ping", {}, () => "pong")
    const worker = app.worker()
    await worker.stop()
    await worker.start()
    assert.match((await rejection(worker.start())).message, /runs already/)
    await worker.stop()
    await worker.stop()
    await worker.start()
    assert.strictEqual(await ping.execute(), "pong")
    await app.close()
  })

  it("runs until it is stopped, leaves the broker, and comes back to it", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    const ping = app.task("proj.ping", {}, () => "pong")
    const worker = app.worker()
    for (let i = 0; i < 2; i++) {
      const running = worker.run()
      assert.isTrue(worker.isRunning)
      assert.match((await rejection(worker.run())).message, /runs already/)
      assert.match((await rejection(worker.start())).message, /runs already/)
      assert.strictEqual(await ping.execute(), "pong")
      await worker.stop()
      await running
      assert.isFalse(worker.isRunning)
    }
    await app.close()
    assert.match((await rejection(ping.delay())).message, /this application is closed/)
  })

  it("tells those who wait when it leaves its broker", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    const elsewhere = app.task("proj.elsewhere", {})
    const running = app.worker({ queues: ["other"] }).run()
    const waiting = rejection((await elsewhere.delay()).get())
    await app.close()
    await running
    assert.match((await waiting).message, /has left its broker meanwhile/)
  })

  it("sends by name, and finds results again by their id", () =>
    withWorker((app) => app.task("proj.ping", {}, () => "pong"), async (_, app) => {
      const sent = await app.client.sendTask("proj.ping")
      assert.strictEqual(await sent.get(), "pong")
      assert.strictEqual(await (await app.client.result(sent.id)).get(), "pong")
      await sent.forget()
      assert.strictEqual(await sent.state(), "PENDING")
    }))

  it("says within its timeout that nothing was sent, and why", async () => {
    const app = celeriac({ broker: "amqp://me:hush@127.0.0.1:1//", log: "critical" })
    const ping = app.task("proj.ping", {}, () => "pong")
    for (const send of [() => ping.execute({}, { timeoutMs: 200 }), () => ping.applyAsync({}, { timeoutMs: 200 })]) {
      const error = await rejection(send())
      assert.include(error.message, "could not send within 0.2 s: connection refused at amqp://me:**@127.0.0.1:1//")
      assert.strictEqual(error.reason._tag, "PublishTimedOut")
    }
    await app.close()
  })

  it("takes a number of milliseconds for a timeout, and nothing else", () =>
    withWorker((app) => app.task("proj.ping", {}, () => "pong"), async (ping) => {
      const sent = await ping.delay()
      for (const [given, shown] of [["soon", "\"soon\""], [NaN, "NaN"], [-1, "-1"], [{}, "[object Object]"]] as const) {
        const options = { timeoutMs: given as number } // as callers without types do
        for (
          const call of [() => sent.get(options), () => ping.execute({}, options), () => ping.applyAsync({}, options)]
        ) {
          const { message } = await rejection(call())
          assert.include(message, `option 'timeoutMs': ${shown} is no number of milliseconds, such as 5000`)
        }
      }
    }))

  it("takes a handler without a definition, and refuses a task without either", () =>
    withWorker((app) => app.task("proj.short", () => "short"), async (short, app) => {
      assert.strictEqual(await short.execute(), "short")
      const loose = app.task as unknown as (...args: ReadonlyArray<unknown>) => unknown // as callers without types have it
      assert.throws(
        () => loose("proj.none"),
        /task 'proj\.none' has no definition: write app\.task\("proj\.none", \{\}, handler\)/
      )
    }))

  it("refuses a second task of one name where it is defined", () => {
    const app = celeriac({ broker: "memory://" })
    app.task("proj.ping", {}, () => "one")
    assert.throws(() => app.task("proj.ping", {}, () => "two"), /task 'proj\.ping' is already registered/)
  })

  it("says how arguments are passed", () =>
    withWorker((app) => app.task("proj.add", { parameters: { x: Schema.Int, y: Schema.Int } }), async (add) => {
      const loose = add as unknown as Record<
        "delay" | "applyAsync" | "execute",
        (...args: ReadonlyArray<unknown>) => Promise<unknown>
      >
      for (const call of [loose.delay(2, 3), loose.applyAsync(2, 3), loose.execute(2)]) {
        assert.include((await rejection(call)).message, "pass one object or an array, such as { x: 2, y: 3 } or [2, 3]")
      }
      assert.include(
        (await rejection(loose.delay({ x: 1, y: 2 }, { countdown: 1 }))).message,
        "give them to applyAsync"
      )
    }))

  it("has a task run again that throws a retry, and fails with the last one's error", () =>
    withWorker(
      (app) =>
        app.task("flaky", { parameters: { times: aNumber }, options: { maxRetries: 2 } }, ({ times }, { retries }) => {
          if (retries < times) throw retry({ countdown: 0, defect: new RangeError(`attempt ${retries}`) })
          return retries
        }),
      async (flaky) => {
        assert.strictEqual(await flaky.execute({ times: 2 }), 2)
        const error = await rejection(flaky.execute({ times: 9 }))
        assert.instanceOf(error, TaskException)
        assert.deepStrictEqual([error.excType, error.args], ["RangeError", ["attempt 2"]])
      }
    ))

  it("has another task take the place of one that throws it, and adds to no chord where there is none", () =>
    withWorker(
      (app) => {
        const double = app.task("double", { parameters: { x: aNumber }, success: aNumber }, ({ x }) => x * 2)
        return {
          other: app.task("other", { parameters: { x: aNumber }, success: aNumber }, ({ x }) => {
            throw replace(double.si({ x }))
          }),
          adding: app.task("adding", {}, (_, request) => void request.addToChord(double.si({ x: 1 })))
        }
      },
      async ({ adding, other }) => {
        assert.strictEqual(await other.execute({ x: 2 }, { timeoutMs: 60_000 }), 4)
        const error = await rejection(adding.execute({}, { timeoutMs: 60_000 }))
        assert.include(error.message, "Current task is not member of any chord")
      }
    ))

  it("rejects with what is wrong when its broker is", async () => {
    const app = celeriac({ broker: "foo://me:hush@host" })
    const error = await rejection(app.client.sendTask("proj.ping"))
    assert.match(error.message, /no transport for 'foo:\/\/'/)
    assert.match((await rejection(app.worker().start())).message, /no transport for 'foo:\/\/'/)
    await app.close()
  })
})
