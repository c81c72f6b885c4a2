/**
 * The worker's log lines, for code that runs outside of effects.
 *
 * The hot path asks whether a level is on before it makes a line: a line that
 * nobody sees costs a comparison. Lines go through Effect's loggers, as all
 * others.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as LogFields from "./LogFields.ts"

export interface WorkerLog {
  readonly isDebug: boolean
  readonly isInfo: boolean
  /** Whether anybody reads fields: nobody does where the log is text. */
  readonly hasFields: boolean
  readonly log: (
    level: LogLevel.Severity,
    message: string,
    annotations?: Readonly<Record<string, unknown>>,
    cause?: Cause.Cause<unknown>,
    /** Asked by whoever writes them. */
    fields?: () => LogFields.Fields
  ) => void
}

/** A log that writes with the loggers and the minimum level in effect here. */
export const make: Effect.Effect<WorkerLog> = Effect.map(Effect.context<never>(), (context) => {
  const run = Effect.runForkWith(context)
  const minimum = Effect.runSyncWith(context)(References.MinimumLogLevel)
  const isOn = (level: LogLevel.Severity) => !LogLevel.isGreaterThan(minimum, level)
  return {
    isDebug: isOn("Debug"),
    isInfo: isOn("Info"),
    hasFields: LogFields.areRead(Effect.runSyncWith(context)(References.CurrentLoggers)),
    log: (level, message, annotations, cause, fields) => {
      if (!isOn(level)) return
      const line = cause === undefined
        ? Effect.logWithLevel(level)(message)
        : Effect.logWithLevel(level)(message, cause)
      const noted = annotations === undefined ? line : Effect.annotateLogs(line, annotations)
      run(fields === undefined ? noted : Effect.provideService(noted, LogFields.FieldsOfLine, fields))
    }
  }
})

/** A message of another's, as a sentence that another may follow. */
export const sentence = (message: string): string => /[.?!]$/.test(message) ? message : `${message}.`
