import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { celeriac, type PromiseApp, type Result, retry, signature, TaskException } from "../src/promise.ts"

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
  it("sends a task, runs it, and gives its result", () =>
    withWorker(
      (app) =>
        app.task("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int }, async ({ x, y }) =>
          x + y),
      async (add) => {
        const sent = await add.delay({ x: 2, y: 3 })
        assert.strictEqual(await sent.get({ timeoutMs: 5000 }), 5)
        assert.deepStrictEqual([await sent.state(), await sent.ready()], ["SUCCESS", true])
        assert.strictEqual(await add.execute({ x: 1, y: 1 }, { timeoutMs: 5000 }), 2)
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
        const sent = await app.client.send(message, { timeoutMs: 5_000 })
        assert.strictEqual(sent.id, id)
        assert.strictEqual(await sent.get({ timeoutMs: 5_000 }), 8)
        assert.match((await rejection(app.client.send("nothing"))).message, /no task as PreparedTask.encode writes one/)
      }
    ))

  it("sends many calls in one go, or none when one of them makes no sense", () =>
    withWorker(
      (app) => app.task("proj.double", { parameters: { x: Schema.Int } }, ({ x }) => 2 * x),
      async (double) => {
        const sent = await double.applyMany([{ x: 1 }, { x: 2 }, { x: 3 }], { priority: 1 })
        assert.deepStrictEqual(await Promise.all(sent.map((one) => one.get({ timeoutMs: 5_000 }))), [2, 4, 6])
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
        assert.strictEqual(await sent.get({ timeoutMs: 5_000 }), 8)
        const alone = await app.client.delay(shout.si({ text: "a" }), undefined, { taskId: "mine" })
        assert.deepStrictEqual([alone.id, await alone.get({ timeoutMs: 5_000 })], ["mine", "A"])
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

  it("rejects with what is wrong when its broker is", async () => {
    const app = celeriac({ broker: "foo://me:hush@host" })
    const error = await rejection(app.client.sendTask("proj.ping"))
    assert.match(error.message, /no transport for 'foo:\/\/'/)
    assert.match((await rejection(app.worker().start())).message, /no transport for 'foo:\/\/'/)
    await app.close()
  })
})
