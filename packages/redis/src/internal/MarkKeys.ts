/**
 * Words that all workers see, each a key of its own with a lifetime, changed by a
 * script: what `ResultWriter` has of marks. Celery has nothing like it.
 *
 * @since 0.1.0
 */
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type { Marks } from "@celeriac/tasks/result/ResultWriter"
import * as Effect from "effect/Effect"
import type { Keys } from "./Keys.ts"
import type { Link } from "./Link.ts"
import { Script } from "./Script.ts"

/** Words are shorter; what is longer, somebody else has put there. */
const longest = 256

/** What stands there, what is to, and the milliseconds that it lives. */
const exchanging = new Script(`local there = redis.call('GET', KEYS[1]) or ''
if there ~= ARGV[1] and there ~= ARGV[2] then return string.sub(there, 1, ${longest}) end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return false`)

export const make = (link: Link, keys: Keys): Marks => ({
  exchange: (name, was, becomes, lifetime) =>
    Effect.callback<string | undefined, ResultError>((resume) =>
      exchanging.run(
        link,
        "exchange mark",
        [keys.mark(name)],
        [was, becomes, String(Math.max(1, Math.ceil(lifetime)))],
        (error, reply) =>
          resume(error === undefined ? Effect.succeed(reply === null ? undefined : wordOf(reply)) : Effect.fail(error))
      )
    ),
  read: (name) => Effect.map(link.ask("read mark", ["GETRANGE", keys.mark(name), "0", String(longest - 1)]), wordOf)
})

const wordOf = (reply: unknown): string => Buffer.isBuffer(reply) ? reply.toString() : ""
