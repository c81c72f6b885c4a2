import * as Control from "@celeriac/bootsteps/Control"
import * as Signals from "@celeriac/worker/state/Signals"
import { afterEach, assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { vi } from "vitest"
import { Lines, settled } from "../support.ts"

const emit = (signal: NodeJS.Signals) => Effect.andThen(Effect.sync(() => process.emit(signal, signal)), settled)

/** Listens, with a `process.exit` that only tells. */
const listening = Effect.gen(function*() {
  const exits: Array<unknown> = []
  vi.spyOn(process, "exit").mockImplementation((code) => {
    exits.push(code)
    return undefined as never // it does not leave here
  })
  const control = yield* Control.make
  yield* Signals.listen(control)
  return { control, exits }
})

afterEach(() => vi.restoreAllMocks())

describe("Signals", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.effect(`${signal} asks for a warm stop, a second one for a cold one, and a third leaves`, () => {
      const lines = new Lines()
      return Effect.gen(function*() {
        const { control, exits } = yield* listening
        yield* emit(signal)
        assert.deepStrictEqual(control.currentUnsafe(), { _tag: "Shutdown", signal })
        yield* emit(signal)
        assert.deepStrictEqual(control.currentUnsafe(), { _tag: "Terminate", signal })
        assert.deepStrictEqual(exits, [])
        yield* emit(signal)
        assert.deepStrictEqual(exits, [1])
        const again = signal === "SIGINT" ? "Hitting Ctrl+C" : `Sending ${signal}`
        assert.deepStrictEqual(lines.all.map(({ text }) => text), [
          `worker: ${again} again will initiate cold shutdown, terminating all running tasks!`,
          "worker: Warm shutdown (MainProcess)",
          "worker: Cold shutdown (MainProcess)",
          `worker: ${signal} during a cold shutdown: leaving at once`
        ])
      }).pipe(Effect.scoped, Effect.provide(lines.layer))
    })
  }

  it.effect("SIGQUIT asks for a cold stop at once, whether a warm one goes on or not", () =>
    Effect.gen(function*() {
      const first = yield* listening
      yield* emit("SIGQUIT")
      assert.deepStrictEqual(first.control.currentUnsafe(), { _tag: "Terminate", signal: "SIGQUIT" })
      const second = yield* listening
      yield* emit("SIGTERM")
      yield* emit("SIGQUIT")
      assert.deepStrictEqual(second.control.currentUnsafe(), { _tag: "Terminate", signal: "SIGQUIT" })
    }).pipe(Effect.scoped, Effect.provide(new Lines().layer)))

  it.effect("with a soft shutdown what runs has so long before it is ended, and one more signal ends that", () => {
    const lines = new Lines()
    const listening = (softShutdown: Duration.Input) =>
      Effect.gen(function*() {
        const control = yield* Control.make
        yield* Signals.listen(control, { softShutdown })
        return control
      })
    return Effect.gen(function*() {
      const first = yield* listening("3 seconds")
      yield* emit("SIGQUIT")
      assert.deepStrictEqual(first.currentUnsafe(), { _tag: "Shutdown", signal: "SIGQUIT" })
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(first.currentUnsafe()?._tag, "Shutdown")
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(first.currentUnsafe(), { _tag: "Terminate", signal: "SIGQUIT" })
      assert.deepStrictEqual(lines.all.map(({ text }) => text), [
        "Initiating Soft Shutdown, terminating in 3 seconds",
        "worker: Cold shutdown (MainProcess)"
      ])
      const second = yield* listening("1 hour")
      for (const signal of ["SIGTERM", "SIGTERM"] as const) yield* emit(signal)
      assert.strictEqual(second.currentUnsafe()?._tag, "Shutdown")
      yield* emit("SIGTERM")
      assert.strictEqual(second.currentUnsafe()?._tag, "Terminate")
    }).pipe(Effect.scoped, Effect.provide(lines.layer))
  })

  it.effect("one that waits on idle too says so to the steps, and is ended by its time", () =>
    Effect.gen(function*() {
      const control = yield* Control.make
      yield* Signals.listen(control, { softShutdown: "3 seconds", onIdle: true })
      yield* emit("SIGQUIT")
      assert.deepStrictEqual(control.currentUnsafe(), { _tag: "Shutdown", signal: "SIGQUIT", lasts: true })
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(control.currentUnsafe(), { _tag: "Terminate", signal: "SIGQUIT" })
    }).pipe(Effect.scoped, Effect.provide(new Lines().layer)))

  it.effect("SIGHUP asks for a warm stop, and no more, however many come; then SIGTERM is the first of its kind", () => {
    const lines = new Lines()
    const heard: Array<Signals.Signal> = []
    return Effect.gen(function*() {
      const { control, exits } = yield* listening
      for (const signal of ["SIGHUP", "SIGHUP", "SIGHUP"] as const) yield* emit(signal)
      assert.deepStrictEqual(control.currentUnsafe(), { _tag: "Shutdown", signal: "SIGHUP" })
      assert.deepStrictEqual(lines.all.map(({ text }) => text), ["worker: Hung up: Warm shutdown (MainProcess)"])
      yield* emit("SIGTERM")
      assert.strictEqual(control.currentUnsafe()?._tag, "Shutdown")
      yield* emit("SIGTERM")
      assert.strictEqual(control.currentUnsafe()?._tag, "Terminate")
      assert.deepStrictEqual(exits, [])
      assert.deepStrictEqual(heard, ["SIGHUP", "SIGHUP", "SIGHUP", "SIGTERM", "SIGTERM"])
    }).pipe(
      Effect.scoped,
      Effect.provideService(Signals.Heard, (signal) => void heard.push(signal)),
      Effect.provide(lines.layer)
    )
  })

  it.effect("sets other listeners aside while it listens, and gives them back as they were", () =>
    Effect.gen(function*() {
      const heard: Array<string> = []
      const always = () => heard.push("always")
      const once = () => heard.push("once")
      const before = process.rawListeners("SIGTERM")
      process.on("SIGTERM", always)
      process.once("SIGTERM", once)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* listening
        assert.strictEqual(process.listenerCount("SIGTERM"), 1)
        yield* emit("SIGTERM")
        assert.deepStrictEqual(heard, [])
      }))
      process.emit("SIGTERM", "SIGTERM")
      process.emit("SIGTERM", "SIGTERM")
      assert.deepStrictEqual(heard, ["always", "once", "always"])
      process.removeListener("SIGTERM", always)
      assert.deepStrictEqual(process.rawListeners("SIGTERM"), before)
    }).pipe(Effect.provide(new Lines().layer)))

  it.effect("leaves when a cold stop takes more than four and a half seconds, and not before", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    return Effect.gen(function*() {
      const { exits } = yield* listening
      yield* emit("SIGQUIT")
      vi.advanceTimersByTime(4_499)
      yield* settled
      assert.deepStrictEqual(exits, [])
      vi.advanceTimersByTime(1)
      yield* settled
      assert.deepStrictEqual(exits, [1])
    }).pipe(
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => vi.useRealTimers())),
      Effect.provide(new Lines().layer)
    )
  })

  it.effect("has no patience left over for a stop that came to its end", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    return Effect.gen(function*() {
      const exits = yield* Effect.scoped(Effect.gen(function*() {
        const { exits } = yield* listening
        yield* emit("SIGQUIT")
        return exits
      }))
      vi.advanceTimersByTime(10_000)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(exits, [])
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())), Effect.provide(new Lines().layer))
  })
})

