import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as LinearRegExp from "../src/internal/LinearRegExp.ts"
import * as NodePattern from "../src/internal/NodePattern.ts"

const fits = (nodename: string, pattern: string, matcher: string) =>
  Result.getOrElse(NodePattern.matches(nodename, pattern, matcher), (why) => why)

/** Pieces of regular expressions that JavaScript and Python read alike. */
const pieces = fc.constantFrom(
  ..."abc.^$|".split(""),
  ...[
    "a*",
    "b+",
    "c?",
    "[ab]",
    "[^a]",
    "[a-c]*",
    "(a|b)",
    "(?:ab)*",
    "(a*)*",
    "\\w",
    "\\W",
    "\\d",
    "\\b",
    "a{2}",
    "b{0,2}"
  ]
)

describe("a pattern of node names", () => {
  it.each([
    ["celery@web1", "celery@web*", true],
    ["celery@web1", "web*", false],
    ["celery@web1", "celery@web?", true],
    ["celery@web12", "celery@web?", false],
    ["celery@web1", "celery@web[0-9]", true],
    ["celery@web1", "celery@web[!0-9]", false],
    ["celery@web]", "celery@web[]]", true],
    ["a[b", "a[b", true],
    ["celery@web-", "celery@web[a-]", true],
    ["", "*", true],
    ["", "?", false],
    ["aab", "*a*b", true]
  ])(
    "glob: %s is matched by %s: %s",
    (nodename, pattern, expected) => assert.strictEqual(fits(nodename, pattern, "glob"), expected)
  )

  it.each([
    ["celery@web1", "celery", true],
    ["celery@web1", "web", false],
    ["celery@web1", "celery@web\\d$", true],
    ["celery@web1", "(?P<name>\\w+)@web1$", true],
    ["celery@web1", "celery@(db|web)[0-9]{1,3}$", true],
    ["celery@web1", "celery@web1\\Z", true],
    ["celery@web1", "CELERY", false]
  ])(
    "pcre: %s is matched by %s: %s",
    (nodename, pattern, expected) => assert.strictEqual(fits(nodename, pattern, "pcre"), expected)
  )

  it.each(["(", ")", "[", "a**", "*", "(?=a)", "(?i)a", "\\1", "a{3,1}", "(a{4000}){4000}", "\\", "a".repeat(1000)])(
    "pcre: %s is refused, and says why",
    (pattern) => assert.match(String(fits("a", pattern, "pcre")), /^the regular expression is not understood: /)
  )

  it("of a matcher that nobody knows is refused", () =>
    assert.match(String(fits("a", "a", "evil")), /there is no matcher 'evil'/))

  it("is read as JavaScript reads it", () => {
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join("")),
        fc.array(fc.constantFrom("a", "b", "c", "1", "@"), { maxLength: 8 }).map((parts) => parts.join("")),
        (pattern, text) =>
          assert.strictEqual(LinearRegExp.compile(pattern)(text), new RegExp(`^(?:${pattern})`, "u").test(text))
      ),
      { numRuns: 2_000 }
    )
  })

  it("takes a moment, whatever it is", () => {
    const name = "a".repeat(255)
    for (const pattern of ["(a*)*b", "(a|a)*b", "(a|aa)+$b", `${"a*".repeat(200)}b`, "(.*)*x", "((a+)+)+b"]) {
      assert.strictEqual(fits(name, pattern, "pcre"), false)
    }
    assert.strictEqual(fits(name, `${"*a".repeat(200)}*b`, "glob"), false)
  })

  it("of any text is matched, not matched or refused, and never throws", () => {
    fc.assert(fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 20 }), (pattern, text) => {
      NodePattern.matches(text, pattern, "glob")
      NodePattern.matches(text, pattern, "pcre")
    }))
  })
})
