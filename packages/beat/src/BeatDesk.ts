/**
 * Answers the commands of `BeatCommands`: by the store of a schedule alone, or beside
 * the scheduler that it belongs to.
 *
 * @since 0.1.0
 */
import type * as Command from "@celeriac/tasks/control/Command"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as BeatCommands from "./BeatCommands.ts"
import { BeatError, InvalidEntry } from "./BeatError.ts"
import { nextOf } from "./internal/Missed.ts"
import { zone } from "./internal/Zone.ts"
import type { Listed, PeriodicTasks } from "./PeriodicTasks.ts"
import type { Scheduler } from "./Scheduler.ts"

/** A command with its reply, as it is written. Fails with what was asked wrongly, and what is wrong with the store. */
export type Answer = Effect.Effect<unknown, BeatError | Command.Refused>

type Handlers = Readonly<Record<string, (args: Readonly<Record<string, unknown>>) => Answer>>

/** So many slots are told at once. */
const mostSlots = 1000

/** Those that need the store alone, by the names of the commands. */
export const ofStore = (tasks: PeriodicTasks["Service"]): Handlers => ({
  ...handler(BeatCommands.list, () => Effect.map(tasks.list, (all) => all.map(entry))),
  ...handler(BeatCommands.next, ({ count, name }) =>
    Effect.flatMap(tasks.list, (all) => {
      const meant = name == null ? all : all.filter(({ entry }) => entry.name === name)
      if (name != null && meant.length === 0) return Effect.fail(absent(name))
      return Effect.succeed(slots(meant, Math.min(Math.max(count ?? 10, 0), mostSlots)))
    })),
  ...handler(BeatCommands.pause, ({ name }) => Effect.as(tasks.pause(name), `${name} is paused`)),
  ...handler(BeatCommands.resume, ({ name }) => Effect.as(tasks.resume(name), `${name} is sent again`)),
  ...handler(BeatCommands.run, ({ name, word }) => Effect.as(tasks.runNow(name, word), `${name} is sent now`))
})

/** What a scheduler says of itself. */
export const ofScheduler = (scheduler: Scheduler["Service"]): Handlers =>
  handler(
    BeatCommands.health,
    () =>
      Effect.map(scheduler.health, ({ isLeader, lag, lastTick, leadership, sent, store }) => ({
        leader: isLeader,
        leadership,
        store,
        last_tick: lastTick === undefined ? null : new Date(lastTick).toISOString(),
        lag: lag / 1000,
        sent
      }))
  )

const handler = <C extends Command.Any>(
  command: C,
  run: (args: Command.ArgumentsOf<C>) => Effect.Effect<Command.Reply<C>, BeatError>
): Handlers => ({
  [command.name]: (said) => {
    const bound = command.bind(said)
    if (Result.isFailure(bound)) return Effect.fail(mistaken(bound.failure.message))
    const args = bound.success as Command.ArgumentsOf<C> // by the command's own schemas
    return Effect.flatMap(run(args), (reply) => {
      const written = command.encodeReply(reply as never) // its schema is that of the reply
      return Effect.orDie(Effect.fromResult(written))
    })
  }
})

const mistaken = (detail: string) => new BeatError({ reason: new InvalidEntry({ entry: "", detail }) })

const absent = (entry: string) =>
  new BeatError({ reason: new InvalidEntry({ entry, detail: "there is none of this name: see what is listed" }) })

const entry = ({ count, entry: { name, schedule, signature }, isEnabled, last, next }: Listed): BeatCommands.Entry => ({
  name,
  task: signature.task,
  schedule: schedule.describe,
  timezone: schedule.timeZone ?? null,
  enabled: isEnabled,
  last_run_at: written(last, schedule.timeZone),
  next_run_at: next === undefined ? null : written(next, schedule.timeZone),
  total_run_count: count
})

/** The first of all, by time. */
const slots = (all: ReadonlyArray<Listed>, count: number): ReadonlyArray<BeatCommands.Slot> => {
  const found: Array<readonly [at: number, listed: Listed]> = []
  for (const listed of all) {
    let at = listed.next
    for (let n = 0; n < count && at !== undefined; n++) {
      found.push([at, listed])
      at = nextSlot(listed, at)
    }
  }
  return found.sort(([one], [other]) => one - other).slice(0, count).map(([at, { entry }]) => ({
    name: entry.name,
    task: entry.signature.task,
    at: written(at, entry.schedule.timeZone)
  }))
}

/** A schedule of one's own may throw. */
const nextSlot = ({ entry }: Listed, after: number): number | undefined => {
  try {
    return nextOf(entry.schedule, after)
  } catch {
    return undefined
  }
}

/** `2026-11-30T08:00:00+01:00`: what the clocks of the zone show, and how far they are from UTC. */
export const written = (at: number, timeZone: string | undefined): string => {
  const { offset, wall } = clockOf(at, timeZone ?? "UTC")
  const text = new Date(wall).toISOString().replace(/\.000Z$|Z$/, "")
  const minutes = Math.abs(Math.round(offset / 60_000))
  const two = (value: number) => String(value).padStart(2, "0")
  return `${text}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

const clockOf = (at: number, timeZone: string) => {
  const clock = zone(timeZone)
  return { offset: clock.offsetAt(at), wall: clock.wallOf(at) }
}
