/**
 * What a worker replies to commands about itself. Source: control sections 2
 * and 3.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import { Refused } from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Machine from "../../state/Machine.ts"
import * as Revoked from "../../state/Revoked.ts"
import * as WorkerExit from "../../state/WorkerExit.ts"
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import { WorkerState } from "../../state/WorkerState.ts"
import * as ControlHandler from "../ControlHandler.ts"

/** Samples of memory that are kept. */
const mostSamples = 1_000

export const make = Effect.gen(function*() {
  const clock = yield* LogicalClock
  const state = yield* WorkerState
  const { nodename } = yield* WorkerSettings
  const samples: Array<string> = []

  const stats = Effect.gen(function*() {
    const counts = state.stats(yield* Clock.currentTimeMillis)
    const { broker, pool, prefetch_count, ...others } = yield* Blueprint.info
    return {
      ...counts,
      clock: String(clock.value()),
      pool: tableOf(pool) ?? "N/A",
      broker: tableOf(broker) ?? {},
      prefetchCount: typeof prefetch_count === "number" ? prefetch_count : "N/A",
      rusage: Machine.resourceUsage(),
      others
    }
  })

  return yield* Effect.all([
    ControlHandler.make(Commands.inspect.ping, () => Effect.succeed("pong")),
    ControlHandler.make(Commands.inspect.clock, () => Effect.sync(() => ({ clock: clock.value() }))),
    ControlHandler.make(Commands.inspect.stats, () => stats),
    ControlHandler.make(Commands.inspect.hello, ({ fromNode, revoked }) =>
      Effect.sync(() => {
        if (fromNode === nodename) return null
        state.revoked.merge(Revoked.read(revoked))
        return { revoked: state.revoked.ids(), clock: clock.forward() }
      }).pipe(
        Effect.tap((reply) => reply === null ? Effect.void : Effect.logInfo(`sync with ${fromNode.slice(0, 255)}`))
      )),
    ControlHandler.make(Commands.inspect.memsample, () =>
      Effect.sync(() => {
        const sample = Machine.memory()
        samples.push(sample)
        if (samples.length > mostSamples) samples.shift()
        return sample
      })),
    ControlHandler.make(Commands.inspect.memdump, ({ samples: count }) =>
      Effect.sync(() => {
        const taken = samples.splice(0)
        return [
          ...(taken.length === 0 ? [] : ["- rss (sample):"]),
          ...thinned(taken, count ?? 10).map((sample) => `-    > ${sample},`),
          `- rss (end): ${Machine.memory()}.`,
          ""
        ].join("\n")
      })),
    ControlHandler.make(Commands.inspect.objgraph, () =>
      Effect.fail(
        new Refused(
          "objgraph is a library of Python's. Take a heap snapshot: start the worker with " +
            "`node --heapsnapshot-signal=SIGUSR2` and send it that signal"
        )
      )),
    ControlHandler.make(Commands.control.shutdown, ({ msg }) =>
      Effect.andThen(
        Effect.logWarning((msg ?? "Got shutdown from remote").slice(0, 1024)),
        Effect.fail(new WorkerExit.WorkerShutdown())
      ))
  ])
})

const tableOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  // Whatever a step tells is an object of JSON.
  typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : undefined

/** So many of them, evenly spread. */
const thinned = <A>(all: ReadonlyArray<A>, count: number): ReadonlyArray<A> => {
  const wanted = Math.min(all.length, Math.max(1, Math.floor(count)))
  return Array.from({ length: wanted }, (_, at) => all[Math.floor(at * all.length / wanted)]!)
}
