/**
 * The entry that Celery's beat has of its own: `celery.backend_cleanup`, every day at
 * four, where results have a time to live and the backend at hand does not see to
 * that by itself. Of those here, Redis and the broker do.
 *
 * @since 0.1.0
 */
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Signature from "@celeriac/tasks/Signature"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "./Schedule.ts"
import * as ScheduleEntry from "./ScheduleEntry.ts"

const name = "celery.backend_cleanup"

/** What there is to be added to these: the entry, or nothing. `timeZone` says whose four o'clock. */
export const missingIn = (
  entries: ReadonlyArray<ScheduleEntry.ScheduleEntry>,
  timeZone: string
): Effect.Effect<ReadonlyArray<ScheduleEntry.ScheduleEntry>> =>
  Effect.map(
    Effect.serviceOption(ResultWriter),
    (writer) =>
      Option.isNone(writer) || writer.value.cleanup === undefined || entries.some((entry) => entry.name === name)
        ? []
        : [ScheduleEntry.make(name, {
          signature: Signature.make(name),
          schedule: Schedule.crontab({ minute: "0", hour: "4", timeZone }),
          options: { expires: "12 hours" }
        })]
  )
