/**
 * What a Redis is like that is to keep results: its version, its memory, and
 * what it does when that is full. For `celeriac doctor`, and whoever watches.
 *
 * ```ts
 * const facts = yield* RedisServer.look({ url: "redis://localhost:6379/0" })
 * if (facts.maxmemory > 0 && facts.policy !== "noeviction") yield* Effect.logWarning("results may vanish")
 * ```
 *
 * Asks with `INFO` and `TIME`, which a user of Redis's ACL may be refused:
 * that is `BackendRefused`.
 *
 * @since 0.1.0
 */
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Link from "./internal/Link.ts"
import * as RedisConfig from "./RedisConfig.ts"

export interface Facts {
  /** Without the password. */
  readonly uri: string
  /** `7.0.15`; empty where it is not said. */
  readonly version: string
  /** In bytes; 0 is without a limit. */
  readonly maxmemory: number
  /** How much of it is used, in bytes. */
  readonly usedMemory: number
  /** `noeviction`, `allkeys-lru`, … */
  readonly policy: string
  /** `master`, or `slave`: of that, nothing can be stored. */
  readonly role: string
  /** How many keys were thrown away for want of memory since it started. */
  readonly evictedKeys: number
  /** How far its clock is ahead of ours, in seconds. */
  readonly clockAhead: number
  readonly isEncrypted: boolean
}

/** Connects, asks, and leaves. Takes no longer than the connect timeout of the options, and a little. */
export const look = (options: RedisConfig.RedisOptions = {}): Effect.Effect<Facts, ResultError> =>
  Effect.scoped(Effect.gen(function*() {
    const config = yield* Effect.fromResult(RedisConfig.make(options))
    const link = yield* Link.make({ name: "celeriac doctor", config })
    yield* link.opened("look", config.connectTimeout)
    const info = fieldsOf(String(yield* link.ask("look", ["INFO"])))
    const time = yield* link.ask("look", ["TIME"])
    const now = yield* Clock.currentTimeMillis
    const [seconds, micros] = Array.isArray(time) ? time.map(Number) : []
    return {
      uri: config.uri,
      version: info.get("redis_version") ?? "",
      maxmemory: Number(info.get("maxmemory") ?? 0),
      usedMemory: Number(info.get("used_memory") ?? 0),
      policy: info.get("maxmemory_policy") ?? "noeviction",
      role: info.get("role") ?? "master",
      evictedKeys: Number(info.get("evicted_keys") ?? 0),
      clockAhead: seconds === undefined ? 0 : seconds + (micros ?? 0) / 1e6 - now / 1000,
      isEncrypted: config.tls !== undefined
    }
  }))

const fieldsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^([a-z_]+):(.*)$/.exec(line) ?? []
      return name === undefined ? [] : [[name, value ?? ""] as const]
    })
  )
