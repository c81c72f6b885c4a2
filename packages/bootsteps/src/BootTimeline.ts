/**
 * How long each step took to boot, in boot order: what a program prints to find
 * out why it starts slowly.
 *
 * Provide `layer` to whoever boots. Of a step that is started again, after a
 * restart, the latest boot is kept.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Observer from "./Observer.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly blueprint: string
  readonly step: string
  readonly label: string
  /** When it began to start, in milliseconds after the first step of all did. */
  readonly startedAt: number
  /** Milliseconds from then until it was up. */
  readonly took: number
}

/**
 * @category services
 * @since 0.1.0
 */
export class BootTimeline extends Context.Service<BootTimeline, {
  /** In the order in which they began. */
  readonly entries: Effect.Effect<ReadonlyArray<Entry>>
}>()("@celeriac/bootsteps/BootTimeline") {}

/**
 * Records what is booted with it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<BootTimeline> = Layer.unwrap(Effect.sync(() => {
  const entries = new Map<string, Entry>()
  let origin: number | undefined
  const observe: Observer.Observe = (event) =>
    Effect.sync(() => {
      if (event.phase === "starting") origin ??= event.at
      if (event.phase !== "started") return
      const { blueprint, duration, label, step } = event
      const startedAt = event.at - duration - (origin ?? event.at - duration)
      entries.set(JSON.stringify([blueprint, step]), { blueprint, step, label, startedAt, took: duration })
    })
  return Layer.merge(
    Observer.layer(observe),
    Layer.succeed(BootTimeline, {
      entries: Effect.sync(() => Array.from(entries.values()).sort((a, b) => a.startedAt - b.startedAt))
    })
  )
}))

/**
 * A table, one step a line.
 *
 * @category formatting
 * @since 0.1.0
 */
export const format = (entries: ReadonlyArray<Entry>): string => {
  const rows = [
    ["step", "started at", "took"],
    ...entries.map((entry) => [
      `${entry.blueprint}: ${entry.label}`,
      `${entry.startedAt.toFixed(0)} ms`,
      `${entry.took.toFixed(0)} ms`
    ])
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(([step, at, took]) => `${step!.padEnd(widths[0]!)}  ${at!.padStart(widths[1]!)}  ${took!.padStart(widths[2]!)}`)
    .join("\n")
}
