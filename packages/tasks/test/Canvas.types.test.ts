/** What the types of a canvas promise. The type checker runs these; behind each mistake stands what it must say. */
import type * as AsyncResult from "@celeriac/tasks/AsyncResult"
import type * as Callable from "@celeriac/tasks/Callable"
import * as Canvas from "@celeriac/tasks/Canvas"
import type * as Client from "@celeriac/tasks/Client"
import type * as GroupResult from "@celeriac/tasks/GroupResult"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import { describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { expectTypeOf } from "vitest"

class Overflow extends Schema.TaggedError<Overflow>()("Overflow", {}) {}

const parameters = { x: Schema.Int, y: Schema.Int }
const add = Task.make("add", { parameters, success: Schema.Int, error: Overflow })
const mul = Task.make("mul", { parameters, success: Schema.Int })
const shout = Task.make("shout", { parameters: { text: Schema.String }, success: Schema.String })
const note = Task.make("note", {
  parameters: { n: Schema.Int, as: Schema.optionalKey(Schema.String) },
  success: Schema.String
})
const total = Task.make("total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const both = Task.make("both", {
  parameters: { of: Schema.Tuple([Schema.Int, Schema.String]) },
  success: Schema.String
})
const tell = Task.make("tell", { parameters: { text: Schema.String } })
const python = Signature.make("proj.any")

type Int = AsyncResult.AsyncResult<number>
type SentOf<S extends Callable.Any> = Callable.Sent<S>

const many: ReadonlyArray<number> = [1, 2]

describe("the type of a chain", () => {
  it("lacks what its first task lacks, and comes to what its last comes to", () => {
    const chain = Canvas.chain(add.s({ y: 2 }), mul.s({ y: 3 }), note.s(), shout.s())
    expectTypeOf(chain).toEqualTypeOf<Signature.Signature<{ readonly x: number }, string, Overflow>>()
    expectTypeOf(chain.clone({ x: 1 })).toEqualTypeOf<Signature.Signature<{}, string, Overflow>>()
    expectTypeOf<SentOf<typeof chain>>().toEqualTypeOf<AsyncResult.AsyncResult<string, Overflow>>()
    expectTypeOf(Canvas.chain(python, add.s({ y: 1 }), python, tell.si({ text: "done" }))).toEqualTypeOf<
      Signature.Signature<any, void, Overflow>
    >()
    expectTypeOf(Canvas.chain(...many.map((y) => mul.s({ y })))).toEqualTypeOf<
      Signature.Signature<{ readonly x: number }, number>
    >()
    expectTypeOf(Canvas.chain(Canvas.chain(mul.s([1, 2]), note.s()), shout.s())).toEqualTypeOf<
      Signature.Signature<{}, string>
    >()
  })

  it("does not compile where a result does not fit what comes next", () => {
    const never = (_: () => unknown) => {}
    // @ts-expect-error "its parameter 'text' does not take the result of the one before"
    never(() => Canvas.chain(add.s([2, 2]), shout.s()))
    // @ts-expect-error "more than one parameter is lacking: x"
    never(() => Canvas.chain(add.s([2, 2]), mul.s()))
    // @ts-expect-error "its parameters are all given: use si(), or leave the one out that the result is for"
    never(() => Canvas.chain(add.s([2, 2]), mul.s([1, 1])))
    // @ts-expect-error "its parameter 'text' does not take the result of the one before"
    never(() => Canvas.chain(add.s([2, 2]), Canvas.chain(shout.s(), shout.s())))
    // @ts-expect-error "its parameter 'text' does not take the result of the one before"
    never(() => Canvas.chain(add.s([2, 2]), Canvas.group(mul.s({ y: 1 }), shout.s())))
    // @ts-expect-error "its parameter 'n' does not take the result of the one before"
    never(() => Canvas.chain(Canvas.group(mul.s([1, 1]), mul.s([1, 1])), note.s()))
    // @ts-expect-error "its parameter 'n' does not take the result of the one before"
    never(() => Canvas.chain(mul.s([1, 1]), note.s(), note.s()))
    // @ts-expect-error "a chain has at least one task"
    never(() => Canvas.chain())
  })

  it("knows that a group with something behind it is a chord", () => {
    const chord = Canvas.chain(mul.s([1, 1]), Canvas.group(mul.s({ y: 1 }), note.s()), both.s())
    expectTypeOf(chord).toEqualTypeOf<Signature.Signature<{}, string>>()
    expectTypeOf(Canvas.chain(Canvas.group(many.map((y) => mul.s({ x: 1, y }))), total.s(), note.s())).toExtend<
      Signature.Signature<any, string>
    >()
    expectTypeOf(Canvas.chain(Canvas.group(mul.s([1, 1])), note.s())).toExtend<
      Signature.Signature<any, string>
    >()
  })

  it("that ends with a group comes to its results", () => {
    const chain = Canvas.chain(mul.s({ y: 1 }), Canvas.group(mul.s({ y: 1 }), note.s()))
    expectTypeOf<SentOf<typeof chain>>().toEqualTypeOf<
      GroupResult.GroupResult<readonly [Int, AsyncResult.AsyncResult<string>]>
    >()
    const one = Canvas.chain(mul.s([1, 1]), Canvas.group(note.s()))
    expectTypeOf<SentOf<typeof one>>().toEqualTypeOf<AsyncResult.AsyncResult<string>>()
  })
})

