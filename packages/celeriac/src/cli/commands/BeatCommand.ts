/** `celeriac beat`: its flags, and those of what is asked of a scheduler. What it does is loaded when it is run. */
import * as BeatCommands from "@celeriac/beat/BeatCommands"
import * as BeatSettings from "@celeriac/worker/state/BeatSettings"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { levels } from "../../LogFormat.ts"
import * as SettingFlags from "../flags/SettingFlags.ts"
import * as WorkerFlags from "../worker/WorkerFlags.ts"
import * as FlagOf from "./FlagOf.ts"
import { asking } from "./RemoteFlags.ts"
import { globals } from "./Root.ts"

const { beatEnableRemoteControl, beatMaxLoopInterval, beatScheduleFilename, beatScheduler } = BeatSettings.table

const table = { beatEnableRemoteControl, beatMaxLoopInterval, beatScheduleFilename, beatScheduler }

const flags = {
  beatScheduleFilename: SettingFlags.make(beatScheduleFilename, {
    name: "schedule",
    alias: "s",
    metavar: "FILE",
    doc:
      "Keep the schedule in this file, for one scheduler alone. Default: CELERIAC_BEAT_SCHEDULE_FILENAME, else in no file with RabbitMQ"
  }),
  beatScheduler: SettingFlags.make(beatScheduler, {
    name: "scheduler",
    alias: "S",
    metavar: "NAME",
    doc:
      "Where the schedule is kept: broker (any number of schedulers, of which one leads), file or memory. Default: CELERIAC_BEAT_SCHEDULER, else broker with RabbitMQ, memory with memory://, file with -s"
  }),
  beatMaxLoopInterval: SettingFlags.make(beatMaxLoopInterval, {
    name: "max-interval",
    metavar: "SECONDS",
    doc: "How long to sleep at most. Default: CELERIAC_BEAT_MAX_LOOP_INTERVAL, else 5 seconds"
  }),
  beatEnableRemoteControl: SettingFlags.make(beatEnableRemoteControl, {
    name: "enable-remote-control",
    doc: "Answer `celery inspect ping`, and the commands below. Default: CELERIAC_BEAT_ENABLE_REMOTE_CONTROL, else true"
  }),
  hostname: FlagOf.text({
    name: "hostname",
    alias: "n",
    metavar: "NAME",
    doc: "The name under which it answers. Default: celerybeat@%h"
  }),
  loglevel: Flag.Literals("loglevel", levels).pipe(
    Flag.withMetavar("LEVEL"),
    Flag.withAlias("l"),
    Flag.withDescription("The lowest level to log. Default: warning"),
    Flag.withDefault("warning")
  ),
  jsonLogs: FlagOf.toggle(WorkerFlags.own.jsonLogs),
  ...FlagOf.daemon
}

const verbs = Effect.promise(() => import("../beat/BeatVerb.ts"))

const name = Argument.String("name").pipe(Argument.withDescription("The name of the entry"))

const list = Command.make("list", asking, (flags) =>
  Effect.gen(function*() {
    yield* (yield* verbs).list(yield* globals, flags)
  })).pipe(Command.withDescription("Lists the periodic tasks: when each was and will be sent, in its own zone."))

const next = Command.make("next", {
  ...asking,
  name: Argument.optional(name),
  count: Flag.Int("count").pipe(
    Flag.withAlias("c"),
    Flag.withMetavar("N"),
    Flag.withDescription("How many. Default: 10"),
    Flag.filter((count) => count >= 1, () => "a whole number of at least 1"),
    Flag.withDefault(10)
  )
}, (flags) =>
  Effect.gen(function*() {
    yield* (yield* verbs).next(yield* globals, flags)
  })).pipe(Command.withDescription("Shows what is due next: of one entry, or of all that are not paused."))

const pause = Command.make("pause", { ...asking, name }, (flags) =>
  Effect.gen(function*() {
    yield* (yield* verbs).change(BeatCommands.pause, yield* globals, flags)
  })).pipe(Command.withDescription("Sends an entry no more, until it is resumed."))

const resume = Command.make("resume", { ...asking, name }, (flags) =>
  Effect.gen(function*() {
    yield* (yield* verbs).change(BeatCommands.resume, yield* globals, flags)
  })).pipe(Command.withDescription("Sends an entry again, from now on: slots of the pause are no missed ones."))

const run = Command.make("run", { ...asking, name }, (flags) =>
  Effect.gen(function*() {
    yield* (yield* verbs).run(yield* globals, flags)
  })).pipe(Command.withDescription("Sends an entry now, once, beside its schedule."))

const health = Command.make("health", asking, (flags) =>
  Effect.gen(function*() {
    yield* (yield* verbs).health(yield* globals, flags)
  })).pipe(
    Command.withDescription(
      "Shows each scheduler: whether it leads, its last tick, how late it was. Ends with 69 when none leads."
    )
  )

export const beat = Command.make("beat", flags, ({ hostname, jsonLogs, loglevel, ...rest }) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { start } = yield* Effect.promise(() => import("../beat/Beat.ts"))
    const { beatEnableRemoteControl, beatMaxLoopInterval, beatScheduleFilename, beatScheduler, ...daemon } = rest
    const settings = SettingFlags.given(table, {
      beatEnableRemoteControl,
      beatMaxLoopInterval,
      beatScheduleFilename,
      beatScheduler
    })
    yield* start(shared, { ...daemon, hostname, jsonLogs, loglevel, settings })
  })).pipe(
    Command.withDescription(
      "Sends periodic tasks: those of the module's export `beat`, and of the setting beatSchedule (beat_schedule). Any number may run on one RabbitMQ: one leads, and another when that is gone. SIGTERM, or Ctrl+C, lets it finish what it is sending."
    ),
    Command.withShortDescription("Send periodic tasks"),
    Command.withSubcommands([list, next, pause, resume, run, health]),
    Command.withExamples([
      { command: "celeriac beat -A ./worker.ts -l info", description: "The schedule and who leads, by RabbitMQ alone" },
      { command: "celeriac beat -A ./worker.ts -s beat.db", description: "One scheduler, and its file" },
      { command: "celeriac beat list -A ./worker.ts", description: "What is sent when" },
      { command: "celeriac beat next report --json", description: "The next slots of one, for a program" }
    ])
  )
