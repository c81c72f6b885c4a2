import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as Blueprint from "../src/Blueprint.ts"
import { BootGraphError, type Reason } from "../src/BootGraphError.ts"
import * as Bootstep from "../src/Bootstep.ts"

const tag = (name: string) => Context.Service<string>(name)

/** A step named in lower case, that provides its name in upper case and requires the others'. */
const node = (name: string, requires: ReadonlyArray<string> = [], options?: { readonly last?: boolean }) =>
  Bootstep.implement(tag(name.toUpperCase()))(name, {
    requires: requires.map((other) => tag(other.toUpperCase())),
    start: Effect.succeed(name),
    ...options
  })

const refuse = (steps: ReadonlyArray<Bootstep.Any>): { readonly reason: Reason; readonly message: string } => {
  const result = Blueprint.makeResult("Worker", steps)
  if (Result.isSuccess(result)) throw new Error("was accepted")
  return { reason: result.failure.reason, message: result.failure.message }
}

const caught = (wrong: () => unknown): Error => {
  try {
    wrong()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error("was accepted")
}

const firstFrame = (error: Error) => error.stack?.split("\n").find((line) => line.startsWith("    at "))

describe("BootGraph", () => {
  it("lets declaration order decide between independent steps", () => {
    const names = (...steps: ReadonlyArray<Bootstep.Any>) =>
      Blueprint.order(Result.getOrThrow(Blueprint.makeResult("Worker", steps)))
    assert.deepStrictEqual(names(node("c"), node("a"), node("b")), ["c", "a", "b"])
    assert.deepStrictEqual(names(node("pool", ["hub"]), node("db"), node("hub", ["timer"]), node("timer")), [
      "db",
      "timer",
      "hub",
      "pool"
    ])
    assert.deepStrictEqual(names(node("consumer", [], { last: true }), node("a"), node("b")), ["a", "b", "consumer"])
  })

  it("puts steps that may start together on one level", () => {
    const blueprint = Result.getOrThrow(
      Blueprint.makeResult("Worker", [node("a"), node("b", ["a"]), node("c", ["a"]), node("d", ["b", "c"]), node("e")])
    )
    assert.deepStrictEqual(Blueprint.levels(blueprint), [["a", "e"], ["b", "c"], ["d"]])
  })

  it("refuses what can never boot, and names the steps involved", () => {
    const cases: ReadonlyArray<readonly [ReadonlyArray<Bootstep.Any>, object, string]> = [
      [
        [node("x", ["a"]), node("a", ["b"]), node("b", ["c"]), node("c", ["a"])],
        { _tag: "Cycle", steps: ["a", "b", "c"] },
        "Blueprint 'Worker' cannot boot: its steps require one another in a circle (a -> b -> c -> a). " +
        "Take one of these requirements away"
      ],
      [
        [node("a", ["a"])],
        { _tag: "Cycle", steps: ["a"] },
        "Blueprint 'Worker' cannot boot: its steps require one another in a circle (a -> a). " +
        "Take one of these requirements away"
      ],
      [
        [node("a", ["z"]), node("z", [], { last: true })],
        { _tag: "Cycle", steps: ["a", "z"] },
        "Blueprint 'Worker' cannot boot: its steps require one another in a circle (a -> z -> a). " +
        "Take one of these requirements away"
      ],
      [
        [node("a"), node("b"), node("a")],
        { _tag: "DuplicateName", name: "a" },
        "Blueprint 'Worker' cannot boot: two steps are named 'a'. Rename one, or put it in the place of the other: " +
        "Blueprint.replace(blueprint, step), or worker.replace(step) for a worker"
      ],
      [
        [node("a"), Bootstep.implement(tag("A"))("b", { start: Effect.succeed("b") })],
        { _tag: "SeveralProviders", service: "A", steps: ["a", "b"] },
        "Blueprint 'Worker' cannot boot: 'a' and 'b' both provide 'A'. Keep one"
      ],
      [
        ["Mail", "OtherMail", "ThirdMail"].map((name) =>
          Bootstep.implement(tag("Bootstep/Mail"))(name, { start: Effect.succeed("mail") })
        ),
        { _tag: "SeveralProviders", service: "Bootstep/Mail", steps: ["Mail", "OtherMail", "ThirdMail"] },
        "Blueprint 'Worker' cannot boot: 'Mail', 'OtherMail' and 'ThirdMail' all provide 'Mail'. Keep one"
      ],
      [
        [node("a", [], { last: true }), node("b", [], { last: true })],
        { _tag: "SeveralLast", steps: ["a", "b"] },
        "Blueprint 'Worker' cannot boot: 'a' and 'b' both want to be the last step. Keep one, and let it require the others"
      ],
      [
        [node("a", ["pool"])],
        { _tag: "MissingRequirement", step: "a", service: "POOL" },
        "Blueprint 'Worker' cannot boot: bootstep 'a' requires 'POOL', which no step of this blueprint provides. " +
        "Add the step that does, or list the service in 'expects'"
      ]
    ]
    for (const [steps, reason, message] of cases) {
      const refusal = refuse(steps)
      assert.deepStrictEqual({ ...refusal.reason }, reason)
      assert.strictEqual(refusal.message, message)
    }
  })

  describe("when the blueprint is defined", () => {
    const untyped: (steps: ReadonlyArray<Bootstep.Any>) => Blueprint.Blueprint<"Worker", unknown, unknown, unknown> = (
      steps
    ) => Result.getOrThrow(Blueprint.makeResult("Worker", steps))
    const a: Bootstep.Any = Bootstep.make("a", { start: Effect.void })
    const pool: Bootstep.Any = Bootstep.implement(tag("Pool"))("a", { start: Effect.succeed("pool") })

    it("is thrown", () => {
      assert.throws(() => Blueprint.make("Worker", [a, a]), BootGraphError, "two steps are named 'a'")
      assert.throws(
        () => Blueprint.replace(untyped([node("b"), node("c")]), a),
        BootGraphError,
        "it has no step named 'a' to replace. Its steps are 'b' and 'c'"
      )
      assert.throws(() => Blueprint.replace(untyped([pool]), a), BootGraphError, "must provide 'Pool', as it does")
    })

    it("points at the file and line of whoever did", () => {
      for (
        const wrong of [
          () => Blueprint.make("Worker", [a, a]),
          () => Blueprint.add(untyped([a]), a),
          () => Blueprint.replace(untyped([pool]), a)
        ]
      ) {
        assert.include(firstFrame(caught(wrong)), "BootGraph.test.ts")
      }
    })

    it("is thrown for a requirement that is not there yet, as in files that import each other", () => {
      const late: { tag?: Context.Key<string, string> } = {}
      const error = caught(() => Bootstep.make("Early", { requires: [tag("Hub"), late.tag!], start: Effect.void }))
      assert.strictEqual(
        error.message,
        "Bootstep 'Early' cannot be defined: requirement 2 of 2 is undefined. Is it declared further down, or do " +
          "two steps, or their files, require each other in a circle?"
      )
      assert.include(firstFrame(error), "BootGraph.test.ts")
    })
  })

  it("orders every graph without a cycle, and finds every cycle", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 12 }).chain((size) =>
        fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 4 }), { minLength: size, maxLength: size })
      ),
      (requires) => {
        const steps = requires.map((needs, index) => node(`s${index}`, needs.map((need) => `s${need}`)))
        const result = Blueprint.makeResult("Worker", steps)
        if (Result.isSuccess(result)) {
          const order = Blueprint.order(result.success)
          assert.strictEqual(order.length, steps.length)
          for (const [index, needs] of requires.entries()) {
            for (const need of needs) assert.isBelow(order.indexOf(`s${need}`), order.indexOf(`s${index}`))
          }
        } else {
          const { reason } = result.failure
          assert.strictEqual(reason._tag, "Cycle")
          if (reason._tag !== "Cycle") return
          for (const [at, name] of reason.steps.entries()) {
            const next = reason.steps[(at + 1) % reason.steps.length]!
            assert.include(requires[Number(name.slice(1))], Number(next.slice(1)))
          }
        }
      }
    ))
  })
})

