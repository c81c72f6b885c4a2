/**
 * Leadership by a key of Redis: for schedulers whose store is `RedisStore`.
 *
 * A leader that stops is succeeded within a second, one that was cut off or killed
 * after `validity`. What it has not renewed for so long it does not use any more. It is
 * one server that says who leads: one that loses what it has said, as a replica may
 * that becomes the master, lets two lead until one of them swaps its word.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis, type RedisError } from "effect/persistence/Redis"
import { BeatError, LeaseFailed } from "../BeatError.ts"
import * as SwapLease from "../internal/SwapLease.ts"
import { Leadership } from "../Leadership.ts"

export interface Options {
  /** All that take over from each other have one. Default `celeriac-beat:lease`. */
  readonly key?: string | undefined
  /** Default 3 seconds. */
  readonly validity?: Duration.Input | undefined
}

const swapScript = `if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`

export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const redis = yield* Redis
  const key = options.key ?? "celeriac-beat:lease"
  const describe = `the key ${key}`
  const guard = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, BeatError> =>
    Effect.mapError(effect, ({ cause }) => {
      const detail = cause instanceof Error ? cause.message : String(cause)
      return new BeatError({ reason: new LeaseFailed({ lease: describe, detail }) })
    })
  return yield* SwapLease.make({
    describe,
    read: guard(Effect.map(redis.send<string | null>("GET", key), (word) => word ?? "")),
    swap: (known, next) =>
      guard(Effect.map(redis.send("EVAL", swapScript, "1", key, known, next), (done) => done === 1))
  }, Duration.toMillis(options.validity ?? "3 seconds"))
})

export const layer = (options?: Options): Layer.Layer<Leadership, never, Redis> =>
  Layer.effect(Leadership, make(options))
