import * as ResultBackendConformance from "@celeriac/tasks/testing/ResultBackendConformance"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { inject } from "vitest"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

/** A database of its own: others keep results on this server meanwhile. */
const database = 9
const url = inject("redisUrl").replace(/\/\d*$/, `/${database}`)

/** Each test has it to itself. */
const emptied = Layer.effectDiscard(
  Effect.promise(() =>
    redisCommand(url, "EVAL", "redis.call('SELECT', ARGV[1]) return redis.call('FLUSHDB')", "0", `${database}`)
  )
)

ResultBackendConformance.suite("redis", Layer.fresh(RedisBackend.layer({ url }).pipe(Layer.provide(emptied))))
