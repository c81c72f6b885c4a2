/** How many events there were in each of the last seconds. */

/** Those that are shown. */
const seconds = 30

export class EventRate {
  readonly #counts: Array<number> = []
  #second = 0

  /** At a time in seconds. */
  count(now: number): void {
    this.#reach(now)
    this.#counts[0]!++
  }

  /** Of each second that is over, the latest last. */
  read(now: number): ReadonlyArray<number> {
    this.#reach(now)
    return this.#counts.slice(1).toReversed()
  }

  #reach(now: number): void {
    const second = Math.floor(now)
    const past = this.#counts.length === 0 ? seconds : Math.min(seconds, second - this.#second)
    if (past <= 0) return
    this.#counts.unshift(...Array.from({ length: past }, () => 0))
    this.#counts.length = Math.min(this.#counts.length, seconds + 1)
    this.#second = second
  }
}

const steps = "▁▂▃▄▅▆▇"

/** As a drawing, a sign each; the highest of them is the highest sign. */
export const sparkline = (counts: ReadonlyArray<number>): string => {
  const most = Math.max(1, ...counts)
  return counts.map((count) => steps[count === 0 ? 0 : Math.ceil((count / most) * (steps.length - 1))]).join("")
}