describe("the type of a group", () => {
  it("comes to the results of its members, those of groups among them", () => {
    const group = Canvas.group(add.s([1, 1]), Canvas.group(note.s({ n: 1 }), mul.s([1, 1])))
    expectTypeOf<SentOf<typeof group>>().toEqualTypeOf<
      GroupResult.GroupResult<
        readonly [AsyncResult.AsyncResult<number, Overflow>, AsyncResult.AsyncResult<string>, Int]
      >
    >()
    const list = Canvas.group(many.map((y) => mul.s({ x: 1, y })))
    expectTypeOf<SentOf<typeof list>>().toEqualTypeOf<GroupResult.GroupResult<ReadonlyArray<Int>>>()
    const ending = Canvas.group(Canvas.chain(mul.s([1, 1]), Canvas.group(note.s(), note.s())))
    expectTypeOf<SentOf<typeof ending>["results"][0]>().toEqualTypeOf<
      GroupResult.GroupResult<readonly [AsyncResult.AsyncResult<string>, AsyncResult.AsyncResult<string>]>
    >()
  })

  it("lacks what its members lack", () => {
    const never = (_: (client: Client.Client["Service"]) => unknown) => {}
    const group = Canvas.group(mul.s({ y: 1 }), note.s(), tell.si({ text: "on" }))
    never((client) => client.delay(group, { x: 1, n: 2 }))
    never((client) => client.delay(group.clone({ n: 2 }), { x: 1 }))
    never((client) => client.delay(Canvas.group(mul.s([1, 2]), tell.si(["done"]))))
    // @ts-expect-error "Property 'x' is missing"
    never((client) => client.delay(group, { n: 2 }))
    // @ts-expect-error nothing is given
    never((client) => client.delay(group))
  })
})

describe("the type of a chord", () => {
  it("hands the results of its header to its body, and comes to what that comes to", () => {
    const chord = Canvas.chord([mul.s([1, 1]), note.s({ n: 1 })], both.s())
    expectTypeOf(chord).toExtend<Signature.Signature<any, string>>()
    expectTypeOf<SentOf<typeof chord>>().toEqualTypeOf<AsyncResult.AsyncResult<string>>()
    const list = Canvas.chord(new Set([mul.s([1, 1])]), Canvas.chain(total.s(), note.s()))
    expectTypeOf<SentOf<typeof list>>().toEqualTypeOf<AsyncResult.AsyncResult<string>>()
    const group = Canvas.chord(Canvas.group(many.map((y) => mul.s({ x: 1, y }))), Canvas.group(total.s(), python))
    expectTypeOf<SentOf<typeof group>>().toEqualTypeOf<
      GroupResult.GroupResult<readonly [Int, AsyncResult.AsyncResult<unknown>]>
    >()
    expectTypeOf(Canvas.chord([add.s([1, 1])], tell.si(["done"]))).toExtend<Signature.Signature<any, void, Overflow>>()
  })

  it("takes the place of a task, or is a part of its chord, when nothing is lacking", () => {
    const never = (_: () => unknown) => {}
    never(() => Task.replace(Canvas.group([1, 2].map((x) => mul.s([x, 1])))))
    never(() => Task.replace(Canvas.chain(mul.s([1, 1]), Canvas.group(mul.s({ y: 1 }), note.s()))))
    never(() => TaskContext.addToChord(Canvas.group(mul.s([1, 1]), tell.si(["done"]))))
    // @ts-expect-error "it still lacks a parameter: x"
    never(() => Task.replace(Canvas.group(mul.s({ y: 1 }), mul.s({ y: 2 }))))
    // @ts-expect-error "it still lacks a parameter: x"
    never(() => TaskContext.addToChord(Canvas.group([mul.s({ y: 1 })])))
  })

  it("does not compile where the body does not take them", () => {
    const never = (_: () => unknown) => {}
    // @ts-expect-error "its parameter 'n' does not take the result of the one before"
    never(() => Canvas.chord([mul.s([1, 1])], note.s()))
    // @ts-expect-error "its parameter 'of' does not take the result of the one before"
    never(() => Canvas.chord([mul.s([1, 1]), mul.s([1, 1])], both.s()))
    // @ts-expect-error "its parameters are all given"
    never(() => Canvas.chord([mul.s([1, 1]), mul.s([1, 1])], total.s({ all: [] })))
  })
})

