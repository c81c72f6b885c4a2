import * as FiberPool from "@celeriac/worker/pool/FiberPool"
import * as NotifyingPool from "@celeriac/worker/pool/NotifyingPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"

PoolConformance.suite("NotifyingPool", (slots, trace) => NotifyingPool.make(FiberPool.make(slots, trace), () => {}))
