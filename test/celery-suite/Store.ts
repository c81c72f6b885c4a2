/** What the suite's tasks write down besides their results: a Redis. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createClient } from "redis"

export class Store extends Context.Service<Store, {
  readonly push: (key: string, value: string | Buffer) => Effect.Effect<void>
  readonly increment: (key: string) => Effect.Effect<void>
}>()("test/celery-suite/Store") {}

export const layer = (url: string): Layer.Layer<Store> =>
  Layer.effect(
    Store,
    Effect.gen(function*() {
      const redis = yield* Effect.acquireRelease(
        Effect.promise(() => createClient({ url }).connect()),
        (redis) => Effect.sync(() => redis.destroy())
      )
      return {
        push: (key, value) => Effect.promise(() => redis.rPush(key, value)),
        increment: (key) => Effect.promise(() => redis.incr(key))
      }
    })
  )
