/** What a scheduler shows when it starts: Celery's banner, on stdout; the log is on stderr. */
import { BeatSchedule } from "@celeriac/beat/BeatSchedule"
import { Leadership } from "@celeriac/beat/Leadership"
import { ScheduleStore } from "@celeriac/beat/ScheduleStore"
import { Transport } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LogFormat from "../../LogFormat.ts"
import { packageVersion } from "../app/Version.ts"

export interface Options {
  readonly file: string | undefined
  readonly logfile: string | undefined
  readonly level: LogFormat.Level
  readonly maxInterval: Duration.Input
  /** Who named the broker. */
  readonly named: string
}

export const starting = `celeriac beat v${packageVersion()} is starting.`

export const text = Effect.fnUntraced(function*({ file, level, logfile, maxInterval, named }: Options) {
  const { uri } = yield* Transport
  const { entries } = yield* BeatSchedule
  const { describe: leadership } = yield* Leadership
  const { describe: store } = yield* ScheduleStore
  const now = new Date(yield* Clock.currentTimeMillis)
  const seconds = Duration.toSeconds(maxInterval)
  return [
    "__    -    ... __   -        _",
    `LocalTime -> ${local(now)}`,
    "Configuration ->",
    `    . broker -> ${uri} (named by ${named})`,
    `    . loader -> ${file ?? "no module"}`,
    `    . scheduler -> ${store}`,
    `    . leader -> ${leadership}`,
    `    . entries -> ${entries.length}`,
    `    . logfile -> ${logfile ?? "[stderr]"}@%${level.toUpperCase()}`,
    `    . maxinterval -> ${seconds} seconds`
  ].join("\n")
})

/** `2026-11-28 10:00:00`, on the clocks here. */
const local = (date: Date): string => {
  const two = (value: number) => String(value).padStart(2, "0")
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
