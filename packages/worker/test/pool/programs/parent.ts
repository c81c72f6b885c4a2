/** A process with a pool of processes, one of them in a loop, the other waiting: tells their ids, and is killed. */
import * as ProcessPool from "@celeriac/worker/pool/ProcessPool"
import * as Effect from "effect/Effect"
import * as PoolJobs from "../../../src/testing/internal/PoolJobs.ts"

const program = Effect.gen(function*() {
  const pool = yield* ProcessPool.make({
    concurrency: 2,
    program: { module: PoolJobs.module },
    hostname: "celery@test",
    procAliveTimeout: "100 seconds"
  })
  const jobs = [PoolJobs.job("spin"), PoolJobs.job("wait")]
  for (const job of jobs) {
    pool.submit(job)
    yield* job.begun
  }
  console.log(JSON.stringify(pool.info()["processes"]))
  return yield* Effect.never
})

void Effect.runPromise(Effect.scoped(program))
