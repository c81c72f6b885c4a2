/**
 * The baseline of `life.ts`: bare amqplib and the `redis` client, as a careful
 * person writes it: the record stored and published in one transaction, and the
 * message acknowledged when that is answered.
 *
 * `node rawLife.ts <scenario> <url> <count> <url of Redis>` prints one line of JSON.
 */
import amqp from "amqplib"
import { createClient } from "redis"
import { outgoing, queue } from "./message.ts"
import { Meter, percentiles } from "./Meter.ts"

const [scenario = "", url = "", count = "0", redisUrl = ""] = process.argv.slice(2)
const total = Number(count)
const connection = await amqp.connect(url, { noDelay: true })
connection.on("error", () => {})

const keyOf = (id: string) => `celery-task-meta-${id}`
const aDay = 86_400

const open = async () => {
  const client = createClient({ url: redisUrl })
  client.on("error", () => {})
  await client.connect()
  return client
}

/** What a worker of Celery stores of a success, without the extended fields. */
const recordOf = (id: string, result: unknown) =>
  JSON.stringify({
    status: "SUCCESS",
    result,
    traceback: null,
    children: [],
    date_done: new Date().toISOString().replace("Z", "000+00:00"),
    task_id: id
  })

const noop = (_x: number, _y: number): null => null

/** Consumes, stores each result, and acknowledges when it is stored. */
const work = async (meter?: Meter) => {
  const store = await open()
  const channel = await connection.createChannel()
  await channel.prefetch(1000)
  await channel.consume(queue, (message) => {
    if (message === null) return
    meter?.begin()
    const [args] = JSON.parse(message.content.toString("utf8"))
    const id: string = message.properties.headers!.id
    const record = recordOf(id, noop(args[0], args[1]))
    store.multi().setEx(keyOf(id), aDay, record).publish(keyOf(id), record).exec().then(() => {
      channel.ack(message)
      meter?.end()
    }, (error) => {
      console.error(error)
      process.exit(1)
    })
  })
}

const drain = async () => {
  const meter = new Meter(total)
  await work(meter)
  return await meter.finished
}

const serve = async () => {
  await work()
  console.log(JSON.stringify({ ready: true }))
  await new Promise(() => {})
}

/** One call after another, which waits for what is published on the result's channel; publishes are confirmed, as ours are. */
const call = async () => {
  const channel = await connection.createConfirmChannel()
  const hearing = await open()
  const reading = await open()
  const took: Array<number> = []
  for (let i = 0; i < total; i++) {
    const answered = Promise.withResolvers<string>()
    const { body, options } = outgoing(undefined)
    const key = keyOf(options.correlationId)
    options.headers["ignore_result"] = false
    const start = performance.now()
    await hearing.subscribe(key, answered.resolve)
    channel.sendToQueue(queue, body, options)
    // It may have been there before: whoever waits has to look, too.
    const there = await reading.get(key)
    JSON.parse(there ?? await answered.promise)
    took.push(performance.now() - start)
    void hearing.unsubscribe(key)
  }
  return percentiles(took.slice(Math.floor(total / 10)))
}

/** Tasks that wait for 10 ms, a thousand at once. */
const sleep = async () => {
  const channel = await connection.createChannel()
  await channel.prefetch(1000)
  const meter = new Meter(total)
  await channel.consume(queue, (message) => {
    if (message === null) return
    meter.begin()
    JSON.parse(message.content.toString("utf8"))
    setTimeout(() => {
      channel.ack(message)
      meter.end()
    }, 10)
  })
  return await meter.finished
}

/** Fills the queue, emptied first, with tasks whose results are wanted. */
const fill = async () => {
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(queue, { durable: true })
  await channel.purgeQueue(queue)
  const store = await open()
  await store.flushDb()
  for (let i = 1; i <= total; i++) {
    const { body, options } = outgoing(undefined)
    channel.publish("", queue, body, { ...options, headers: { ...options.headers, ignore_result: false } })
    if (i % 2000 === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
  return { count: total }
}

const scenarios: Record<string, () => Promise<unknown>> = {
  fill,
  "drain-redis": drain,
  "serve-redis": serve,
  "call-redis": call,
  sleep
}

console.log(JSON.stringify(await scenarios[scenario]!()))
process.exit(0)
