/**
 * The baseline of a monitor, bare amqplib: events that others send, and somebody
 * who hears them.
 *
 * `node rawEvents.ts <scenario> <url> <count>` prints one line of JSON.
 */
import amqp from "amqplib"
import { Meter } from "./Meter.ts"

const [scenario = "", url = "", count = "0"] = process.argv.slice(2)
const total = Number(count)
const connection = await amqp.connect(url, { noDelay: true })
connection.on("error", () => {})

/** Events of other nodes, 5,000 a second, each in a message of its own: the lives of tasks, as Python tells them. */
const tell = async () => {
  const channel = await connection.createChannel()
  await channel.assertExchange("celeryev", "topic", { durable: true })
  const types = ["task-received", "task-started", "task-succeeded"]
  const began = performance.now()
  for (let i = 0; i < total; i++) {
    const task = Math.floor(i / types.length)
    const type = types[i % types.length]!
    const hostname = `w${task % 20}@bench`
    const more = type === "task-received"
      ? { name: "bench.noop", args: "(1, 2)", kwargs: "{}", root_id: null, parent_id: null, retries: 0, eta: null }
      : type === "task-succeeded"
      ? { result: "None", runtime: 0.000_976_25 }
      : {}
    const uuid = `dfb7e1f1-89b2-4be6-8d2b-${String(task).padStart(12, "0")}`
    const timestamp = (performance.timeOrigin + performance.now()) / 1_000
    const event = { hostname, utcoffset: 0, pid: 4711, clock: i + 1, uuid, ...more, timestamp, type }
    channel.publish("celeryev", type.replaceAll("-", "."), Buffer.from(JSON.stringify(event)), {
      contentType: "application/json",
      contentEncoding: "utf-8",
      headers: { hostname },
      deliveryMode: 1,
      priority: 0
    })
    const early = i / 5 - (performance.now() - began)
    if (early > 10) await new Promise((resolve) => setTimeout(resolve, early))
  }
  await channel.close()
  return { count: total }
}

/** Events of other nodes, parsed and no more. */
const hear = async () => {
  const channel = await connection.createChannel()
  const meter = new Meter(total)
  await channel.assertExchange("celeryev", "topic", { durable: true })
  const { queue } = await channel.assertQueue("", { exclusive: true })
  await channel.bindQueue(queue, "celeryev", "#")
  await channel.consume(queue, (message) => {
    if (message === null) return
    meter.begin()
    JSON.parse(message.content.toString("utf8"))
    meter.end()
  }, { noAck: true })
  console.log(JSON.stringify({ ready: true }))
  return await meter.finished
}

/** Somebody to send events to, who reads none: the broker keeps the last. */
const watch = async () => {
  const channel = await connection.createChannel()
  await channel.assertExchange("celeryev", "topic", { durable: true })
  await channel.assertQueue("bench.watch", { durable: false, maxLength: 1, expires: 60_000 })
  await channel.bindQueue("bench.watch", "celeryev", "#")
  await channel.close()
  return {}
}

const unwatch = async () => {
  const channel = await connection.createChannel()
  await channel.deleteQueue("bench.watch")
  await channel.close()
  return {}
}

const scenarios: Record<string, () => Promise<unknown>> = { tell, hear, watch, unwatch }

console.log(JSON.stringify(await scenarios[scenario]!()))
process.exit(0)
