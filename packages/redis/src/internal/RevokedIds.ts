/**
 * Keeps which tasks are not to run, for workers that were away when they were
 * revoked: a sorted set, `celeriac-revoked`, of ids by when that was, in
 * milliseconds. It is read by a worker that starts or connects again, and never
 * because of a message. Celery has nothing like it, and does not mind it.
 *
 * @since 0.1.0
 */
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Keys } from "./Keys.ts"
import type { Link } from "./Link.ts"
import { Script } from "./Script.ts"

/** So many are kept, as in the memory of a worker; then the oldest go. */
const most = 50_000

/** Ids are shorter; what is longer, somebody else has put there. */
const longest = 1024

/** Now, the milliseconds to live (0: for ever), how many at most, and the ids. */
const noting = new Script(`for at = 4, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], ARGV[at]) end
if ARGV[2] ~= '0' then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', tonumber(ARGV[1]) - tonumber(ARGV[2])))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[3]))
return true`)

/** In one command. */
const batch = 1_000

interface Options {
  readonly link: Link
  readonly keys: Keys
  readonly clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">
  /** Seconds, whole; 0 is for ever. */
  readonly expires: number
}

/** What `ResultWriter` has of revokes. */
export const make = ({ clock, expires, keys, link }: Options) => {
  const lifetime = expires * 1000
  const note = (ids: ReadonlyArray<string>): Effect.Effect<void, ResultError> =>
    Effect.callback((resume) => {
      const args = [clock.currentTimeMillisUnsafe(), lifetime, most].map(String)
      noting.run(
        link,
        "note revoked",
        [keys.revoked],
        [...args, ...ids],
        (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
      )
    })
  return {
    noteRevoked: (ids: ReadonlyArray<string>): Effect.Effect<void, ResultError> =>
      Effect.forEach(
        Array.from({ length: Math.ceil(ids.length / batch) }, (_, at) => ids.slice(at * batch, (at + 1) * batch)),
        note,
        { discard: true }
      ),
    revoked: Effect.suspend(() => {
      const since = lifetime === 0 ? "-inf" : `(${clock.currentTimeMillisUnsafe() - lifetime}`
      return Effect.map(
        link.ask("read revoked", ["ZRANGEBYSCORE", keys.revoked, since, "+inf", "LIMIT", "0", String(most)]),
        (reply) =>
          Array.isArray(reply)
            ? reply.flatMap((id) => Buffer.isBuffer(id) && id.length <= longest ? [id.toString()] : [])
            : []
      )
    })
  }
}