describe("Diagram", () => {
  class Hub extends Bootstep.Service<Hub, object>()("Hub", { start: Effect.die("started by drawing") }) {}
  class Pool extends Bootstep.Service<Pool, object>()("Pool", { requires: [Hub], start: Effect.succeed({}) }) {}
  const Beat = Bootstep.make("Beat", { conditional: true, start: Effect.void })
  class Connection extends Bootstep.Service<Connection, object>()("Connection", { start: Effect.succeed({}) }) {}
  const Evloop = Bootstep.make("Evloop", {
    label: "event \"loop\"",
    last: true,
    requires: [Connection],
    start: Effect.void
  })
  const worker = Blueprint.make("Worker", [
    Hub,
    Pool,
    Beat,
    Blueprint.step("Consumer", {
      blueprint: Blueprint.make("Consumer", [Connection, Evloop]),
      last: true,
      until: Effect.never
    })
  ])

  it("draws a blueprint and the one nested in it as one flowchart", () => {
    assert.strictEqual(
      Blueprint.toMermaid(worker),
      `flowchart TB
  subgraph b0["Worker"]
    b0s0["Hub"]
    b0s1["Pool"]
    b0s2["∘Beat"]
    b0s3["⧉Consumer"]
  end
  subgraph b1["Consumer"]
    b1s0["Connection"]
    b1s1["⧉event #quot;loop#quot;"]
  end
  b0s0 --> b0s1
  b0s1 -.-> b0s3
  b0s2 -.-> b0s3
  b1s0 --> b1s1
  b0s3 -.-> b1s0`
    )
  })

  it("leaves out an arrow that follows from others", () => {
    const steps = [node("a"), node("b", ["a"]), node("c", ["a", "b"]), node("d", ["a", "b", "c"], { last: true })]
    const arrows = Blueprint.toMermaid(Result.getOrThrow(Blueprint.makeResult("Worker", steps))).split("\n")
      .filter((line) => line.includes("->"))
    assert.deepStrictEqual(arrows, ["  b0s0 --> b0s1", "  b0s1 --> b0s2", "  b0s2 --> b0s3"])
  })

  it("draws the same for GraphViz", () => {
    assert.strictEqual(
      Blueprint.toGraphViz(worker),
      `digraph "Worker" {
  node [shape=box]
  subgraph "cluster_b0" {
    label="Worker"
    b0s0 [label="Hub"]
    b0s1 [label="Pool"]
    b0s2 [label="∘Beat"]
    b0s3 [label="⧉Consumer"]
  }
  subgraph "cluster_b1" {
    label="Consumer"
    b1s0 [label="Connection"]
    b1s1 [label="⧉event \\"loop\\""]
  }
  b0s0 -> b0s1
  b0s1 -> b0s3 [style=dashed]
  b0s2 -> b0s3 [style=dashed]
  b1s0 -> b1s1
  b0s3 -> b1s0 [style=dashed]
}`
    )
  })
})
