/**
 * What a worker is at, on SIGUSR1, as Celery's tells it of its threads: which
 * tasks run, for how long, and inside of which spans and named functions each fiber
 * waits, or in which thread or process; what has no slot yet, in which state its steps are, and what keeps the
 * process.
 *
 * Node begins to listen to debuggers on that signal where nobody else does.
 */
import type { BootGraph } from "@celeriac/bootsteps/BootGraph"
import * as LiveGraph from "@celeriac/bootsteps/LiveGraph"
import * as Observer from "@celeriac/bootsteps/Observer"
import * as Pool from "@celeriac/worker/boot/Pool"
import { type State, WorkerState } from "@celeriac/worker/state/WorkerState"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { inOneLine } from "../../internal/Harmless.ts"

type Pools = Pool.Pool["Service"]["pools"]

/** Around a worker of this graph: listens as long as its scope is open. */
export const layer = (graph: BootGraph): Layer.Layer<never> =>
  Layer.unwrap(Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const console = yield* Console.Console
    const live = LiveGraph.make()
    let state: State | undefined
    let pools: Pools = () => new Map()
    const cry = () => console.error(text(live.steps(graph), state, pools, clock.currentTimeMillisUnsafe()))
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGUSR1", cry)),
      () => Effect.sync(() => process.off("SIGUSR1", cry))
    )
    return Observer.layer((event) =>
      Effect.andThen(
        live.observe(event),
        state === undefined
          ? Effect.map(Effect.serviceOption(WorkerState), (found) => void (state = Option.getOrUndefined(found)))
          : Effect.void
      ).pipe(
        Effect.andThen(Effect.map(Effect.serviceOption(Pool.Pool), Option.map((pool) => void (pools = pool.pools))))
      )
    )
  }))

/** `now` is in milliseconds. */
const text = (
  steps: ReadonlyArray<LiveGraph.StepStatus>,
  state: Pick<State, "active" | "requests"> | undefined,
  pools: Pools,
  now: number
): string => {
  const active = Array.from(state?.active ?? [])
  const running = active.flatMap(({ id, retries, task, timeStart = now }) => [
    `  ${task}[${id}] for ${((now - timeStart) / 1000).toFixed(1)} s${retries === 0 ? "" : `, retry ${retries}`}`,
    ...Array.from(pools().values(), (pool) => pool.whereabouts?.(id) ?? []).flat().map((frame) => `    in ${frame}`)
  ])
  return [
    line,
    `running: ${active.length}, waiting: ${(state?.requests.size ?? 0) - active.length}`,
    line,
    // What it is called came over the network.
    ...running.map(inOneLine),
    LiveGraph.toText(steps),
    `keeps the process: ${resources()}`,
    line
  ].join("\n")
}

const line = "=".repeat(49)

const resources = (): string => {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Array.from(counts, ([name, count]) => `${name} (${count})`).join(", ")
}
