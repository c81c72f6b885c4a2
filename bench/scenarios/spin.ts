/**
 * What tasks of pools do: they compute for so long, in processor time of their
 * thread.
 *
 * Linux tells the processor time of a thread in steps of 4 ms, so the loop is
 * counted: how many of its turns make a millisecond is measured by the first who
 * computes, by the quickest of forty tries: the first are V8's to compile it.
 */
export const spin = (millis: number): number => turns(Math.round(millis * (perMilli ??= measured())))

let perMilli: number | undefined

/** Of bits alone, and short: it takes as long by whichever of V8's compilers, and whoever calls it. */
const turn = (value: number): number => {
  for (let n = 0; n < 1_000; n++) {
    value ^= value << 13
    value ^= value >>> 17
    value ^= value << 5
  }
  return value
}

const turns = (times: number): number => {
  let value = 1
  for (let n = 0; n < times; n++) value = turn(value)
  return value
}

const measured = (): number => {
  const times = 2_000
  let quickest = Infinity
  for (let n = 0; n < 40; n++) {
    const start = performance.now()
    turns(times)
    quickest = Math.min(quickest, performance.now() - start)
  }
  return times / quickest
}

/** Where their messages go. */
export const queue = "bench.pools"
