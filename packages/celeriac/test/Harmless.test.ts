import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as EventDump from "../src/cli/monitor/EventDump.ts"
import * as Print from "../src/cli/output/Print.ts"
import * as Style from "../src/cli/output/Style.ts"
import * as Reply from "../src/cli/remote/Reply.ts"
import { harmless, inOneLine, styled } from "../src/internal/Harmless.ts"

/** The title of the window, a cleared screen, the clipboard; C1's forms of them; text turned round. */
const hostile = "\x1b]0;owned\x07\x1b[2J\x1b]52;c;cm0=\x1b\\\x9b2J\x9d0;t\x9c\u202etxt.exe\r\b"

const steers = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/

describe("foreign text", () => {
  it("is shown as what it is", () => {
    assert.strictEqual(harmless("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07")
    assert.strictEqual(harmless("\u202e\ud800"), "\\u202e\\ud800")
    assert.strictEqual(harmless("a\n\tb ü 漢 👩‍💻"), "a\n\tb ü 漢 👩‍💻")
    assert.strictEqual(inOneLine("a\nb\tc"), "a\\nb c")
  })

  it("steers nothing, whatever it is, and in colours of ours neither", () => {
    const anything = fc.string({
      unit: fc.oneof(fc.constantFrom("\x1b", "[", "2", "J", "m", ";", "\x9b", "\u202e"), fc.string())
    })
    fc.assert(fc.property(anything, (text) => {
      assert.notMatch(harmless(text), steers)
      // Colours alone are left of it.
      assert.notMatch(styled(text).replaceAll(/\x1b\[[0-9;]+m/g, ""), steers)
    }))
    const { error, name } = Style.make(true)
    assert.strictEqual(styled(`${name("a")}${error("b")}`), `${name("a")}${error("b")}`)
    assert.notMatch(styled("\x1b[8mhidden"), steers)
  })

  const printed = (print: Effect.Effect<void>) =>
    Effect.gen(function*() {
      let text = ""
      const own = { ...console, log: (...words: ReadonlyArray<unknown>) => void (text += words.join(" ")) }
      yield* Effect.provideService(print, Console.Console, own)
      return text
    })

  it.effect("in an event is harmless in the dump of events, and adds no line", () =>
    Effect.gen(function*() {
      const heard = {
        _tag: "TaskReceived",
        type: "task-received",
        hostname: `w@${hostile}`,
        timestamp: 0,
        uuid: hostile,
        name: `${hostile}\nforged`,
        args: hostile
      }
      const dump = yield* printed(EventDump.told(heard as never, false)) // as it may come from anybody
      assert.notMatch(dump, steers)
      assert.notInclude(dump, "\n")
      assert.include(dump, "\\x1b]0;owned\\x07")
      const json = yield* printed(EventDump.told(heard as never, true)) // as above
      assert.strictEqual(JSON.parse(json).args, hostile)
    }))

  it.effect("in a reply is harmless in what inspect prints", () =>
    Effect.gen(function*() {
      const style = Style.make(true)
      for (const value of [hostile, { ok: hostile }, { error: hostile }, [hostile], { a: hostile }]) {
        const text = Reply.render({ node: `w@${hostile}`, value }, style, { isQuiet: false, body: true })
        const said = yield* printed(Print.line(text, style))
        assert.notMatch(said.replaceAll(/\x1b\[[0-9;]+m/g, ""), steers)
      }
    }))
})
