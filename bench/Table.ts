/**
 * Figures of two contenders, side by side, as a table in Markdown.
 */

export interface Row {
  readonly name: string
  /** One for each round, in the order of the rounds. */
  readonly baseline: ReadonlyArray<number>
  readonly ours: ReadonlyArray<number>
  readonly digits: number
  /** What the ratio ours / baseline should reach, */
  readonly atLeast?: number
  /** or stay under, */
  readonly atMost?: number
  /** or what our own figure should stay under. */
  readonly below?: number
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const render = (
  rows: ReadonlyArray<Row>,
  rounds: number,
  [baseline, ours]: readonly [string, string] = ["bare amqplib", "celeriac"]
): string =>
  [
    `| medians of ${rounds} rounds | ${baseline} | ${ours} | ratio | min to max | wanted | |`,
    "|---|---:|---:|---:|---:|---:|---|",
    ...rows.map(line)
  ].join("\n")

const line = (row: Row): string => {
  const ratios = row.ours.map((value, i) => value / row.baseline[i]!)
  const ratio = median(ratios)
  const ours = median(row.ours)
  // Some figures the baseline does not have.
  const number = (value: number) =>
    Number.isNaN(value)
      ? ""
      : value.toLocaleString("en", { minimumFractionDigits: row.digits, maximumFractionDigits: row.digits })
  const [wanted, reached] = row.atLeast !== undefined && row.atLeast > 0
    ? [`≥ ${row.atLeast} ×`, ratio >= row.atLeast]
    : row.atMost !== undefined
    ? [`≤ ${row.atMost} ×`, ratio <= row.atMost]
    : row.below !== undefined
    ? [`≤ ${row.below}`, ours <= row.below]
    : ["", undefined]
  // Nothing is no multiple of nothing.
  const [times, spread] = ratios.every(Number.isFinite)
    ? [ratio.toFixed(2), `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`]
    : ["", ""]
  return `| ${row.name} | ${number(median(row.baseline))} | ${number(ours)} | ${times} | ${spread} | ${wanted} | ${
    reached === undefined ? "" : reached ? "reached" : "**missed**"
  } |`
}
