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

export const current: Effect.Effect<Readonly<Record<string, unknown>>> = Effect.map(
  TaskSettings.current,
  (all) =>
    Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => {
        const plain = Duration.isDuration(value)
          ? Duration.toMillis(value)
          : Redacted.isRedacted(value)
          ? Redacted.value(value)
          : value
        return value !== undefined && isPlain(plain) ? [[name, plain]] : []
      })
    )
)
