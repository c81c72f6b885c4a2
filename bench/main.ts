/**
 * `npm run bench`: the whole worker and client against a bare amqplib loop, in
 * the same run, over the same private RabbitMQ and Redis, round after round in
 * turn.
 *
 * Prints a table of medians and of ratios; the ratio is the median of the
 * ratios of each round, because these machines drift. `npm run bench -- 5`
 * runs five rounds instead of three, `npm run bench -- 5 idle` what has this in
 * its name, and `npm run bench -- 1 --smoke` all of it with so little to do
 * that it says no more than that it runs. `CELERIAC_TEST_AMQP_URL` names a
 * broker to use instead.
 */
import { Bench } from "./Bench.ts"
import { beat } from "./rows/beat.ts"
import { canvas } from "./rows/canvas.ts"
import { latency } from "./rows/latency.ts"
import { life } from "./rows/life.ts"
import { pools } from "./rows/pools.ts"
import { processes } from "./rows/processes.ts"
import { throughput } from "./rows/throughput.ts"

const given = process.argv.slice(2).filter((argument) => argument !== "--smoke")
const rounds = Number(given[0] ?? 3)
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error("usage: npm run bench -- [rounds] [a part of the names of rows] [--smoke]")
  process.exit(2)
}

const bench = await Bench.start({ rounds, wanted: given[1] ?? "", isSmoke: process.argv.includes("--smoke") })
try {
  await throughput(bench)
  await latency(bench)
  await life(bench)
  await canvas(bench)
  await pools(bench)
  await beat(bench)
  await processes(bench)
  bench.print()
} finally {
  await bench.stop()
}
