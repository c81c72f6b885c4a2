/** Remote control of the promise form, over a broker in this process. */
import * as Command from "@celeriac/tasks/control/Command"
import { celeriac, CommandError, type NodeReply, ReplyUnreadable } from "celeriac/promise"
import * as Schema from "effect/Schema"
import { afterEach, assert, describe, it } from "vitest"

const open: Array<{ readonly close: () => Promise<void> }> = []

afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

const start = async () => {
  const app = celeriac({ broker: "memory://", log: "critical" })
  open.push(app)
  app.task("add", { parameters: { x: Schema.Int, y: Schema.Int } }, ({ x, y }) => x + y)
  await app.worker({ nodename: "celery@test", concurrency: 2 }).start()
  return app
}

const one = { destination: "celery@test" } as const

describe("app.control", () => {
  it("asks the workers, and tells them", async () => {
    const { control } = await start()
    assert.deepStrictEqual(await control.ping(one), { "celery@test": "pong" })
    assert.deepStrictEqual(await control.inspect.registered({}, one), { "celery@test": ["add"] })
    assert.deepStrictEqual(await control.inspect.active({}, { ...one, timeoutMs: 500 }), { "celery@test": [] })
    assert.deepStrictEqual(await control.poolGrow({ n: 2 }, one), { "celery@test": "pool will grow" })
    assert.deepStrictEqual(await control.purge(), 0)
  })

  it("gives a refusal as an error in the place of the reply, and rejects what makes no sense", async () => {
    const { control } = await start()
    const refused = (await control.rateLimit({ taskName: "nosuch", rateLimit: "1/s" }, one))["celery@test"]
    assert.instanceOf(refused, CommandError)
    assert.strictEqual(refused.error, "unknown task")
    const odd = await control.call(Command.inspect("ping", { reply: Command.ok(Schema.Int) }), {}, one)
    assert.instanceOf(odd["celery@test"], ReplyUnreadable)
    // @ts-expect-error its arguments are not left out
    await rejects(control.rateLimit(), /missing 1 required|missing 2 required/)
    // @ts-expect-error a text is no number of milliseconds
    await rejects(control.ping({ timeoutMs: "soon" }), /timeoutMs/)
  })

  it("gives replies as they come, and sends without waiting for any", async () => {
    const { control } = await start()
    const ping = Command.inspect("ping")
    const replies: Array<NodeReply<string>> = []
    for await (const reply of control.stream(ping, {}, one)) replies.push(reply)
    assert.deepStrictEqual(replies, [{ node: "celery@test", reply: "pong" }])
    assert.isTrue(await control.broadcast(ping))
  })

  it("knows at once that nobody is there", async () => {
    const app = celeriac({ broker: "memory://", log: "critical" })
    open.push(app)
    assert.deepStrictEqual(await app.control.ping({ timeoutMs: 60_000 }), {})
    assert.isFalse(await app.control.broadcast(Command.inspect("ping")))
  })
})

const rejects = async (promise: Promise<unknown>, message: RegExp): Promise<void> => {
  const error = await promise.then(() => undefined, (error: unknown) => error)
  assert.match(String(error), message)
}
