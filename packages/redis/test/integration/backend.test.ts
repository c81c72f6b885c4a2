import * as ResultBackendConformance from "@celeriac/tasks/testing/ResultBackendConformance"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { inject } from "vitest"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

const url = inject("redisUrl")

/** Each test has the database to itself. */
const emptied = Layer.effectDiscard(Effect.promise(() => redisCommand(url, "FLUSHALL")))

ResultBackendConformance.suite("redis", Layer.fresh(RedisBackend.layer({ url }).pipe(Layer.provide(emptied))))
