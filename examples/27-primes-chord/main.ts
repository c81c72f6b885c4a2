/**
 * Counts primes in many ranges side by side, adds up when all are there, and
 * tells meanwhile how far it is: a chord.
 *
 *     node_modules/.bin/node examples/27-primes-chord/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Canvas from "celeriac/Canvas"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const primes = Task.make("math.primes", { parameters: { from: Schema.Int, to: Schema.Int }, success: Schema.Int })
const total = Task.make("math.total", { parameters: { counts: Schema.Array(Schema.Int) }, success: Schema.Int })

const isPrime = (n: number): boolean => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return n > 1
}

const worker = Worker.make({
  concurrency: 4,
  tasks: [
    primes.toLayer(({ from, to }) =>
      Effect.sync(() => {
        let count = 0
        for (let n = from; n < to; n++) if (isPrime(n)) count++
        return count
      })
    ),
    total.toLayer(({ counts }) => Effect.succeed(counts.reduce((sum, count) => sum + count, 0)))
  ]
})

// #region chord
const size = 2_500
const ranges = Array.from({ length: 4 }, (_, n) => primes.s({ from: n * size, to: (n + 1) * size }))
const counting = Canvas.chord(ranges, total.s())
// #endregion

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  // #region size
  const { largest, messages } = yield* Effect.fromResult(Canvas.size(counting))
  yield* Console.log(`${messages} messages, none above ${Math.ceil(largest / 1_000)} kB`)
  // #endregion
  // #region progress
  const sent = yield* client.delay(counting)
  yield* sent.parent!.progress.pipe(
    Stream.filter(({ final }) => final !== undefined),
    Stream.zipWithIndex,
    Stream.runForEach(([, index]) => Console.log(`${index + 1} of ${ranges.length} done`))
  )
  const count: number = yield* sent.get({ timeout: "10 seconds" })
  // #endregion
  yield* Console.log(`${count} primes below ${ranges.length * size}`)
})

program.pipe(
  Effect.provide(
    worker.layer.pipe(
      Layer.provideMerge(Broker.layer("memory://")),
      Layer.provide(LogFormat.layer({ level: "critical" }))
    )
  ),
  NodeRuntime.runMain
)
