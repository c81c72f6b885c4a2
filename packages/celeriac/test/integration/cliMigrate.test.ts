/** Tasks brought from one queue of RabbitMQ to another, that a Python worker runs. */
import { assert, describe, it } from "@effect/vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { runPython } from "../../../../test/peers/Python.ts"
import { celeriac } from "../fixtures/Command.ts"

const broker = brokerUrl()
const [old, young] = [`cli.old.${process.pid}`, `cli.young.${process.pid}`]

/** Sends three tasks as Python does; tells what came where they were brought to. */
const python = (what: "send" | "receive") =>
  runPython(`
import json, sys
from celery import Celery
app = Celery(broker="${broker}")
app.conf.task_queue_max_priority = None
if "${what}" == "send":
    for n in range(3):
        app.send_task("t.a" if n else "t.b", args=[n, 1.0], kwargs={"k": "ü"}, task_id=f"id-{n}", queue="${old}", priority=n)
else:
    with app.connection() as connection:
        queue = app.amqp.queues["${young}"](connection.default_channel)
        while (message := queue.get(accept=["json"])) is not None:
            message.ack()
            print(json.dumps([message.headers["id"], message.headers["task"], message.payload[:2], message.properties["priority"]]))
`)

describe("celeriac migrate", () => {
  it("brings what Python sent, as it was, and says what", async () => {
    await python("send")
    const args = ["migrate", broker, broker, "-Q", `${old}:${young}`]
    const moved = await celeriac([...args, "-a", "-n", "3", "-t", "60"])
    assert.deepStrictEqual([moved.code, moved.stderr, moved.stdout], [
      0,
      "",
      "Migrating task 1/3: t.b[id-0]\nMigrating task 2/3: t.a[id-1]\nMigrating task 3/3: t.a[id-2]\n"
    ])
    assert.deepStrictEqual(
      await python("receive"),
      [0, 1, 2].map((n) => [
        `id-${n}`,
        n === 0 ? "t.b" : "t.a",
        [[n, 1], { k: "ü" }],
        n
      ])
    )
    assert.strictEqual((await celeriac([...args, "-a", "-t", "0.1", "-j"])).stdout, "{\"migrated\":0}\n")
  })
})
