import * as SoloPool from "@celeriac/worker/pool/SoloPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"
import * as Effect from "effect/Effect"

PoolConformance.programs(
  "SoloPool",
  ({ concurrency, trace }) => Effect.succeed(SoloPool.make(concurrency, trace)),
  { cannot: ["end a loop", "survive a crash", "grow"] }
)
