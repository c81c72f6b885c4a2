/**
 * Jobs that wait for a slot, in the order in which they came.
 *
 * @since 0.1.0
 */
import * as MutableList from "effect/MutableList"
import type { Job } from "../Pool.ts"

/** Takes out those that fit, oldest first, but for `keep` of the oldest of them. */
export const withdraw = (
  line: MutableList.MutableList<Job>,
  keep: number,
  fits: (job: Job) => boolean = always
): ReadonlyArray<Job> => {
  const taken: Array<Job> = []
  let kept = 0
  MutableList.filter(line, (job) => {
    if (!fits(job) || kept++ < keep) return true
    taken.push(job)
    return false
  })
  return taken
}

const always = (): boolean => true