/** A worker's process, what it says, and how it ends. */
const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../fixtures/process.ts", import.meta.url)), ...args], {
    stdio: ["pipe", "pipe", "pipe"]
  })
  let said = ""
  const listeners = new Set<() => void>()
  const hear = (chunk: Buffer) => {
    said += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout.on("data", hear)
  child.stderr.on("data", hear)
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal, said }))
  return {
    child,
    ended,
    /** Waits until the process has said it. */
    says: (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!said.includes(text)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`it ended before it said ${text}: ${said}`)))
      })
  }
}

describe("a process that runs a worker under runMain", () => {
  it("finishes its task after SIGTERM, and exits with 0", async () => {
    const { child, ended, says } = start()
    await says("running")
    child.kill("SIGTERM")
    await says("Warm shutdown")
    child.stdin.write("go\n")
    const { code, said } = await ended
    assert.strictEqual(code, 0, said)
    assert.match(said, /done\n[^]*left in good order/)
    assert.notInclude(said, "interrupted")
  })

  it("interrupts its task after a second signal, and exits with 1", async () => {
    const { child, ended, says } = start()
    await says("running")
    child.kill("SIGINT")
    await says("Warm shutdown")
    child.kill("SIGINT")
    const { code, said } = await ended
    assert.strictEqual(code, 1, said)
    assert.match(said, /Cold shutdown[^]*interrupted\n[^]*left in good order/)
  })

  it("leaves a task that cannot be interrupted after a third signal", async () => {
    const { child, ended, says } = start("stubborn")
    await says("running")
    child.kill("SIGTERM")
    await says("Warm shutdown")
    child.kill("SIGTERM")
    await says("Cold shutdown")
    child.kill("SIGTERM")
    const { code, said } = await ended
    assert.strictEqual(code, 1, said)
    assert.include(said, "SIGTERM during a cold shutdown: leaving at once")
    assert.notInclude(said, "left in good order")
  })
})
