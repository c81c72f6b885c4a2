/**
 * Settings of how results are kept, besides those of every result backend in
 * `Settings`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** Whether it is stored, too, what was run: name, arguments, worker, retries and queue. Celery's `result_extended`. */
export const ResultExtended: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/ResultSettings/ResultExtended",
  SettingKind.flag,
  {
    celery: "result_extended",
    default: () => false,
    doc: "Whether it is stored, too, what was run: name, arguments, worker, retries and queue."
  }
)

/** How results are compressed in Redis: `gzip`, `zstd`, ... All else keeps them as they are. Celery's `result_compression`. */
export const ResultCompression: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/ResultSettings/ResultCompression",
  SettingKind.text,
  {
    celery: "result_compression",
    default: () => undefined,
    defaultShown: "none",
    readBy: "writer",
    doc: "How results are compressed in Redis: `gzip`, `zstd` and so on. Readers of Celery before 5.7 cannot read them."
  }
)

/** How long a failure is kept in Redis. Celery's `result_failure_expires`. */
export const ResultFailureExpires: Reference<Duration.Input | undefined, Duration.Input> = Setting.reference(
  "@celeriac/tasks/ResultSettings/ResultFailureExpires",
  SettingKind.duration,
  {
    celery: "result_failure_expires",
    default: () => undefined,
    defaultShown: "like every result",
    readBy: "writer",
    doc: "How long a failure is kept in Redis."
  }
)

/** How often `celery.chord_unlock` looks for the parts of a chord. Celery's `result_chord_retry_interval`. */
export const ResultChordRetryInterval: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/ResultSettings/ResultChordRetryInterval",
  SettingKind.duration,
  {
    celery: "result_chord_retry_interval",
    default: () => "1 second",
    doc:
      "How often it is looked whether the parts of a chord have ended, for a client whose backend does not count them."
  }
)
