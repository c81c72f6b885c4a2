/**
 * How long each step took to boot, in boot order: what a program prints to find
 * out why it starts slowly.
 *
 * Provide `layer` to whoever boots. Of a step that is started again, after a
 * restart, the latest boot is kept.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
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
  /** When it began to start, in milliseconds after the first step of all did; to the microsecond, as `took`. */
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
  const begun = new Map<string, bigint>()
  const entries = new Map<string, Entry>()
  let origin: bigint | undefined
  // An event tells milliseconds, in which most steps take none.
  const observe: Observer.Observe = ({ blueprint, label, phase, step }) =>
    Clock.clockWith((clock) =>
      Effect.sync(() => {
        if (phase !== "starting" && phase !== "started") return
        const now = clock.currentTimeNanosUnsafe()
        const key = JSON.stringify([blueprint, step])
        if (phase === "starting") {
          origin ??= now
          begun.set(key, now)
          return
        }
        const start = begun.get(key) ?? now
        entries.set(key, {
          blueprint,
          step,
          label,
          startedAt: millis(start - (origin ?? start)),
          took: millis(now - start)
        })
      })
    )
  return Layer.merge(
    Observer.layer(observe),
    Layer.succeed(BootTimeline, {
      entries: Effect.sync(() => Array.from(entries.values()).sort((a, b) => a.startedAt - b.startedAt))
    })
  )
}))

const millis = (nanos: bigint): number => Number(nanos / 1000n) / 1000

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
      `${rounded(entry.startedAt)} ms`,
      `${rounded(entry.took)} ms`
    ])
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(([step, at, took]) =>
      `${step!.padEnd(widths[0]!)}  ${at!.padStart(widths[1]!)}  ${took!.padStart(widths[2]!)}`
    )
    .join("\n")
}

/** To a tenth, written only where there is one. */
const rounded = (value: number): string => String(Number(value.toFixed(1)))
