/**
 * A pool of one slot, a fiber: one task at a time, in the order in which they
 * came. For tasks that must not run beside their like, and for looking at one
 * after the other.
 *
 * It cannot grow. Time limits and `revoke` interrupt what waits, and not what
 * computes, as in the pool of fibers; while a task waits, the worker goes on.
 *
 * @since 0.1.0
 */
import type { Trace } from "../trace/Trace.ts"
import * as FiberPool from "./FiberPool.ts"
import type { Pool } from "./Pool.ts"

/** Whatever the concurrency, it is 1. */
export const make = (_concurrency: number, trace: Trace): Pool => {
  const one = FiberPool.make(1, trace)
  return {
    ...one,
    implementation: "solo",
    most: 1,
    resize: () => {},
    info: () => ({ ...one.info(), implementation: "celeriac:solo" })
  }
}
