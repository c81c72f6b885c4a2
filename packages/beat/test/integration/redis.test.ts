/** What several schedulers share in Redis. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import * as RedisLease from "../../src/leases/RedisLease.ts"
import * as RedisStore from "../../src/stores/RedisStore.ts"
import * as ScheduleStoreConformance from "../../src/testing/ScheduleStoreConformance.ts"
import { handsOver } from "../fixtures/handingOver.ts"

const redis = NodeRedis.layer({ url: inject("redisUrl") })

const newPrefix = () => `beat-${randomUUID()}`

const openStore = (prefix: string) =>
  Effect.flatMap(
    Layer.build(redis),
    (context) =>
      Effect.andThen(
        Effect.addFinalizer(() =>
          // The last that is open leaves nothing behind, but for who opens it again at once.
          Effect.ignore(Effect.provide(
            Effect.flatMap(Redis, (redis) =>
              Effect.forEach(["changes", "progress", "revision", "format", "damaged"], (key) =>
                redis.send("EXPIRE", `${prefix}:${key}`, "60"))),
            context
          ))
        ),
        Effect.provide(RedisStore.make({ prefix }), context)
      )
  ).pipe(Effect.orDie)

const send = <A>(...words: ReadonlyArray<string>) =>
  Effect.flatMap(
    Layer.build(redis),
    (context) => Effect.provide(Effect.flatMap(Redis, ({ send }) => send<A>(words[0]!, ...words.slice(1))), context)
  )

ScheduleStoreConformance.suite("RedisStore", () => openStore(newPrefix()), {
  damage: () => {
    const prefix = newPrefix()
    return {
      open: openStore(prefix),
      spoil: Effect.andThen(
        send("HSET", `${prefix}:changes`, "said", "{\"enabled\": fal"),
        Effect.asVoid(send("HSET", `${prefix}:progress`, "come", "{\"last\": \"soon\"}"))
      ),
      aside: send<ReadonlyArray<string>>("HVALS", `${prefix}:damaged`),
      renew: Effect.asVoid(send("SET", `${prefix}:format`, "2"))
    }
  }
})

describe("RedisLease", () => {
  it.live("is one process's, and the next one's when that stops", () =>
    Effect.gen(function*() {
      const key = newPrefix()
      yield* handsOver(RedisLease.layer({ key, validity: "6 seconds" }).pipe(Layer.provide(redis)))
      const { send } = yield* Effect.map(Layer.build(redis), (context) => context).pipe(
        Effect.flatMap((context) => Effect.provide(Redis, context))
      )
      yield* send("DEL", key)
    }).pipe(Effect.scoped))
})
