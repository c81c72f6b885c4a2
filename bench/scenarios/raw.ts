/**
 * The baseline: what a careful person writes with bare amqplib. Parse, run,
 * ack each; `noDelay`; the prefetch that serves it best.
 *
 * `node raw.ts <scenario> <url> <count>` prints one line of JSON.
 */
import amqp from "amqplib"
import { once } from "node:events"
import { HoldMeter } from "./HoldMeter.ts"
import { outgoing, queue } from "./message.ts"
import { Meter, percentiles } from "./Meter.ts"

const [scenario = "", url = "", count = "0"] = process.argv.slice(2)
const total = Number(count)
const connection = await amqp.connect(url, { noDelay: true })
connection.on("error", () => {})

const noop = (_x: number, _y: number): null => null

/** Fills the queue, emptied first, with tasks whose results go to `replyTo`, if anywhere. */
const fill = async (replyTo?: string, eta: string | null = null) => {
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(queue, { durable: true })
  await channel.purgeQueue(queue)
  if (replyTo !== undefined) {
    await channel.assertQueue(replyTo, { durable: false })
    await channel.purgeQueue(replyTo)
  }
  for (let i = 1; i <= total; i++) {
    const { body, options } = outgoing(replyTo, "bench.noop", eta)
    channel.publish("", queue, body, options)
    if (i % 2000 === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
  return { count: total }
}

/** Fills the queue with tasks that are due in a day, and one behind them that is due now. */
const fillEta = async () => {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().replace("Z", "000+00:00")
  await fill(undefined, tomorrow)
  await paced(1)
  return { count: total }
}

/** Holds what is due later, as long as it runs; says how fast it took it in, and how soon the `sinks` tasks started that were sent meanwhile. */
const hold = async () => {
  const channel = await connection.createChannel()
  const meter = new HoldMeter(total)
  const held: Array<{ readonly at: number; readonly message: amqp.ConsumeMessage }> = []
  await channel.consume(queue, (message) => {
    if (message === null) return
    const { eta } = message.properties.headers!
    const at = eta === null ? 0 : Date.parse(eta)
    if (at > Date.now()) {
      held.push({ at, message })
      return meter.held()
    }
    const [args] = JSON.parse(message.content.toString("utf8"))
    channel.ack(message)
    meter.started(args[0])
  })
  await meter.report()
  if (held.length !== total) throw new Error("it holds something else")
  return {}
}

/** A task every 10 ms that carries the time it was sent, in milliseconds since the epoch. */
const pace = async () => {
  await paced(total)
  return { count: total }
}

const paced = async (tasks: number) => {
  const channel = await connection.createConfirmChannel()
  for (let i = 0; i < tasks; i++) {
    const { options } = outgoing(undefined, "bench.sink")
    const sentAt = performance.timeOrigin + performance.now()
    channel.publish("", queue, Buffer.from(JSON.stringify([[sentAt], {}, null])), options)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await channel.waitForConfirms()
  await channel.close()
}

/** From enqueue to start, of the tasks that `pace` sends. */
const sink = async () => {
  const channel = await connection.createChannel()
  await channel.prefetch(100)
  const took: Array<number> = []
  const { promise, resolve } = Promise.withResolvers<void>()
  await channel.consume(queue, (message) => {
    if (message === null) return
    const [args] = JSON.parse(message.content.toString("utf8"))
    took.push(performance.timeOrigin + performance.now() - args[0])
    channel.ack(message)
    if (took.length === total) resolve()
  })
  console.log(JSON.stringify({ ready: true }))
  await promise
  return percentiles(took)
}

/** From the start of the process to the first message that was handled. */
const boot = async () => {
  const channel = await connection.createChannel()
  await channel.prefetch(16)
  const { promise, resolve } = Promise.withResolvers<number>()
  await channel.consume(queue, (message) => {
    if (message === null) return
    JSON.parse(message.content.toString("utf8"))
    resolve(performance.now())
    channel.ack(message)
  })
  return { millis: await promise }
}

const drain = async (
  options: { readonly results: boolean; readonly prefetch: number; readonly multiple?: boolean }
) => {
  const channel = await connection.createChannel()
  await channel.prefetch(options.prefetch)
  const meter = new Meter(total)
  await channel.consume(queue, (message) => {
    if (message === null) return
    meter.begin()
    const [args] = JSON.parse(message.content.toString("utf8"))
    const result = noop(args[0], args[1])
    if (options.results) {
      const { correlationId, replyTo, headers } = message.properties
      channel.sendToQueue(
        replyTo,
        Buffer.from(JSON.stringify({ task_id: headers!.id, status: "SUCCESS", result, traceback: null, children: [] })),
        { correlationId, contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 1, priority: 0 }
      )
    }
    if (options.multiple !== true) channel.ack(message)
    else if (meter.done % 100 === 99) channel.ack(message, true)
    meter.end()
  })
  return await meter.finished
}

const publish = async ({ confirms }: { readonly confirms: boolean }) => {
  if (!confirms) {
    const channel = await connection.createChannel()
    const meter = new Meter(total)
    meter.begin()
    for (let i = 0; i < total; i++) {
      const { body, options } = outgoing(undefined)
      if (!channel.publish("", queue, body, options)) await once(channel, "drain")
      meter.end()
    }
    return await meter.finished
  }
  const channel = await connection.createConfirmChannel()
  const meter = new Meter(total)
  meter.begin()
  let left = total
  const all = Promise.withResolvers<void>()
  for (let i = 0; i < total; i++) {
    const { body, options } = outgoing(undefined)
    const more = channel.publish("", queue, body, { ...options, mandatory: true }, () => {
      meter.end()
      if (--left === 0) all.resolve()
    })
    if (!more) await once(channel, "drain")
  }
  await all.promise
  return await meter.finished
}

const serve = async () => {
  const channel = await connection.createChannel()
  await channel.prefetch(100)
  await channel.consume(queue, (message) => {
    if (message === null) return
    const [args] = JSON.parse(message.content.toString("utf8"))
    const result = noop(args[0], args[1])
    const { correlationId, replyTo, headers } = message.properties
    channel.sendToQueue(
      replyTo,
      Buffer.from(JSON.stringify({ task_id: headers!.id, status: "SUCCESS", result, traceback: null, children: [] })),
      { correlationId, contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 1, priority: 0 }
    )
    channel.ack(message)
  })
  console.log(JSON.stringify({ ready: true }))
  await new Promise(() => {})
}

const call = async ({ confirms }: { readonly confirms: boolean }) => {
  const channel = confirms ? await connection.createConfirmChannel() : await connection.createChannel()
  const { queue: replies } = await channel.assertQueue("", { durable: false, autoDelete: true })
  const sent = new Map<string, number>()
  const took: Array<number> = []
  let answered = Promise.withResolvers<void>()
  await channel.consume(replies, (message) => {
    if (message === null) return
    JSON.parse(message.content.toString("utf8"))
    took.push(performance.now() - sent.get(message.properties.correlationId)!)
    answered.resolve()
  }, { noAck: true })
  for (let i = 0; i < total; i++) {
    answered = Promise.withResolvers<void>()
    const { body, options } = outgoing(replies)
    sent.set(options.correlationId, performance.now())
    channel.sendToQueue(queue, body, options)
    await answered.promise
  }
  return percentiles(took.slice(Math.floor(total / 10)))
}

const idle = async () => {
  const channel = await connection.createChannel()
  await channel.prefetch(100)
  await channel.consume(queue, (message) => void (message && channel.ack(message)))
  console.log(JSON.stringify({ ready: true }))
  await new Promise(() => {})
}

const scenarios: Record<string, () => Promise<unknown>> = {
  drain: () => drain({ results: false, prefetch: 1000 }),
  "drain-16": () => drain({ results: false, prefetch: 16 }),
  "drain-multiple": () => drain({ results: false, prefetch: 1000, multiple: true }),
  "drain-results": () => drain({ results: true, prefetch: 1000 }),
  fill: () => fill(),
  "fill-eta": fillEta,
  hold,
  "fill-results": () => fill("bench-results"),
  publish: () => publish({ confirms: true }),
  "publish-unconfirmed": () => publish({ confirms: false }),
  serve,
  call: () => call({ confirms: false }),
  "call-confirmed": () => call({ confirms: true }),
  pace,
  sink,
  boot,
  idle
}

console.log(JSON.stringify(await scenarios[scenario]!()))
process.exit(0)
