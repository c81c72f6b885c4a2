/**
 * Counts to a total and says how long it took, in wall and in CPU time of this
 * process, from the first `begin` to the last `end`.
 */
export interface Measured {
  readonly count: number
  readonly seconds: number
  /** Per second. */
  readonly rate: number
  /** User and system time of the process, microseconds per item. */
  readonly cpuMicros: number
  readonly rssMegabytes: number
  /** How much the resident memory grew after the first fifth. */
  readonly rssGrowthMegabytes: number
}

export class Meter {
  done = 0
  private readonly total: number
  private startedAt = 0
  private rssAtFifth = 0
  private cpu: NodeJS.CpuUsage | undefined
  private readonly completion = Promise.withResolvers<Measured>()

  constructor(total: number) {
    this.total = total
  }

  get finished(): Promise<Measured> {
    return this.completion.promise
  }

  begin(): void {
    if (this.cpu !== undefined) return
    this.cpu = process.cpuUsage()
    this.startedAt = performance.now()
  }

  end(): void {
    this.done++
    if (this.done === Math.ceil(this.total / 5)) this.rssAtFifth = process.memoryUsage.rss()
    if (this.done !== this.total) return
    const seconds = (performance.now() - this.startedAt) / 1000
    const { user, system } = process.cpuUsage(this.cpu)
    this.completion.resolve({
      count: this.total,
      seconds,
      rate: this.total / seconds,
      cpuMicros: (user + system) / this.total,
      rssMegabytes: process.memoryUsage.rss() / 1e6,
      rssGrowthMegabytes: (process.memoryUsage.rss() - this.rssAtFifth) / 1e6
    })
  }
}

export const percentiles = (values: ReadonlyArray<number>) => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) }
}
