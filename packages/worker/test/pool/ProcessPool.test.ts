import * as ProcessPool from "@celeriac/worker/pool/ProcessPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"
import { keepCompiled } from "./compiled.ts"

keepCompiled()

PoolConformance.programs(
  "ProcessPool",
  ({ concurrency, module }) =>
    ProcessPool.make({ concurrency, program: { module }, hostname: "celery@test", procAliveTimeout: "100 seconds" }),
  { cannot: [] }
)
