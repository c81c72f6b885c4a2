/**
 * A store in Redis, which any number of schedulers and operators share: over whatever
 * `Redis` there is (`effect/persistence/Redis`, `@effect/platform-node/NodeRedis`).
 *
 * It has three keys: hashes of what was said and of how far entries have come, and a
 * revision, which is looked at twice a second. Each change is one script.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis, type RedisError } from "effect/persistence/Redis"
import { BeatError, StoreFailed } from "../BeatError.ts"
import { parse } from "../internal/Json.ts"
import { type Change, type Progress, ScheduleStore } from "../ScheduleStore.ts"

export interface Options {
  /** In front of the names of the keys. Default `celeriac-beat`; in braces, the keys are on one member of a cluster. */
  readonly prefix?: string | undefined
}

/** How often the revision is looked at. */
const pollInterval = "500 millis"

/** How many entries go forward in one script. */
const batchSize = 500

/** Names and JSON by turns: each that goes forward is kept. */
const advanceScript = `for i = 1, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  if not known or cjson.decode(known).last < cjson.decode(ARGV[i + 1]).last then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
return 1`

/** What was said before, and what is said from now on: 0 when another was faster. */
const changeScript = `if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('INCR', KEYS[2])
return 1`

export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const redis = yield* Redis
  const prefix = options.prefix ?? "celeriac-beat"
  const [changes, progress, revision] = [`${prefix}:changes`, `${prefix}:progress`, `${prefix}:revision`]
  const describe = `the keys ${prefix}:*`
  const guard = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, BeatError> =>
    Effect.mapError(effect, ({ cause }) => {
      const detail = cause instanceof Error ? cause.message : String(cause)
      return new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
    })
  const readRevision = Effect.map(redis.send<string | null>("GET", revision), (text) => Number(text ?? 0))
  const readHash = Effect.fnUntraced(function*<A, B>(key: string, use: (value: Partial<A>) => B | undefined) {
    const fields = pairs(yield* redis.send("HGETALL", key))
    return new Map(fields.flatMap(([name, text]) => {
      const value = parse<A>(text)
      const used = value === undefined ? undefined : use(value)
      return used === undefined ? [] : [[name, used] as const]
    }))
  })

  const change = (name: string, update: (change: Change | undefined) => Change | undefined): Effect.Effect<
    void,
    RedisError
  > =>
    Effect.gen(function*() {
      while (true) {
        const said = (yield* redis.send<string | null>("HGET", changes, name)) ?? ""
        const next = update(said === "" ? undefined : parse<Change>(said))
        const text = next === undefined ? "" : JSON.stringify(next)
        if ((yield* redis.send("EVAL", changeScript, "2", changes, revision, name, said, text)) === 1) return
      }
    })

  return ScheduleStore.of({
    describe,
    read: guard(Effect.gen(function*() {
      // Before what it is the revision of: what changes meanwhile is read again.
      const before = yield* readRevision
      return {
        revision: before,
        changes: yield* readHash<Change, Change>(changes, (change) => change),
        progress: yield* readHash<Progress, Progress>(
          progress,
          ({ count, last }) => typeof last === "number" ? { last, count: count ?? 0 } : undefined
        )
      }
    })),
    advance: (all) => {
      const batches = Array.from(
        { length: Math.ceil(all.length / batchSize) },
        (_, n) => all.slice(n * batchSize, (n + 1) * batchSize)
      )
      return guard(Effect.forEach(batches, (batch) => {
        const words = batch.flatMap(([name, progress]) => [name, JSON.stringify(progress)])
        return redis.send("EVAL", advanceScript, "1", progress, ...words)
      }, { discard: true }))
    },
    forget: (names) => names.length === 0 ? Effect.void : guard(Effect.asVoid(redis.send("HDEL", progress, ...names))),
    change: (name, update) => guard(change(name, update)),
    changed: (known) =>
      guard(Effect.gen(function*() {
        while ((yield* readRevision) === known) yield* Effect.sleep(pollInterval)
      }))
  })
})

export const layer = (options?: Options): Layer.Layer<ScheduleStore, never, Redis> =>
  Layer.effect(ScheduleStore, make(options))

/** A hash, which clients hand over as a list, an object or a map. */
const pairs = (hash: unknown): ReadonlyArray<readonly [string, unknown]> => {
  if (hash instanceof Map) return Array.from(hash, ([name, value]) => [String(name), value])
  if (!Array.isArray(hash)) return Object.entries(hash ?? {})
  return hash.flatMap((name, index) => index % 2 === 0 ? [[String(name), hash[index + 1]] as const] : [])
}
