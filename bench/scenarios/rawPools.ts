/**
 * The baseline of pools, with bare amqplib: as many processes as are said, each
 * with a consumer of its own, and the client of all contenders, who sends tasks
 * and waits for what comes of each.
 *
 * `node rawPools.js <serve | client> <url> <count>` prints one line of JSON.
 */
import amqp from "amqplib"
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { outgoing } from "./message.ts"
import { queue, spin } from "./spin.ts"

const [scenario = "", url = "", count = "0"] = process.argv.slice(2)
const total = Number(count)

/** How long each task computes. */
const millis = 5

const serve = async () => {
  const children = Array.from(
    { length: total },
    (): ChildProcess => fork(fileURLToPath(import.meta.url), ["child", url])
  )
  await Promise.all(children.map((child) => once(child, "message")))
  console.log(JSON.stringify({ ready: 1 }))
}

const child = async () => {
  process.on("disconnect", () => process.exit())
  spin(0)
  const connection = await amqp.connect(url, { noDelay: true })
  const channel = await connection.createChannel()
  await channel.assertQueue(queue, { durable: true })
  await channel.prefetch(4)
  await channel.consume(queue, (message) => {
    if (message === null) return
    const [args] = JSON.parse(message.content.toString("utf8"))
    spin(args[0])
    const { correlationId, headers, replyTo } = message.properties
    const record = { task_id: headers!["id"], status: "SUCCESS", result: null, traceback: null, children: [] }
    channel.sendToQueue(replyTo, Buffer.from(JSON.stringify(record)), { correlationId })
    channel.ack(message)
  })
  process.send?.("ready")
}

const client = async () => {
  const connection = await amqp.connect(url, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(queue, { durable: true })
  const { queue: replies } = await channel.assertQueue("", { exclusive: true })
  const { promise, resolve } = Promise.withResolvers<number>()
  let done = 0
  await channel.consume(replies, () => {
    if (++done === total) resolve(performance.now())
  }, { noAck: true })
  const began = performance.now()
  for (let i = 0; i < total; i++) {
    const { options } = outgoing(replies, "bench.spin")
    channel.publish("", queue, Buffer.from(JSON.stringify([[millis], {}, null])), options)
  }
  const seconds = (await promise - began) / 1_000
  console.log(JSON.stringify({ seconds, rate: total / seconds }))
  await connection.close()
}

await { serve, child, client }[scenario as "serve"]()
