import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import { draw } from "@celeriac/tasks/canvas/CanvasDrawing"
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import * as EventCodec from "@celeriac/tasks/event/EventCodec"
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { store } from "@celeriac/tasks/result/ResultWriter"
import * as Signature from "@celeriac/tasks/Signature"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"

const task = (name: string, args: ReadonlyArray<unknown> = [], options = {}): SignatureJson => ({
  task: name,
  args,
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false
})
const chain = (tasks: ReadonlyArray<unknown>, options = {}): SignatureJson => ({
  task: "celery.chain",
  kwargs: { tasks },
  options,
  subtask_type: "chain"
})
const group = (tasks: ReadonlyArray<unknown>, options = {}): SignatureJson => ({
  task: "celery.group",
  kwargs: { tasks },
  options,
  subtask_type: "group"
})
const chord = (header: unknown, body: unknown, options = {}): SignatureJson => ({
  task: "celery.chord",
  kwargs: { header, body },
  options,
  subtask_type: "chord"
})

/** A chain in which a group is followed by something, with what is linked, and what runs after a failure. */
const order = chain([
  task("shop.order", [7], { queue: "orders" }),
  group([task("stock.take", [1]), { ...task("pay.card"), immutable: true, kwargs: { pan: "4711" } }]),
  task("shop.ship", [], { link: [task("log.info")], link_error: [task("shop.undo", ["both"])] })
])

const lines = (text: string): string => text.replace(/^\n/, "").replace(/\n *$/, "")

/** What a line of Mermaid may be, as far as these drawings go. */
const mermaid =
  /^(flowchart TB| +subgraph b\d+\["[^"]*"\]| +end| +n\d+(\["[^"<>`]*(<br\/>[^"<>`]*)*"\]|\(\("[^"]*"\)\))(:::[a-z]+)?| +n\d+ (-->|-\. (link|on error|sent) \.->) n\d+| +linkStyle [\d,]+ \S+| +classDef [a-z]+ .+)$/

const quoted = String.raw`"(?:[^"\\]|\\.)*"`
const dot = new RegExp(
  `^(digraph canvas \\{| *\\}| +subgraph ${quoted} \\{| +label=${quoted}| +node \\[.*\\]| +n\\d+ \\[label=${quoted}(, [a-z]+=(${quoted}|[a-z]+))*\\]| +n\\d+ -> n\\d+( \\[style=dashed, label=${quoted}(, [a-z]+=${quoted})*\\])?)$`
)

const fits = (text: string, line: RegExp): void => {
  for (const each of text.split("\n")) assert.match(each, line)
}

