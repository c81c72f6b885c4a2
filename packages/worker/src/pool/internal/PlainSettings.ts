/**
 * The settings of tasks that a child is told: those in effect that are plain
 * values, times and secrets among them. Functions it has from its module.
 *
 * @since 0.1.0
 */
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isPlain } from "../../trace/internal/Plain.ts"

type All = Readonly<Record<string, unknown>>

export const current: Effect.Effect<All> = Effect.map(
  TaskSettings.current,
  (all) =>
    among(
      Object.fromEntries(
        Object.entries(all).map(([name, value]) => [
          name,
          Duration.isDuration(value)
            ? Duration.toMillis(value)
            : Redacted.isRedacted(value)
            ? Redacted.value(value)
            : value
        ])
      )
    )
)

/** Those that are plain. */
export const among = (all: All): All =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && isPlain(value)))
