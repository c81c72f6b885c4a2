/** The store of results: whether it answers, and whether it keeps what it is given. */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import type * as RedisServer from "@celeriac/redis/RedisServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isLocal } from "./BrokerCheck.ts"
import * as Finding from "./Finding.ts"

/** By its URL; undefined is the broker's own. */
export const look = (backend: string | Redacted.Redacted | undefined): Effect.Effect<Finding.Findings> => {
  const url = backend === undefined ? "" : Redacted.isRedacted(backend) ? Redacted.value(backend) : backend
  if (/^(rediss?|redis\+socket|sentinel):/.test(url)) return ofRedis(url)
  const what = url === "" ? "Sent to the client that asked (rpc://), as far as the broker's default goes" : maskIn(url)
  return Effect.succeed([Finding.ok("results", what), Finding.ok("results", forgets)])
}

/** Of every other store: a hint, for most can do without. */
const forgets =
  "They keep no revokes: a task that is revoked while no worker is online runs, and so may one whose worker is started anew, unless it has --statedb. Redis keeps them (--result-backend redis://…)"

const ofRedis = (url: string): Effect.Effect<Finding.Findings> =>
  Effect.gen(function*() {
    const server = yield* Effect.tryPromise({
      try: () => import("@celeriac/redis/RedisServer"),
      catch: () =>
        Finding.problem(
          "results",
          "Results in Redis need the package @celeriac/redis, which is not installed here",
          "npm install @celeriac/redis"
        )
    })
    const facts = yield* Effect.mapError(server.look({ url }), (error) =>
      Finding.problem(
        "results",
        error.message,
        "Is it running, and are host, port, user and password in --result-backend right?"
      ))
    return check(facts)
  }).pipe(Effect.catch((finding) => Effect.succeed([finding])))

/** Rules over facts. */
export const check = (facts: RedisServer.Facts): Finding.Findings => {
  const { clockAhead, evictedKeys, isEncrypted, maxmemory, policy, role, uri, usedMemory, version } = facts
  const isFull = maxmemory > 0 && usedMemory > maxmemory * 0.9
  const memory = maxmemory === 0 ? "no limit of memory" : `${megabytes(usedMemory)} of ${megabytes(maxmemory)} MB`
  const noeviction =
    "Set maxmemory-policy to noeviction (redis-cli config set maxmemory-policy noeviction, and in redis.conf), and give results an instance of their own"
  return [
    Finding.ok("results", `Redis ${version} at ${uri}, ${memory}, ${policy}`),
    ...role === "master" ? [] : [
      Finding.problem(
        "results",
        "It is a replica, on which nothing can be stored",
        "Name the master, or the sentinels (sentinel://…)"
      )
    ],
    ...Number(version.split(".")[0]) < 5
      ? [Finding.problem("results", `Redis ${version} is too old`, "Use Redis 5 or newer")]
      : [],
    ...maxmemory === 0 || policy === "noeviction" ? [] : [
      evictedKeys > 0 || isFull
        ? Finding.problem(
          "results",
          `It throws results away when its memory is full (${policy}; ${evictedKeys} keys so far): who waits for one of them waits in vain, and so do chords`,
          noeviction
        )
        : Finding.warning(
          "results",
          `It will throw results away when its memory is full (${policy}): who waits for one of them waits in vain, and so do chords`,
          noeviction
        )
    ],
    ...isFull && policy === "noeviction"
      ? [
        Finding.problem(
          "results",
          "Its memory is nearly full: then it stores nothing more",
          "Give it more (maxmemory), or keep results for less long (result_expires)"
        )
      ]
      : [],
    ...isEncrypted || isLocal(uri) || uri.startsWith("redis+socket:") ? [] : [
      Finding.warning(
        "results",
        "The connection is not encrypted: passwords and results travel in the clear",
        "Use rediss:// where the network is not yours alone"
      )
    ],
    ...Math.abs(clockAhead) > 16
      ? [
        Finding.warning(
          "clocks",
          `The clock of Redis is ${Math.abs(clockAhead).toFixed(1)} seconds ${
            clockAhead > 0 ? "ahead of" : "behind"
          } ours`,
          "Let NTP set the clocks of both machines"
        )
      ]
      : []
  ]
}

const megabytes = (bytes: number): string => String(Math.round(bytes / 1_048_576))
