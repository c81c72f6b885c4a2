/**
 * A store in Redis, which any number of schedulers and operators share: over whatever
 * `Redis` there is (`effect/persistence/Redis`, `@effect/platform-node/NodeRedis`).
 *
 * Its keys are hashes of what was said, of how far entries have come and of what of
 * these cannot be read, a format, and a revision, which is looked at twice a second. Each
 * change is one script.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis, type RedisError } from "effect/persistence/Redis"
import { BeatError, StoreFailed } from "../BeatError.ts"
import { parse } from "../internal/Json.ts"
import * as Rows from "../internal/Rows.ts"
import { type Change, type Progress, ScheduleStore } from "../ScheduleStore.ts"

export interface Options {
  /** In front of the names of the keys. Default `celeriac-beat`; in braces, the keys are on one member of a cluster. */
  readonly prefix?: string | undefined
}

/** How often the revision is looked at. */
const pollInterval = "500 millis"

/** How many entries go forward in one script. */
const batchSize = 500

/** Names and JSON by turns: each that goes forward is kept. What cannot be read stays until it is set aside. */
const advanceScript = `for i = 1, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  local isRead, before = pcall(cjson.decode, known or '{"last":-1}')
  local last = isRead and type(before) == 'table' and tonumber(before.last)
  if last and last < cjson.decode(ARGV[i + 1]).last then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
return 1`

/** What was said before, and what is said from now on: 0 when another was faster. */
const changeScript = `if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('INCR', KEYS[2])
return 1`

/** A field with what stands in it, into another hash. */
const asideScript = `if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('HSET', KEYS[2], ARGV[3], ARGV[2])
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1`

export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const redis = yield* Redis
  const prefix = options.prefix ?? "celeriac-beat"
  const key = (what: string) => `${prefix}:${what}`
  const [changes, progress, revision, format] = [key("changes"), key("progress"), key("revision"), key("format")]
  const describe = `the keys ${prefix}:*`
  const guard = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, BeatError> =>
    Effect.mapError(effect, ({ cause }) => {
      const detail = cause instanceof Error ? cause.message : String(cause)
      return new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
    })
  const readRevision = Effect.map(redis.send<string | null>("GET", revision), (text) => Number(text ?? 0))
  const readHash = (key: string) => Effect.map(redis.send("HGETALL", key), pairs)

  const read = Effect.gen(function*() {
    // Before what it is the revision of: what changes meanwhile is read again.
    const before = yield* guard(readRevision)
    const written = yield* guard(redis.send<string | null>("GET", format))
    yield* Rows.check(describe, written)
    if (written === null) yield* guard(redis.send("SET", format, String(Rows.format), "NX"))
    const [said, come] = yield* guard(Effect.all([readHash(changes), readHash(progress)]))
    const rows = new Rows.Rows()
    for (const [name, text] of said) rows.change(name, String(text))
    for (const [name, text] of come) {
      const { count, last } = parse<Progress>(text) ?? {}
      rows.come(name, last, count ?? 0, text)
    }
    yield* guard(Effect.forEach(rows.damaged, ({ kind, name, text }) => {
      const words = [kind === "changes" ? changes : progress, key("damaged"), name, text, `${kind} ${name}`]
      return redis.send("EVAL", asideScript, "2", ...words)
    }, { discard: true }))
    yield* Rows.tell(describe, `the key ${key("damaged")}`, rows.damaged)
    return { revision: before, changes: rows.changes, progress: rows.progress }
  })

  const change = (name: string, update: (change: Change | undefined) => Change | undefined): Effect.Effect<
    void,
    RedisError
  > =>
    Effect.gen(function*() {
      while (true) {
        const said = (yield* redis.send<string | null>("HGET", changes, name)) ?? ""
        const before = new Rows.Rows()
        if (said !== "") before.change(name, said)
        const next = update(before.changes.get(name))
        const text = next === undefined ? "" : JSON.stringify(next)
        if ((yield* redis.send("EVAL", changeScript, "2", changes, revision, name, said, text)) === 1) return
      }
    })

  return ScheduleStore.of({
    describe,
    read,
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
