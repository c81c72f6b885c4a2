/**
 * How stubbornly a task is published: a part of `Settings`, which exports it.
 *
 * Left alone, what a broker that is away did not take is sent again until the
 * deadline. Celery tries so many times, with pauses that grow.
 *
 * @since 0.1.0
 */
import type { RetryPolicy } from "@celeriac/messaging/Producer"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { Kind, Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value)

/** Celery's names, and ours. */
const names: ReadonlyMap<string, keyof RetryPolicy> = new Map([
  ["max_retries", "maxRetries"],
  ["interval_start", "intervalStart"],
  ["interval_step", "intervalStep"],
  ["interval_max", "intervalMax"]
])

const isCount = (value: unknown): boolean => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 0)

const isPolicy = (value: unknown): value is RetryPolicy =>
  isTable(value) && Object.entries(value).every(([name, part]) => {
    if (part === undefined) return true
    if (name === "maxRetries") return isCount(part)
    return ["intervalStart", "intervalStep", "intervalMax"].includes(name) &&
      Schema.is(SettingKind.pause.schema())(part)
  })

/** Seconds, and no end for null. A name that is none of these fits nowhere. */
const fromCelery = (value: unknown): unknown =>
  isTable(value)
    ? Object.fromEntries(
      Object.entries(value).map(([name, part]) => [
        names.get(name) ?? name,
        name === "max_retries" ? part ?? Infinity : SettingKind.pause.fromCelery(part)
      ])
    )
    : value

const toCelery = (policy: RetryPolicy): Table =>
  Object.fromEntries(
    Array.from(names).flatMap(([name, ours]) => {
      const part = policy[ours]
      if (part === undefined) return []
      return [[name, ours === "maxRetries" ? part === Infinity ? null : part : Duration.toSeconds(part)]]
    })
  )

const parsed = (text: string): unknown => {
  try {
    return fromCelery(JSON.parse(text))
  } catch {
    return text
  }
}

const policy: Kind<RetryPolicy> = {
  schema: () => Schema.declare(isPolicy),
  expected:
    "a policy of some of maxRetries (a whole number), intervalStart, intervalStep and intervalMax (times); in text and for Celery max_retries and so on, in seconds",
  fromText: parsed,
  fromCelery,
  toCelery
}

/** Whether a task that the broker did not take is sent again. Celery's `task_publish_retry`. */
export const PublishRetry: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/Settings/PublishRetry",
  SettingKind.flag,
  {
    celery: "task_publish_retry",
    default: () => true,
    readBy: "client",
    doc:
      "Whether a task that the broker did not take, since it is away, is sent again. A call says otherwise by `retry`."
  }
)

/** How often, and with which pauses. Celery's `task_publish_retry_policy`. */
export const PublishRetryPolicy: Reference<RetryPolicy | undefined, RetryPolicy> = Setting.reference(
  "@celeriac/tasks/Settings/PublishRetryPolicy",
  policy,
  {
    celery: "task_publish_retry_policy",
    default: () => undefined,
    defaultShown: "until the deadline",
    readBy: "client",
    doc: "How often such a task is sent again, and after which pauses. A call says otherwise by `retryPolicy`."
  }
)
