/**
 * What it costs to hold tasks until they are due: how fast they are taken in,
 * what each takes, and how soon tasks start that are due meanwhile.
 *
 * The first of those was in the queue behind the held ones; the others are sent
 * when all are held.
 */
import { Meter, percentiles } from "./Meter.ts"

/** So many tasks are sent while the others are held: see `pace`. */
export const paced = 300

export class HoldMeter {
  private readonly meter: Meter
  private rssBefore = 0
  private readonly took: Array<number> = []
  private readonly behind = Promise.withResolvers<number>()
  private readonly all = Promise.withResolvers<void>()
  private heldAt = 0
  private count = 0
  private readonly total: number

  constructor(total: number) {
    this.total = total
    this.meter = new Meter(total)
  }

  held(): void {
    if (this.count === 0) this.rssBefore = process.memoryUsage.rss()
    this.meter.begin()
    this.meter.end()
    if (++this.count === this.total) this.heldAt = performance.now()
  }

  /** A task started that was sent at a time in milliseconds since the epoch. */
  started(sentAt: number): void {
    if (this.count < this.total || this.took.length === 0) this.behind.resolve(performance.now() - this.heldAt)
    this.took.push(performance.timeOrigin + performance.now() - sentAt)
    if (this.took.length === paced + 1) this.all.resolve()
  }

  /** Prints a line when all are held and the one behind them has started, and one when those that were sent meanwhile have. */
  async report(): Promise<void> {
    const { rate } = await this.meter.finished
    const behind = await this.behind.promise
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const bytes = (process.memoryUsage.rss() - this.rssBefore) / this.total
    globalThis.gc?.()
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    const live = (heapUsed + arrayBuffers) / this.total
    console.log(JSON.stringify({ rate, behind, bytes, live }))
    await this.all.promise
    console.log(JSON.stringify(percentiles(this.took.slice(1))))
  }
}
