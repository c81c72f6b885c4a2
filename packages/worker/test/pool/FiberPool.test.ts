import * as FiberPool from "@celeriac/worker/pool/FiberPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"
import * as Effect from "effect/Effect"

PoolConformance.suite("FiberPool", FiberPool.make)

PoolConformance.programs(
  "FiberPool",
  ({ concurrency, trace }) => Effect.succeed(FiberPool.make(concurrency, trace)),
  { cannot: ["end a loop", "survive a crash"] }
)
