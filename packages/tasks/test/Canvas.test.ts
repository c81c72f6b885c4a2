import { defaults } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import captured from "./fixtures/canvases.json" with { type: "json" }
import stampings from "./fixtures/stampings.json" with { type: "json" }

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const total = Task.make("proj.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const tell = Task.make("proj.tell", { parameters: { text: Schema.String } })

/** As Python writes partials, by position. */
const plus = (...args: ReadonlyArray<number>) => Signature.make("proj.add", { args })
const failing = tell.s()

/** As bytes of a message have it. */
const written = (signature: Signature.Any): unknown =>
  JSON.parse(Buffer.from(json.encode(Result.getOrThrow(Signature.encode(signature)))).toString())

const failure = <A, E extends { readonly message: string }>(result: Result.Result<A, E>): string =>
  Result.isFailure(result) ? result.failure.message : assert.fail("it is no failure")

/** Each as Celery writes it under the same name. */
const ours: Record<keyof typeof captured.canvases, () => Signature.Any> = {
  chain: () => Canvas.chain(add.s([2, 2]), plus(3)),
  "chain in a chain": () => Canvas.chain(Canvas.chain(plus(1, 1), plus(2)), plus(3)),
  "chain with links": () => Canvas.chain(plus(1, 1), plus(1)).link(plus(9)).onError(failing),
  "chain with links in a chain": () =>
    Canvas.chain(Canvas.chain(plus(1, 1), plus(1)).link(plus(9)).onError(failing), plus(5)),
  "chain with options": () => Canvas.chain(plus(1, 1), plus(1)).set({ queue: "q" }),
  group: () => Canvas.group(add.s([1, 1]), add.s([2, 2])),
  "group with an errback": () => Canvas.group(plus(1, 1), plus(1, 2)).onError(failing),
  "group with options": () => Canvas.group([plus(1, 1)]).set({ queue: "q" }),
  "group at the end": () => Canvas.chain(plus(1, 1), Canvas.group(plus(1), plus(2))),
  "group of one at the end": () => Canvas.chain(plus(1, 1), Canvas.group(plus(1))),
  "group of one, followed": () => Canvas.chain(Canvas.group(plus(1, 1)), plus(2)),
  chord: () => Canvas.chord([add.s([1, 1]), add.s([2, 2])], total.s()),
  "chord with links": () => Canvas.chord([plus(1, 1)], total.s()).link(plus(9)).onError(failing),
  "chord with options": () => Canvas.chord([plus(1, 1)], total.s()).set({ queue: "q" }),
  "chord of a group": () => Canvas.chord(Canvas.group(plus(1, 1), plus(2, 2)), total.s()),
  "chord in a chord": () => Canvas.chord([Canvas.chord([add.s([1, 1])], total.s()), add.s([4, 4])], total.s()),
  "chord in a chord, with an errback": () =>
    Canvas.chord([Canvas.chord([add.s([1, 1])], total.s()), add.s([4, 4])], total.s()).onError(failing),
  "chord with a group": () => Canvas.chord([add.s([1, 1])], Canvas.group(total.s(), total.s())),
  "chord with a chain": () => Canvas.chord([add.s([1, 1])], Canvas.chain(total.s(), plus(2))),
  "chord, followed": () => Canvas.chain(Canvas.chord([add.s([1, 1])], total.s()), plus(2), plus(3)),
  "group, followed": () => Canvas.chain(Canvas.group(add.s([1, 1]), add.s([2, 2])), total.s()),
  "group, followed twice": () => Canvas.chain(Canvas.group(plus(1, 1), plus(2, 2)), total.s(), plus(3)),
  "group, followed by a group": () =>
    Canvas.chain(Canvas.group(add.s([1, 1]), add.s([1, 2])), Canvas.group(total.s(), total.s())),
  "two groups": () =>
    Canvas.chain(Canvas.group(add.s([1, 1]), add.s([1, 2])), Canvas.group(total.s(), total.s()), total.s()),
  "group in the middle": () => Canvas.chain(plus(1, 1), Canvas.group(plus(1), plus(2)), total.s(), plus(3)),
  "groups in the middle": () =>
    Canvas.chain(plus(1, 1), Canvas.group(plus(1), plus(2)), total.s(), Canvas.group(plus(1), plus(2)), total.s()),
  map: () => Canvas.map(Task.make("proj.add", { parameters: { x: Schema.Int } }), [1, 2]),
  starmap: () => Canvas.starmap(add, [[1, 2], [3, 4]])
}

describe("a canvas", () => {
  for (const [name, canvas] of Object.entries(ours)) {
    it(`is written as Celery writes it: ${name}`, () => {
      const python = captured.canvases[name as keyof typeof ours]
      assert.deepStrictEqual(written(canvas()), python)
      assert.strictEqual(JSON.stringify(written(canvas())), JSON.stringify(python), "in the same order")
    })

    it(`that Celery has written is read, and written as it was: ${name}`, () => {
      const python = captured.canvases[name as keyof typeof ours]
      const read = Result.getOrThrow(Signature.decode(json.decode(Buffer.from(JSON.stringify(python)), defaults)))
      assert.deepStrictEqual(written(read), python)
    })
  }

  it("gives arguments to those that are sent first", () => {
    const one = Signature.make("proj.one")
    assert.deepStrictEqual(
      written(Canvas.chain(add.s({ y: 2 }), plus(3)).clone({ x: 1 })),
      written(Canvas.chain(add.s({ x: 1, y: 2 }), plus(3)))
    )
    assert.deepStrictEqual(
      written(Canvas.group(add.s({ y: 2 }), total.s(), tell.si(["on"])).clone({ x: 1, all: [2] })),
      written(Canvas.group(add.s({ x: 1, y: 2 }), total.s({ all: [2] }), tell.si(["on"])))
    )
    assert.deepStrictEqual(
      written(Canvas.chord([one, one], total.s()).clone([7])),
      written(Canvas.chord([one.clone([7]), one.clone([7])], total.s()))
    )
  })

  it("says what types cannot tell: that a result has no place", () => {
    const says = (signature: Signature.Any) => failure(Signature.encode(signature))
    const first = "what comes before it goes to its first parameter, 'x', which is given"
    assert.include(says(Canvas.chain(add.s([1, 1]), add.s({ x: 1 }))), first)
    assert.include(says(Canvas.chain(add.s([1, 1]), Canvas.group(add.s({ y: 1 }), add.s({ x: 1 })))), first)
    assert.include(says(Canvas.chain(add.s([1, 1]), Canvas.chain(add.s({ x: 1 })))), first)
    assert.include(says(plus().link(Canvas.chain(add.s({ x: 1 })))), first)
    assert.include(says(Canvas.chord([add.s([1, 1])], add.s({ x: 1 }) as never)), first)
  })

  it("refuses callbacks of a group, and what makes no sense in one of its members", () => {
    const says = (signature: Signature.Any) => failure(Signature.encode(signature))
    assert.include(says(Canvas.group(plus(1), plus(2)).link(plus())), "a group has no callbacks: put a task behind it")
    assert.include(says(Canvas.group(plus(1)).set({ link: plus() })), "a group has no callbacks")
    assert.include(says(Canvas.chain(plus(1, 1), add.s({ y: 1.5 }))), "add() argument 'y'")
    assert.include(says(Canvas.starmap(add, [[1, 2], [1, 2.5]])), "item 1: add() argument 'y'")
    assert.include(says(Canvas.chunks(add, [[1, 2]], 0)), "the size of a chunk is a whole number from 1, and not 0")
  })

  it("in chunks is a group of starmaps, also when one chunk is enough", () => {
    assert.deepStrictEqual(
      written(Canvas.chunks(add, [[1, 2], [3, 4], [5, 6]], 2)),
      written(Canvas.group(Canvas.starmap(add, [[1, 2], [3, 4]]), Canvas.starmap(add, [[5, 6]])))
    )
    const one = Canvas.chain(Canvas.group([add.s([1, 1])]), total.s())
    assert.deepStrictEqual(written(one), written(Canvas.chord([add.s([1, 1])], total.s())))
  })

  it("that is badly made is read as it is, and can only be written", () => {
    for (const kwargs of [{}, { tasks: 1 }, { tasks: [1] }, { tasks: [{ task: "" }] }, { tasks: [{ task: 1 }] }]) {
      const value = { task: "celery.chain", args: [], kwargs, options: {}, subtask_type: "chain", immutable: false }
      assert.deepStrictEqual(written(Result.getOrThrow(Signature.decode(value))), value)
    }
  })
})

describe("the stamps of a visitor", () => {
  /** As `stampings.py` has it. */
  const visitor = (asked: Array<unknown>): Canvas.StampingVisitor => {
    const said =
      (name: string, stamps: Readonly<Record<string, unknown>>) =>
      (signature: Signature.Any, held: Readonly<Record<string, unknown>>) => {
        asked.push([name, signature.task, Object.keys(held).sort()])
        return stamps
      }
    return {
      onSignature: (signature, held) => said("signature", { by: signature.task, all: "s" })(signature, held),
      onGroupStart: said("group", { group: 1, all: "g" }),
      onGroupEnd: said("group end", {}),
      onChainStart: said("chain", { chain: 1, all: "c" }),
      onChainEnd: said("chain end", {}),
      onChordBody: said("body", { body: true, chain: 2 }),
      onCallback: said("callback", { back: "callback" }),
      onErrback: said("errback", { back: "errback" })
    }
  }
  const heading = (asked: Array<unknown>): Canvas.StampingVisitor => ({
    ...visitor(asked),
    onChordHeaderStart: ({ task }, held) => {
      asked.push(["header", task, Object.keys(held).sort()])
      return { header: 1 }
    },
    onChordHeaderEnd: ({ task }, held) => void asked.push(["header end", task, Object.keys(held).sort()])
  })

  const canvases: Record<keyof typeof stampings["plain"], () => Signature.Any> = {
    task: () => plus(1, 1),
    "task with links": () =>
      plus(1, 1).link(plus(2)).link(total.s().link(tell.s() as never).onError(failing)).onError(failing),
    "task with stamps": () => plus(1, 1).stamp({ by: "own", more: 1 }),
    chain: () => Canvas.chain(plus(1, 1), plus(2).onError(failing)),
    "chain with links": () => Canvas.chain(plus(1, 1), plus(2)).link(plus(9)).onError(failing),
    group: () => Canvas.group(plus(1, 1), plus(2, 2)),
    chord: () => Canvas.chord([plus(1, 1), plus(2, 2)], total.s().link(tell.s() as never).onError(failing)),
    nested: () => Canvas.chain(plus(1, 1), Canvas.group(plus(1), Canvas.chain(plus(2), plus(3))), total.s())
  }

  /** Celery's order is that of a set. */
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, name === "stamped_headers" ? [...one].sort() : sorted(one)])
    )
  }

  const stamps = { all: "h", batch: "b1" }
  for (
    const [name, make, options] of [
      ["plain", visitor, {}],
      ["appended", visitor, { appendStamps: true }],
      ["headed", heading, {}],
      ["with stamps", visitor, { stamps }],
      ["appended with stamps", visitor, { stamps, appendStamps: true }]
    ] as const
  ) {
    for (const [shape, canvas] of Object.entries(canvases)) {
      it(`are those that Celery makes: ${shape}, ${name}`, () => {
        const python = stampings[name][shape as keyof typeof canvases]
        const asked: Array<unknown> = []
        const stamped = Canvas.stamp(canvas(), make(asked), options)
        assert.deepStrictEqual(sorted(written(stamped)), sorted(python.canvas))
        assert.deepStrictEqual(asked, python.asked)
      })
    }
  }
})
