/** Results of the promise form: of groups, written down, and with what hangs on them. */
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { celeriac, draw, type GroupResult, type PromiseApp, type Result, TaskException } from "celeriac/promise"
import * as Schema from "effect/Schema"
import { afterEach, assert, describe, expectTypeOf, it } from "vitest"

const open: Array<{ readonly close: () => Promise<void> }> = []

afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

const start = async (define?: (app: PromiseApp) => void) => {
  const app = celeriac({ broker: "memory://", log: "critical" })
  open.push(app)
  const add = app.task("add", { parameters: { x: Schema.Int }, success: Schema.Int }, ({ x }) => x + 1)
  const fail = app.task("fail", {}, () => {
    throw new RangeError("too far")
  })
  define?.(app)
  await app.worker({ nodename: "celery@test", concurrency: 2 }).start()
  return { app, add, fail }
}

const wire = (tuple: ResultTuple.ResultTuple) => ResultTuple.encode(tuple)
const all = async <A>(loop: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const seen: Array<A> = []
  for await (const each of loop) seen.push(each)
  return seen
}

describe("a result that was written down", () => {
  it("is read again: of a task with what it followed, of a group with its members", async () => {
    const { add, app } = await start()
    const [one, other] = [await add.delay({ x: 1 }), await add.delay({ x: 2 })]
    assert.deepStrictEqual(one.asTuple(), [[one.id, null], null])
    const tuple = wire(ResultTuple.task(
      other.id,
      ResultTuple.group("g", [ResultTuple.task(one.id), ResultTuple.task(other.id)])
    ))
    const result = await app.client.result(JSON.parse(JSON.stringify(tuple)))
    expectTypeOf(result).toExtend<Result<unknown> | GroupResult<any>>()
    assert.strictEqual(await result.get({ timeoutMs: 60_000 }), 3)
    assert.deepStrictEqual(result.asTuple(), tuple)
    const group = result.parent as GroupResult<any>
    assert.deepStrictEqual([group.id, await group.get()], ["g", [2, 3]])
    assert.deepStrictEqual(await all(group.collect()), [["g", [2, 3]], [one.id, 2], [other.id, 3]])
    assert.deepStrictEqual(
      (await all(group.iterdeps())).map(([parent, { id }]) => [parent?.id, id]),
      [[undefined, "g"], ["g", one.id], ["g", other.id]]
    )
    const error = await (app.client.result([["a"], null, 1] as never).catch((error: unknown) => error)) as Error
    assert.match(error.message, /^decode: this is no result that was written down/)
  })

  it("ends with what it followed, when that has failed", async () => {
    const { app, fail } = await start()
    const failed = await fail.delay()
    const result = await app.client.result(wire(ResultTuple.task("never", ResultTuple.task(failed.id))))
    assert.instanceOf(await result.get().catch((error: unknown) => error), TaskException)
  })
})

describe("a group", () => {
  it("is saved, restored by its id, and waited for in its shape", async () => {
    const { add, app, fail } = await start()
    const [one, other] = [await add.delay({ x: 1 }), await fail.delay()]
    const inner = ResultTuple.group("h", [ResultTuple.task(one.id)])
    const sent = await app.client.result(wire(ResultTuple.group("g", [inner, ResultTuple.task(other.id)])))
    assert.isTrue("save" in sent)
    if (!("save" in sent)) return
    assert.isUndefined(await app.client.restoreGroup("g"))
    await sent.save()
    const group = await app.client.restoreGroup("g")
    assert.isDefined(group)
    assert.deepStrictEqual(group?.asTuple(), sent.asTuple())
    const outcomes = await group?.settled({ timeoutMs: 60_000 })
    assert.deepStrictEqual(outcomes?.map(({ status }) => status), ["fulfilled", "rejected"])
    assert.deepStrictEqual(outcomes?.[0], { status: "fulfilled", value: [2] })
    assert.instanceOf(await group?.join().catch((error: unknown) => error), TaskException)
    assert.strictEqual(await group?.completedCount(), 1)
    assert.deepStrictEqual((await group?.children())?.map(({ id }) => id), ["h", other.id])
    assert.deepStrictEqual(
      (await all(group!.completed())).map(({ index, outcome }) => [index, outcome.status]).toSorted(),
      [[0, "fulfilled"], [1, "rejected"]]
    )
    await group?.delete()
    assert.isUndefined(await app.client.restoreGroup("g"))
  })
})

describe("a drawing", () => {
  it("is made of a canvas at once, and of a result when it has been looked at", async () => {
    const { add } = await start()
    assert.strictEqual(draw(add.s({ x: 1 }).link(add.s())), "add(x=1)\n└╌ link add(…)")
    const sent = await add.delay({ x: 1 })
    await sent.get({ timeoutMs: 60_000 })
    const drawn = await draw(sent, { known: () => ({ name: "add", runtime: 0.5 }) })
    assert.match(drawn, /^✔ add · SUCCESS · \S+ \S+ · took 0\.5 s$/)
    // @ts-expect-error: no canvas, and no result
    assert.throws(() => draw({ asTuple: 5 }), /no result of a task/)
  })
})

describe("inside of a task", () => {
  it("is looped over where that is said, and refused where it is not", async () => {
    const { app } = await start((app) => {
      const inner = app.task("inner", () => 5)
      app.task("outer", async () => {
        const sent = await inner.delay()
        const several = app.client.results([sent])
        const loops = [sent.progress, sent.collect, several.completed, several.progress]
        await sent.get({ disableSyncSubtasks: false })
        const said: Array<string> = []
        for (const loop of loops) {
          said.push(await all<unknown>(loop()).then(() => "looped", (error: Error) => error.message))
          said.push(`${(await all<unknown>(loop({ disableSyncSubtasks: false }))).length}`)
        }
        return said
      })
    })
    const outer = await app.client.sendTask("outer")
    const said = await outer.get({ timeoutMs: 60_000 }) as ReadonlyArray<string>
    assert.lengthOf(said, 8)
    for (const [index, each] of said.entries()) {
      if (index % 2 === 0) assert.match(each, /Never call result.get\(\) within a task!/)
      else assert.strictEqual(each, "1")
    }
  })
})
