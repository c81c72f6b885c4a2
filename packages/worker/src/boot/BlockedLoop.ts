/**
 * Says in the log which task held up the event loop, and which pool suits it: a
 * task of one name once a minute.
 *
 * Watches where time is the machine's: under a test's clock, nothing is told.
 *
 * @since 0.1.0
 */
import * as PoolName from "@celeriac/tasks/PoolName"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as LoopWatch from "../pool/LoopWatch.ts"
import * as LogFields from "../state/LogFields.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import { WorkerState } from "../state/WorkerState.ts"

/** In milliseconds. */
const pause = 60_000

/** Watches the tasks of the registry that run in this process. */
export const watch = (
  registry: TaskRegistry["Service"]
): Effect.Effect<LoopWatch.LoopWatch | undefined, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    if (clock !== Context.get(Context.empty(), Clock.Clock)) return undefined
    const { blockedWarning, pool } = yield* WorkerSettings
    // The pool works without a worker around it too.
    const threshold = Duration.toMillis(blockedWarning)
    const state = Option.getOrUndefined(yield* Effect.serviceOption(WorkerState))
    const log = yield* WorkerLog.make
    const toldAt = new Map<string, number>()
    const isHere = ({ task }: LoopWatch.Run) => !PoolName.hasChildren(registry.get(task)?.options.pool ?? pool)
    return yield* LoopWatch.make({
      threshold,
      running: () => Array.from(state?.active ?? []).filter(isHere),
      tell: (blocked) => {
        const { computed, isCertain } = blocked
        // The machine had no time for this process.
        if (!isCertain && computed !== undefined && computed < threshold) return
        const about = blocked.runs[0]?.task ?? ""
        const now = clock.currentTimeMillisUnsafe()
        if (now - (toldAt.get(about) ?? -Infinity) < pause) return
        toldAt.set(about, now)
        const [run, ...others] = blocked.runs
        const isAlone = run !== undefined && others.length === 0
        const fields = log.hasFields && isAlone ? () => LogFields.ofTask(run) : undefined
        log.log("Warn", sentence(blocked), undefined, undefined, fields)
      }
    })
  })

/** Builds handlers so that their runs are watched, unless they have a scheduler of their own. */
export const scheduledBy = <A, E, R>(
  scheduler: Scheduler.Scheduler | undefined,
  build: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  scheduler === undefined ?
    build :
    Effect.flatMap(Scheduler.Scheduler, (own) =>
      Object.getPrototypeOf(own) === Scheduler.MixedScheduler.prototype && own.executionMode === "async"
        ? Effect.provideService(build, Scheduler.Scheduler, scheduler)
        : build)

/** For the log. */
const sentence = ({ computed, isCertain, millis, runs }: LoopWatch.Blocked): string => {
  const share = computed === undefined ? "" : ` (${seconds(computed)} of it computing)`
  const what = `held up everything else in this process for ${seconds(millis)}${share}, heartbeats too`
  const [first, ...others] = runs
  if (first === undefined) return `Something that is no task ${what}`
  const shown = runs.slice(0, most).map(nameOf).join(", ")
  const more = runs.length > most ? ` and ${runs.length - most} more` : ""
  const who = isCertain
    ? `Task ${nameOf(first)}`
    : others.length === 0
    ? `Probably task ${nameOf(first)}`
    : `One of the tasks ${shown}${more}`
  return `${who} ${what}. What computes, or waits without letting others run, is for another pool: pool: "processes", or "threads"`
}

/** How many tasks are named. */
const most = 5

const nameOf = ({ id, task }: LoopWatch.Run): string => `${task}[${id}]`

const seconds = (millis: number): string => `${(millis / 1_000).toFixed(1)} s`
