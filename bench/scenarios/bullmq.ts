/**
 * BullMQ's side of the rows of canvases: a chord is a flow, a chain one that is
 * as deep as it is long, a group jobs that are added and waited for together.
 *
 * `node bullmq.ts <scenario> <url> <count> <url of Redis>` prints the seconds from
 * the call until its result is there.
 */
import { type FlowJob, FlowProducer, Queue, QueueEvents, Worker } from "bullmq"

const [scenario = "", , count = "0", redisUrl = ""] = process.argv.slice(2)
const { hostname, port } = new URL(redisUrl)
const connection = { host: hostname, port: Number(port) }
const queueName = "bench"

const serve = async () => {
  const worker = new Worker(
    queueName,
    async (job) => {
      if (job.name === "add") return job.data.x + job.data.y
      const children: ReadonlyArray<number> = Object.values(await job.getChildrenValues())
      if (job.name === "tsum") return children.reduce((sum, value) => sum + value, 0)
      return (children[0] ?? 0) + 1
    },
    { connection, concurrency: Number(count) }
  )
  await worker.waitUntilReady()
  console.log(JSON.stringify({ ready: true }))
  await new Promise(() => {})
}

const add = (x: number) => ({ name: "add", queueName, data: { x, y: 1 } })

const inc = (child: FlowJob | undefined): FlowJob => ({
  name: "inc",
  queueName,
  data: {},
  ...(child === undefined ? {} : { children: [child] })
})

type Canvas = (events: QueueEvents, size: number) => Promise<readonly [got: number, wanted: number]>

const flow = (of: (size: number) => FlowJob, wanted: (size: number) => number): Canvas => async (events, size) => {
  const { job } = await new FlowProducer({ connection }).add(of(size))
  return [await job.waitUntilFinished(events), wanted(size)]
}

const sumOf = (size: number) => size * (size + 1) / 2
const upTo = (size: number) => Array.from({ length: size }, (_, i) => i)

const canvases: Record<string, Canvas> = {
  chord: flow((size) => ({ name: "tsum", queueName, data: {}, children: upTo(size).map(add) }), sumOf),
  chain: flow((size) => upTo(size).reduce<FlowJob | undefined>(inc, undefined)!, (size) => size),
  group: async (events, size) => {
    const jobs = await new Queue(queueName, { connection }).addBulk(upTo(size).map(add))
    const values = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)))
    return [values.reduce((sum, value) => sum + value, 0), sumOf(size)]
  }
}

const call = async (canvas: Canvas) => {
  const events = new QueueEvents(queueName, { connection })
  await events.waitUntilReady()
  await canvas(events, 5)
  const began = performance.now()
  const [got, wanted] = await canvas(events, Number(count))
  const seconds = (performance.now() - began) / 1_000
  if (got !== wanted) throw new Error(`it came to ${got}, not to ${wanted}`)
  return { seconds }
}

if (scenario === "serve") await serve()
console.log(JSON.stringify(await call(canvases[scenario]!)))
process.exit(0)
