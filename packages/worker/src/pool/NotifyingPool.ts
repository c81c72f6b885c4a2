/**
 * Another pool, that tells of each job it is given: when the job has its slot or
 * its place in line.
 *
 * @since 0.1.0
 */
import type { Pool } from "./Pool.ts"

export const make = (pool: Pool, onSubmit: () => void): Pool => ({
  implementation: pool.implementation,
  concurrency: pool.concurrency,
  running: pool.running,
  waiting: pool.waiting,
  submit: (job) => {
    pool.submit(job)
    onSubmit()
  },
  withdraw: pool.withdraw,
  pause: pool.pause,
  resize: pool.resize,
  most: pool.most,
  idle: pool.idle,
  interrupt: pool.interrupt,
  terminate: pool.terminate,
  restart: pool.restart,
  known: pool.known,
  whereabouts: pool.whereabouts,
  info: pool.info
})
