/**
 * Jobs in line for a slot: first in, first out, without moving the rest.
 *
 * @since 0.1.0
 */
import type { Job } from "../Pool.ts"

/** Taken jobs are cut off the front once they are this many. */
const trimAt = 1024

export class JobLine {
  private jobs: Array<Job | undefined> = []
  private head = 0

  get length(): number {
    return this.jobs.length - this.head
  }

  push(job: Job): void {
    this.jobs.push(job)
  }

  shift(): Job | undefined {
    if (this.head === this.jobs.length) return undefined
    const job = this.jobs[this.head]
    this.jobs[this.head++] = undefined
    if (this.head === this.jobs.length) {
      this.jobs.length = 0
      this.head = 0
    } else if (this.head >= trimAt && this.head * 2 > this.jobs.length) {
      this.jobs = this.jobs.slice(this.head)
      this.head = 0
    }
    return job
  }

  /** Takes out the jobs that fit, but for the `keep` of them that are first in line. */
  takeAfter(keep: number, fits: (job: Job) => boolean = always): ReadonlyArray<Job> {
    const taken: Array<Job> = []
    const left: Array<Job> = []
    let kept = 0
    for (let index = this.head; index < this.jobs.length; index++) {
      const job = this.jobs[index]!
      if (!fits(job) || kept++ < keep) left.push(job)
      else taken.push(job)
    }
    this.jobs = left
    this.head = 0
    return taken
  }
}

const always = () => true
