/** Periodic tasks: who sends them, and whether they come due. */
import * as BeatCommands from "@celeriac/beat/BeatCommands"
import * as BeatSchedule from "@celeriac/beat/BeatSchedule"
import type * as ScheduleEntry from "@celeriac/beat/ScheduleEntry"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Verb from "../app/Verb.ts"
import * as Finding from "./Finding.ts"
import type * as TaskCheck from "./TaskCheck.ts"

export interface Planned {
  readonly name: string
  readonly task: string
  readonly schedule: string
  readonly enabled: boolean
  /** Whether there is a slot to come. */
  readonly comesDue: boolean
}

export interface Beat {
  /** Those that answered; of Celery's own no more is known. */
  readonly schedulers: ReadonlyArray<{ readonly name: string; readonly health: BeatCommands.Health | undefined }>
  /** As a scheduler lists them, else as the module and its settings say. */
  readonly entries: ReadonlyArray<Planned>
  /** What is wrong with those of the settings. */
  readonly wrong: ReadonlyArray<string>
}

/** Asks the schedulers that are there. */
export const look = Effect.fnUntraced(function*(verb: Pick<Verb.Verb, "app" | "settings">, timeout: Duration.Input) {
  const remote = yield* RemoteControl.make
  const options = { pattern: BeatCommands.pattern, timeout, deadline: "4 seconds" } as const
  const { healths, lists } = yield* Effect.all({
    healths: Stream.runCollect(remote.stream(BeatCommands.health, {}, options)),
    lists: Stream.runCollect(remote.stream(BeatCommands.list, {}, options))
  }, { concurrency: "unbounded" })
  const listed = lists.flatMap(({ answer }) => Result.isSuccess(answer) ? [answer.success] : [])[0]
  const { entries, errors } = BeatSchedule.ofSettings(verb.settings)
  const now = yield* Clock.currentTimeMillis
  return {
    schedulers: healths.map(({ answer, node }) => ({ name: node, health: Result.getOrUndefined(answer) })),
    entries: listed?.map(({ enabled, name, next_run_at, schedule, task }) => {
      const comesDue = next_run_at !== null
      return { name, task, schedule, enabled, comesDue }
    }) ?? [...ofModule(verb), ...entries].map((entry) => planned(entry, now)),
    wrong: errors.map(({ message }) => message)
  } satisfies Beat
})

const planned = ({ enabled, name, schedule, signature }: ScheduleEntry.ScheduleEntry, now: number): Planned => ({
  ...{ name, task: signature.task, schedule: schedule.describe, enabled },
  comesDue: schedule.next(now) !== undefined
})

/** A list of entries; what a layer gives is known to a scheduler alone. */
const ofModule = ({ app }: Pick<Verb.Verb, "app">): ReadonlyArray<ScheduleEntry.ScheduleEntry> => {
  const beat = app?.exports["beat"]
  return Array.isArray(beat)
    ? beat.filter((entry) =>
      typeof entry === "object" && entry !== null && "schedule" in entry && "signature" in entry && "name" in entry
    )
    : []
}

/** What they name, for whoever knows which tasks there are. */
export const named = ({ entries }: Beat): ReadonlyArray<TaskCheck.Named> =>
  entries.map(({ name, task }) => ({ task, by: `the periodic task ${name}` }))

/** `now` is in milliseconds. */
export const check = ({ entries, schedulers, wrong }: Beat, now: number): Finding.Findings => {
  if (entries.length + schedulers.length + wrong.length === 0) return []
  const healths = schedulers.flatMap(({ health, name }) => health === undefined ? [] : [{ ...health, name }])
  const leader = healths.find(({ leader }) => leader)
  const idle = leader === undefined ? undefined : now - Date.parse(leader.last_tick ?? "")
  const isLate = idle !== undefined && !(idle < patience)
  return [
    ...wrong.map((message) => Finding.problem("beat", message, "It is never sent: correct it in beat_schedule")),
    ...schedulers.length === 0
      ? [
        Finding.warning(
          "beat",
          `${count(entries.length)}, and no scheduler answers`,
          "Start one, celeriac beat, or give one worker -B; one of Celery's own may run where beat_enable_remote_control is off"
        )
      ]
      : leader === undefined && healths.length === schedulers.length
      ? [
        Finding.problem(
          "beat",
          `None of ${schedulers.map(({ name }) => name).join(", ")} leads`,
          "See what their logs say: who leads holds a queue, or a lease in the store"
        )
      ]
      : leader !== undefined && isLate
      ? [
        Finding.problem(
          "beat",
          `${leader.name} leads, and has not looked at what is due since ${leader.last_tick ?? "it began"}`,
          "Stop it: another one leads then"
        )
      ]
      : [Finding.ok("beat", `${count(entries.length)}; ${leader?.name ?? schedulers[0]?.name ?? ""} sends them`)],
    ...entries.filter(({ comesDue, enabled }) => enabled && !comesDue).map(({ name, schedule }) =>
      Finding.warning("beat", `${name} never comes due: ${schedule}`, "Correct its schedule, or take it out")
    ),
    ...entries.filter(({ enabled }) => !enabled).map(({ name }) =>
      Finding.warning("beat", `${name} is paused`, `celeriac beat resume ${name} sends it again`)
    )
  ]
}

/** As long as a scheduler of Celery's may stand still before it does not answer. */
const patience = 60_000

const count = (entries: number): string => `${entries} periodic ${entries === 1 ? "task" : "tasks"}`