describe("a canvas before it ran", () => {
  it("is a tree in the terminal", () => {
    assert.strictEqual(
      draw(order),
      lines(`
chain
├─ shop.order(7) · queue orders
└─ chord
   ├─ group of 2
   │  ├─ 0 stock.take(…, 1)
   │  └─ 1 pay.card.si(pan='4711')
   └─ then shop.ship(…)
      ├╌ link log.info(…)
      └╌ on error shop.undo(…, 'both')
`)
    )
  })

  it("is Mermaid, with the chord's parts meeting in a point, links dashed and errbacks red", () => {
    const drawn = draw(order, { format: "mermaid" })
    assert.strictEqual(
      drawn,
      lines(`
flowchart TB
  n0["shop.order(7)<br/>queue orders"]
  subgraph b1["chord of 2"]
    n2["0 · stock.take(…, 1)"]
    n3["1 · pay.card.si(pan='4711')"]
  end
  n4["shop.ship(…)"]
  n5["log.info(…)"]
  n6["shop.undo(…, 'both')"]:::errback
  n7(("all"))
  n4 -. link .-> n5
  n4 -. on error .-> n6
  n2 --> n7
  n3 --> n7
  n7 --> n4
  n0 --> n2
  n0 --> n3
  linkStyle 1 stroke:#c62828,color:#c62828
  classDef errback stroke:#c62828,color:#c62828
`)
    )
    fits(drawn, mermaid)
  })

  it("is DOT", () => {
    const drawn = draw(order, { format: "dot" })
    assert.strictEqual(
      drawn,
      lines(String.raw`
digraph canvas {
  node [shape=box, style="rounded,filled", fillcolor=white]
  n0 [label="shop.order(7)\nqueue orders"]
  subgraph "cluster_b1" {
    label="chord of 2"
    n2 [label="0 · stock.take(…, 1)"]
    n3 [label="1 · pay.card.si(pan='4711')"]
  }
  n4 [label="shop.ship(…)"]
  n5 [label="log.info(…)"]
  n6 [label="shop.undo(…, 'both')", color="#c62828", fontcolor="#c62828"]
  n7 [label="all", shape=circle]
  n4 -> n5 [style=dashed, label="link"]
  n4 -> n6 [style=dashed, label="on error", color="#c62828", fontcolor="#c62828"]
  n2 -> n7
  n3 -> n7
  n7 -> n4
  n0 -> n2
  n0 -> n3
}
`)
    )
    fits(drawn, dot)
  })

  it("shows chords in chords, groups without a body, and what is called for many", () => {
    const drawn = draw(chord(
      group([chord([task("a")], task("b")), chain([task("c"), task("d")])]),
      group([task("celery.starmap", []), {
        ...task("celery.chunks"),
        kwargs: { task: task("math.add"), it: [1, 2, 3], n: 2 }
      }]),
      { link_error: task("undo") }
    ))
    assert.strictEqual(
      drawn,
      lines(`
chord
├─ group of 2
│  ├─ 0 chord
│  │  ├─ group of 1
│  │  │  └─ 0 a()
│  │  └─ then b(…)
│  └─ 1 chain
│     ├─ c()
│     └─ d(…)
├─ then group of 2
│  ├─ 0 celery.starmap(…)
│  └─ 1 chunks math.add over 3 by 2
└╌ on error undo(…)
`)
    )
  })

  it("is drawn of a signature as well, and says nothing where there is nothing", () => {
    const signature = Signature.make("proj.add", { args: [2, 2] }).link(Signature.make("proj.tell"))
    assert.strictEqual(draw(signature), "proj.add(2, 2)\n└╌ link proj.tell(…)")
    assert.strictEqual(draw(chain([])), "chain")
    assert.strictEqual(draw(group([])), "group of 0")
    fits(draw(group([chain([])]), { format: "mermaid" }), mermaid)
  })

  it("is no larger for being of thousands, wide or long", () => {
    const wide = group(Array.from({ length: 10_000 }, (_, index) => task("img.resize", [index])))
    const drawn = draw(wide)
    assert.strictEqual(drawn.split("\n")[0], "group of 10,000")
    assert.strictEqual(drawn.split("\n").at(-1), "└─ … 9,990 more")
    assert.lengthOf(drawn.split("\n"), 12)
    const long = draw(chain(Array.from({ length: 1_000 }, (_, index) => task("step", [index]))), { most: 3 })
    assert.strictEqual(
      long,
      lines(`
chain
├─ step(0)
├─ step(…, 1)
├─ … 997 more
└─ step(…, 999)
`)
    )
    // To leave out one saves nothing.
    assert.notInclude(draw(group(Array(11).fill(task("a")))), "more")
    let deep = task("end")
    for (let level = 0; level < 1_000; level++) deep = chord([deep, deep], task("body"), { link: [task("log")] })
    for (const format of ["text", "mermaid", "dot"] as const) {
      const all = draw(deep, { format })
      assert.isBelow(all.split("\n").length, 4_000)
      assert.include(all, "…")
    }
  })

  it("stays within the width that is there, counted as terminals do", () => {
    const drawn = draw(group([task("x".repeat(60)), task("例".repeat(40)), task("e\u0301".repeat(5))]), { width: 30 })
    assert.deepStrictEqual(drawn.split("\n"), [
      "group of 3",
      `├─ 0 ${"x".repeat(24)}…`,
      `├─ 1 ${"例".repeat(12)}…`,
      `└─ 2 ${"e\u0301".repeat(5)}()`
    ])
  })

  it("has colours where they are asked for, and lets nobody else's through", () => {
    const drawn = draw(task("a\u001B[31m", [], { link_error: [task("b")] }), { colour: true })
    assert.strictEqual(drawn, "a�[31m()\n└╌ \u001B[31mon error b(…)\u001B[39m")
  })

  it("is drawn without what is no signature in it, and to an end, though it holds itself", () => {
    const loop: { task: string; subtask_type: string; kwargs: { tasks: Array<unknown> }; options: unknown } = {
      task: "celery.group",
      subtask_type: "group",
      kwargs: { tasks: [task("a")] },
      options: {}
    }
    loop.kwargs.tasks.push(loop, loop)
    loop.options = { link: loop }
    for (const format of ["text", "mermaid", "dot"] as const) {
      assert.include(draw(loop as unknown as SignatureJson, { format }), "a()")
    }
    const anything = fc.anything({ maxDepth: 3 })
    fc.assert(fc.property(
      fc.constantFrom("chain", "group", "chord", "", "more"),
      fc.record({ tasks: anything, header: anything, body: anything, task: anything, it: anything }),
      fc.dictionary(fc.constantFrom("link", "link_error", "queue", "countdown"), anything),
      (kind, kwargs, options) => {
        const one = { ...task("celery.chunks"), kwargs, options, subtask_type: kind }
        assert.isString(
          draw({ ...one, kwargs: { ...kwargs, header: [one, kwargs.header], tasks: [one, kwargs.tasks] } })
        )
      }
    ))
  })

  it("is well formed, whatever names and arguments hold", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 })
    fc.assert(fc.property(text, fc.anything(), fc.anything(), (name, value, options) => {
      const all = chain([group([task(name, [value]), task("b")]), task(name, [], { link: options, queue: name })])
      fits(draw(all, { format: "mermaid" }), mermaid)
      fits(draw(all, { format: "dot" }), dot)
      assert.isString(draw(all))
    }))
  })
})

