/**
 * The baseline of a scheduler: a bare loop that publishes one task each millisecond
 * with amqplib, and does nothing else. What it is late by is the machine's and the
 * broker's share.
 *
 * `node rawBeat.ts lag <url> <count>` prints one line of JSON.
 */
import amqp from "amqplib"
import { outgoing, queue } from "./message.ts"
import { percentiles } from "./Meter.ts"

const [, url = "", count = "0"] = process.argv.slice(2)
const total = Number(count)
const connection = await amqp.connect(url, { noDelay: true })
const channel = await connection.createConfirmChannel()
await channel.assertQueue(queue, { durable: true })

const handed: Array<number> = []
const confirmed: Array<number> = []
const start = Date.now() + 1000
const cpu = process.cpuUsage()

const send = (slot: number): void => {
  handed.push(Date.now() - slot)
  const { body, options } = outgoing(undefined)
  channel.publish("", queue, body, options, () => confirmed.push(Date.now() - slot))
}

let next = 0
const tick = (): void => {
  const now = Date.now()
  while (next < total && start + next <= now) send(start + next++)
  if (next < total) setTimeout(tick, start + next - now)
}
tick()
while (confirmed.length < total) await new Promise((resolve) => setTimeout(resolve, 100))
const { system, user } = process.cpuUsage(cpu)
const of = (late: ReadonlyArray<number>) => percentiles(late.slice(Math.min(3000, Math.floor(total / 2))))
const [sent, taken] = [of(handed), of(confirmed)]
console.log(JSON.stringify({
  p50: sent.p50,
  p99: sent.p99,
  confirmed50: taken.p50,
  confirmed99: taken.p99,
  cpuMicros: (system + user) / total
}))
process.exit(0)
