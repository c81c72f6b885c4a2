import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Progress from "../src/cli/output/Progress.ts"

const terminal = (isTTY: boolean) => {
  const said: Array<string> = []
  return { said, terminal: { isTTY, columns: 30, write: (text: string) => void said.push(text) } }
}

describe("progress", () => {
  it.effect("is one line that says for how long, and is gone then", () =>
    Effect.gen(function*() {
      const { said, terminal: own } = terminal(true)
      const work = Effect.as(Effect.sleep("2 seconds"), "done")
      const fiber = yield* Effect.forkChild(
        Progress.during("asks all the workers there are", { quiet: false, terminal: own })(work)
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "done")
      assert.deepStrictEqual(said, [
        "\rasks all the workers there ar\x1b[K",
        "\rasks all the workers there ar\x1b[K",
        "\r\x1b[K"
      ])
      const short = terminal(true)
      const other = yield* Effect.forkChild(Progress.during("asks", { quiet: false, terminal: short.terminal })(work))
      yield* TestClock.adjust("1600 millis")
      assert.deepStrictEqual(short.said, ["\rasks ... 0 s\x1b[K", "\rasks ... 1 s\x1b[K"])
      yield* Fiber.interrupt(other)
      assert.strictEqual(short.said.at(-1), "\r\x1b[K")
    }))

  it.effect("gives way to what is printed meanwhile, and comes again; it may say how far things are", () =>
    Effect.gen(function*() {
      const { said, terminal: own } = terminal(true)
      const line = Progress.make({ quiet: false, terminal: own })
      const print = (text: string) => line.above(Effect.sync(() => void own.write(text)))
      const fiber = yield* Effect.forkChild(
        print("early\n").pipe(
          Effect.andThen(Effect.sleep("1 second")),
          Effect.andThen(print("late\n")),
          Effect.andThen(Effect.sleep("1 second")),
          line.during((seconds) => `waits ${seconds} of 2 s`)
        )
      )
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(said, [
        "early\n",
        "\rwaits 0 of 2 s\x1b[K",
        "\r\x1b[K",
        "late\n",
        "\rwaits 1 of 2 s\x1b[K",
        "\r\x1b[K"
      ])
    }))

  it.effect("is not worth a word when it is short, and none for programs and the quiet", () =>
    Effect.gen(function*() {
      const { said, terminal: own } = terminal(true)
      const none = terminal(false)
      const fibers = yield* Effect.forEach(
        [
          Progress.during("a", { quiet: false, terminal: own })(Effect.sleep("400 millis")),
          Progress.during("b", { quiet: true, terminal: own })(Effect.sleep("4 seconds")),
          Progress.during("c", { quiet: false, json: true, terminal: own })(Effect.sleep("4 seconds")),
          Progress.during("d", { quiet: false, terminal: none.terminal })(Effect.sleep("4 seconds"))
        ],
        (effect) => Effect.forkChild(effect)
      )
      yield* TestClock.adjust("4 seconds")
      yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      assert.deepStrictEqual([...said, ...none.said], [])
    }))
})