describe("the type of a map", () => {
  it("takes what its task takes, and comes to the list of what it comes to", () => {
    const never = (_: () => unknown) => {}
    expectTypeOf(Canvas.map(note, [1, 2])).toEqualTypeOf<
      Signature.Signature<Signature.Immutable, ReadonlyArray<string>>
    >()
    expectTypeOf(Canvas.starmap(add, [[1, 2]])).toEqualTypeOf<
      Signature.Signature<Signature.Immutable, ReadonlyArray<number>, Overflow>
    >()
    const chunks = Canvas.chunks(mul, [[1, 2], [3, 4]], 1)
    expectTypeOf<SentOf<typeof chunks>>().toEqualTypeOf<
      GroupResult.GroupResult<ReadonlyArray<AsyncResult.AsyncResult<ReadonlyArray<number>>>>
    >()
    // @ts-expect-error "Type 'string' is not assignable"
    never(() => Canvas.map(note, ["no"]))
    // @ts-expect-error "Type 'string' is not assignable"
    never(() => Canvas.starmap(add, [[1, "no"]]))
  })
})

describe("what takes no arguments", () => {
  const cleanup = Task.make("proj.cleanup")
  const never = (_: (client: Client.Client["Service"]) => unknown) => {}

  it("takes its options behind them", () => {
    never((client) => client.execute(mul.s([1, 1]), {}, { timeout: "1 second" }))
    never((client) => client.execute(mul.si([1, 1]), undefined, { timeout: "1 second" }))
    never((client) => client.applyAsync(cleanup, {}, { countdown: "1 second" }))
    never((client) => client.applyMany(cleanup, [{}, []]))
  })

  it("refuses them in the place of arguments", () => {
    // @ts-expect-error "it takes no arguments: options come after {}"
    never((client) => client.execute(mul.s([1, 1]), { timeout: "1 second" }))
    // @ts-expect-error "it takes no arguments: options come after {}"
    never((client) => client.execute(mul.si([1, 1]), { timeout: "1 second" }))
    // @ts-expect-error "it takes no arguments: options come after {}"
    never((client) => client.execute(Canvas.chain(mul.s([1, 1]), note.s()), { timeout: "1 second" }))
    // @ts-expect-error "it takes no arguments: options come after {}"
    never((client) => client.applyAsync(cleanup, { countdown: "1 second" }))
  })
})

describe("what is linked to a canvas", () => {
  it("takes what it comes to", () => {
    const never = (_: () => unknown) => {}
    never(() => Canvas.chain(mul.s([1, 1]), note.s()).link(shout.s()).onError(tell.s()))
    never(() => Canvas.chord([mul.s([1, 1])], total.s()).link(note.s()))
    never(() => mul.s([1, 1]).link(Canvas.chain(note.s(), shout.s())).link(Canvas.group(note.s(), mul.s({ y: 1 }))))
    // @ts-expect-error "not assignable"
    never(() => Canvas.chord([mul.s([1, 1])], total.s()).link(shout.s()))
    // @ts-expect-error "not assignable"
    never(() => mul.s([1, 1]).link(Canvas.group(shout.s(), mul.s({ y: 1 }))))
  })
})
