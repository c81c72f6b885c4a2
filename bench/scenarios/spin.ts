/**
 * What tasks of pools do: they compute for so long, in processor time of their
 * thread.
 *
 * Linux tells the processor time of a thread in steps of 4 ms, so the loop is
 * counted: how many of its turns make a millisecond is measured by the first who
 * computes, by the quickest of ten tries.
 */
export const spin = (millis: number): number => turn(millis * (perMilli ??= measured()))

let perMilli: number | undefined

const turn = (times: number): number => {
  let value = 1
  for (let n = 0; n < times; n++) value = (Math.imul(value, 1_103_515_245) + 12_345) | 0
  return value
}

const measured = (): number => {
  const times = 2_000_000
  let quickest = Infinity
  for (let n = 0; n < 10; n++) {
    const start = performance.now()
    turn(times)
    quickest = Math.min(quickest, performance.now() - start)
  }
  return times / quickest
}

/** Where their messages go. */
export const queue = "bench.pools"
