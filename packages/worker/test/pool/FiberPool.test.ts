import * as FiberPool from "@celeriac/worker/pool/FiberPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"

PoolConformance.suite("FiberPool", FiberPool.make)
