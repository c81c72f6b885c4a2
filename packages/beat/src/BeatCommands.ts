/**
 * What a scheduler is asked and told over remote control: what `celeriac beat list`,
 * `pause`, `resume`, `run`, `next` and `health` send to whoever leads.
 *
 * ```ts
 * const answers = yield* remote.call(BeatCommands.pause, { name: "report" }, { pattern: BeatCommands.pattern })
 * ```
 *
 * Nodes that know none of them say nothing. Times are ISO 8601 in the zone of the
 * entry.
 *
 * @since 0.1.0
 */
import * as Command from "@celeriac/tasks/control/Command"
import * as Schema from "effect/Schema"

/** The names of schedulers, unless they were given others. */
export const pattern = "celerybeat*"

const Time = Schema.NullOr(Schema.String)

/** An entry, as it is listed. */
export const Entry = Schema.Struct({
  name: Schema.String,
  task: Schema.String,
  schedule: Schema.String,
  timezone: Schema.NullOr(Schema.String),
  enabled: Schema.Boolean,
  /** The newest slot that was dealt with, or when it began. */
  last_run_at: Time,
  next_run_at: Time,
  total_run_count: Schema.Number
})

export type Entry = typeof Entry.Type

/** A slot that is to come. */
export const Slot = Schema.Struct({ name: Schema.String, task: Schema.String, at: Schema.String })

export type Slot = typeof Slot.Type

/** How a scheduler is. */
export const Health = Schema.Struct({
  leader: Schema.Boolean,
  /** By what it leads, or waits to. */
  leadership: Schema.String,
  /** Where the schedule is kept. */
  store: Schema.String,
  last_tick: Time,
  /** How late the last slot was sent, in seconds. */
  lag: Schema.Number,
  /** How many slots this process has sent. */
  sent: Schema.Number
})

export type Health = typeof Health.Type

/** All entries, by name. */
export const list = Command.inspect("beat_list", {
  reply: Command.ok(Schema.Array(Entry)),
  doc: "Periodic tasks"
})

/** The slots that come next: of one entry, or of all that are not paused. */
export const next = Command.inspect("beat_next", {
  arguments: { name: Command.optional(Schema.String), count: Command.integer },
  reply: Command.ok(Schema.Array(Slot)),
  doc: "What periodic tasks are due next"
})

/** Of every scheduler, whether it leads or waits. */
export const health = Command.inspect("beat_health", { reply: Command.ok(Health), doc: "How a scheduler is" })

const named = { name: Schema.String }

export const pause = Command.control("beat_pause", { arguments: named, doc: "Send a periodic task no more" })

export const resume = Command.control("beat_resume", { arguments: named, doc: "Send a periodic task again" })

/** Once for one word, however many schedulers hear it. */
export const run = Command.control("beat_run", {
  arguments: { ...named, word: Schema.String },
  doc: "Send a periodic task now, beside its schedule"
})
