import * as ThreadPool from "@celeriac/worker/pool/ThreadPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"
import { keepCompiled } from "./compiled.ts"

keepCompiled()

PoolConformance.programs(
  "ThreadPool",
  ({ concurrency, module }) =>
    ThreadPool.make({ concurrency, program: { module }, hostname: "celery@test", procAliveTimeout: "100 seconds" }),
  { cannot: [] }
)