describe("a canvas after it ran", () => {
  const stored = (id: string, status: string, options: ResultRecord.Options = {}) =>
    store(ResultRecord.make(id, status, { dateDone: 0, ...options }), { replyTo: undefined, correlationId: id })
  const extended = (name: string, args: ReadonlyArray<unknown>) => ({
    extended: { name, args, kwargs: {}, worker: "celery@vm", retries: 0, queue: "celery" }
  })
  const sent = AsyncResult.decode(ResultTuple.stringify(
    ResultTuple.task("d", ResultTuple.group("g", [ResultTuple.task("b"), ResultTuple.task("c")], ResultTuple.task("a")))
  ))

  it.effect("shows states, times and workers, causes, and what was sent while it ran", () =>
    Effect.gen(function*() {
      const result = yield* sent
      yield* stored("a", "SUCCESS", {
        ...extended("shop.order", [7]),
        children: [ResultTuple.task("b"), ResultTuple.task("log")]
      })
      yield* stored("b", "STARTED", { result: { pid: 1, hostname: "celery@vm" } })
      yield* stored("c", "FAILURE", {
        ...extended("pay.card", ["4711"]),
        exception: ExceptionRecord.make("Declined", ["no money"])
      })
      const known = (id: string) => id === "b" ? { name: "stock.take", args: "(1,)", runtime: 0.51234 } : undefined
      assert.strictEqual(
        yield* draw(result, { known }),
        lines(`
chain
├─ ✔ shop.order(7) · SUCCESS · 1970-01-01 00:00:00 · celery@vm
│  └╌ ○ sent log · PENDING
└─ chord
   ├─ group of 2
   │  ├─ ▶ 0 stock.take(1,) · STARTED · took 0.512 s
   │  └─ ✘ 1 pay.card('4711') · FAILURE · 1970-01-01 00:00:00 · celery@vm · Declined('no money')
   └─ ○ then d · PENDING
`)
      )
      const picture = yield* draw(result, { format: "mermaid", known })
      assert.include(picture, `["shop.order(7)<br/>SUCCESS<br/>1970-01-01 00:00:00<br/>celery@vm"]:::success`)
      assert.include(picture, "classDef failure fill:#fdecea,stroke:#c62828")
      assert.include(picture, " -. sent .-> ")
      fits(picture, mermaid)
      fits(yield* draw(result, { format: "dot" }), dot)
    }).pipe(Effect.provide(MemoryBackend.layer)))

  it.effect("is told by a monitor as well, which knows how long tasks took", () =>
    Effect.gen(function*() {
      const state = ClusterState.make()
      const told = (type: string, more: Readonly<Record<string, unknown>>) =>
        state.add({
          ...Result.getOrThrow(
            EventCodec.decode({ type, hostname: "celery@vm", clock: 1, timestamp: 1, uuid: "a", ...more })
          ),
          localReceived: 1
        })
      told("task-received", { name: "math.add", args: "(2, 3)", kwargs: "{}" })
      told("task-succeeded", { result: "5", runtime: 0.25, clock: 2 })
      assert.strictEqual(
        yield* draw(yield* AsyncResult.make("a"), { known: (id) => state.task(id) }),
        "✔ math.add(2, 3) · SUCCESS · took 0.25 s · celery@vm"
      )
    }).pipe(Effect.provide(MemoryBackend.layer)))

  it.effect("is gone through once, though records name each other, and is no larger for being of thousands", () =>
    Effect.gen(function*() {
      yield* stored("a", "SUCCESS", { children: [ResultTuple.task("b")] })
      yield* stored("b", "SUCCESS", { children: [ResultTuple.task("a"), ResultTuple.task("b")] })
      const one = yield* AsyncResult.make("a")
      assert.strictEqual(
        yield* draw(one),
        "✔ a · SUCCESS · 1970-01-01 00:00:00\n└╌ ✔ sent b · SUCCESS · 1970-01-01 00:00:00"
      )
      const wide = ResultTuple.group("g", Array.from({ length: 10_000 }, (_, index) => ResultTuple.task(`${index}`)))
      const drawn = yield* draw(yield* AsyncResult.fromTuple(ResultTuple.task("end", wide)), { most: 2 })
      assert.strictEqual(
        drawn,
        lines(`
chord
├─ group of 10,000
│  ├─ ○ 0 0 · PENDING
│  ├─ ○ 1 1 · PENDING
│  └─ … 9,998 more
└─ ○ then end · PENDING
`)
      )
    }).pipe(Effect.provide(MemoryBackend.layer)))
})
