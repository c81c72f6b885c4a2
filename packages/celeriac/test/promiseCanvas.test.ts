/** Canvases of the promise form. */
import { celeriac, chain, chord, group, type GroupResult, type Result } from "celeriac/promise"
import * as Schema from "effect/Schema"
import { assert, describe, expectTypeOf, it } from "vitest"

const app = celeriac({ broker: "memory://", log: "critical" })
const parameters = { x: Schema.Number, y: Schema.Number }
const add = app.task("add", { parameters, success: Schema.Number }, ({ x, y }) => x + y)
const total = app.task(
  "total",
  { parameters: { all: Schema.Array(Schema.Number) }, success: Schema.Number },
  ({ all }) => all.reduce((sum, one) => sum + one, 0)
)
const show = app.task("show", { parameters: { n: Schema.Number }, success: Schema.String }, ({ n }) => `<${n}>`)

const wait = { timeoutMs: 60_000 }

describe("a canvas of promises", () => {
  it("is sent, and waited for in its own shape", async () => {
    await using _ = { [Symbol.asyncDispose]: () => app.close() }
    await app.worker({ nodename: "celery@promises", concurrency: 2 }).start()
    const one = await app.client.delay(chain(add.s({ y: 2 }), show.s()), { x: 1 })
    expectTypeOf(one).toEqualTypeOf<Result<string>>()
    assert.strictEqual(await one.get(wait), "<3>")
    assert.strictEqual(await one.parent!.get(wait), 3)

    const many = await app.client.delay(group(add.s({ x: 1, y: 1 }), show.s({ n: 1 })))
    expectTypeOf(many).toExtend<GroupResult<readonly [Result<number>, Result<string>]>>()
    assert.deepStrictEqual(await many.get(wait), [2, "<1>"])

    const all = await app.client.delay(chord([1, 2, 3].map((n) => add.s({ x: n, y: n })), chain(total.s(), show.s())))
    expectTypeOf(all).toEqualTypeOf<Result<string>>()
    assert.strictEqual(await all.get(wait), "<12>")
    assert.deepStrictEqual(await all.parent!.parent!.get(wait), [2, 4, 6])

    const parts = await app.client.delay(add.chunks([{ x: 1, y: 1 }, { x: 2, y: 2 }, { x: 3, y: 3 }], 2))
    expectTypeOf(await parts.get(wait)).toExtend<ReadonlyArray<ReadonlyArray<number>>>()
    assert.deepStrictEqual(await parts.get(wait), [[2, 4], [6]])
    assert.deepStrictEqual(await (await app.client.delay(show.map([1, 2]))).get(wait), ["<1>", "<2>"])
    assert.deepStrictEqual(await (await app.client.delay(add.starmap([{ x: 1, y: 2 }]))).get(wait), [3])
  })

  it("does not compile where a result does not fit what comes next", () => {
    const never = (_: () => unknown) => {}
    // @ts-expect-error a text is no number
    never(() => chain(show.s({ n: 1 }), show.s()))
    // @ts-expect-error a number is no list of them
    never(() => chain(add.s({ x: 1, y: 1 }), total.s()))
    // @ts-expect-error a text is no number
    never(() => show.map(["1"]))
  })
})
