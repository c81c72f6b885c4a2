import type { ExchangeType } from "@celeriac/messaging/Entity"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Routing from "../../src/transports/internal/MemoryRouting.ts"

const routed = (router: Routing.Router<number>, routingKey: string, headers: Record<string, unknown> = {}) => {
  const targets = new Set<number>()
  router.route(routingKey, headers, (target) => targets.add(target))
  return [...targets].sort((a, b) => a - b)
}

/** What the specification says, word for word. */
const matches = (pattern: ReadonlyArray<string>, words: ReadonlyArray<string>): boolean => {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === "#") return matches(rest, words) || (words.length > 0 && matches(pattern, words.slice(1)))
  return words.length > 0 && (first === "*" || first === words[0]) && matches(rest, words.slice(1))
}

const split = (key: string) => key === "" ? [] : key.split(".")

const patterns = fc.array(fc.constantFrom("a", "b", "*", "#"), { maxLength: 5 }).map((words) => words.join("."))
const keys = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 }).map((words) => words.join("."))

describe("MemoryRouting", () => {
  it("matches topics as the specification says, also after bindings went", () => {
    fc.assert(
      fc.property(
        fc.array(patterns, { maxLength: 12 }),
        fc.array(fc.nat(11), { maxLength: 6 }),
        fc.array(keys, { maxLength: 6 }),
        (bound, removed, published) => {
          const router = Routing.make<number>("topic")
          bound.forEach((pattern, target) => router.add(target, pattern, {}))
          const gone = new Set(removed.filter((target) => target < bound.length))
          for (const target of gone) router.remove(target, bound[target]!, {})
          for (const key of published) {
            const expected = bound.flatMap((pattern, target) =>
              !gone.has(target) && matches(split(pattern), split(key)) ? [target] : []
            )
            assert.deepStrictEqual(routed(router, key), expected, key)
          }
        }
      )
    )
  })

  it("matches a pattern of many # in a moment", () => {
    const router = Routing.make<number>("topic")
    router.add(1, `${"#.a.".repeat(40)}#.b`, {})
    const key = Array.from({ length: 120 }, () => "a").join(".")
    assert.deepStrictEqual(routed(router, key), [])
    assert.deepStrictEqual(routed(router, `${key}.b`), [1])
  })

  it("keeps a target for as long as one of its bindings is left", () => {
    for (const type of ["direct", "fanout", "topic"] satisfies ReadonlyArray<ExchangeType>) {
      const router = Routing.make<number>(type)
      router.add(1, "a", { one: 1 })
      router.add(1, "a", { two: 2 })
      router.remove(1, "a", { one: 1 })
      assert.deepStrictEqual(routed(router, "a"), [1], type)
      router.remove(1, "a", { two: 2 })
      router.remove(1, "a", { two: 2 })
      assert.deepStrictEqual(routed(router, "a"), [], type)
    }
  })

  it("takes words of a routing key for words and for nothing else", () => {
    const router = Routing.make<number>("topic")
    router.add(1, "__proto__.constructor", {})
    router.add(2, "a..b", {})
    assert.deepStrictEqual(routed(router, "__proto__.constructor"), [1])
    assert.deepStrictEqual(routed(router, "toString"), [])
    assert.deepStrictEqual(routed(router, "a..b"), [2])
    assert.deepStrictEqual(routed(router, "a.b"), [])
  })

  it.each<[args: Record<string, unknown>, headers: Record<string, unknown>, matches: boolean]>([
    [{ "x-match": "all", a: 1, b: 2 }, { a: 1, b: 2 }, true],
    [{ "x-match": "all", a: 1, b: 2 }, { a: 1 }, false],
    [{ "x-match": "any", a: 1, b: 2 }, { b: 2 }, true],
    [{ "x-match": "any", a: 1 }, { a: 2 }, false],
    [{ "x-match": "any" }, { a: 1 }, false],
    [{}, { a: 1 }, true],
    [{ a: null }, { a: "whatever" }, true],
    [{ a: null }, {}, false],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    [{ "x-other": 1 }, {}, true],
    [{ "x-match": "all-with-x", "x-other": 1 }, {}, false],
    [{ "x-match": "any-with-x", "x-other": 1 }, { "x-other": 1 }, true],
    [{ toString: null }, {}, false]
  ])("matches headers: %j against %j is %j", (args, headers, expected) => {
    const router = Routing.make<number>("headers")
    router.add(1, "", args)
    assert.deepStrictEqual(routed(router, "", headers), expected ? [1] : [])
    router.remove(1, "", args)
    assert.deepStrictEqual(routed(router, "", headers), [])
  })
})
