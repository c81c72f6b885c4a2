/**
 * Keeps what groups are made of, for `GroupResult.save` and `restore` of both
 * languages: the key, with its expiry, and its channel, as Celery writes them.
 * Source: protocol §7.2.
 *
 * @since 0.1.0
 */
import * as GroupRecord from "@celeriac/tasks/result/GroupRecord"
import { because, type ResultError, ResultUnreadable } from "@celeriac/tasks/result/ResultError"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Keys } from "./Keys.ts"
import type { Link } from "./Link.ts"
import * as Payload from "./Payload.ts"
import { Script } from "./Script.ts"

/** The value, and its seconds to live (0: for ever). */
const saving = new Script(`if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1])
else redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return true`)

interface Options {
  readonly link: Link
  readonly keys: Keys
  /** Seconds, whole; 0 is for ever. */
  readonly expires: number
  readonly encode: (value: unknown) => Result.Result<Buffer, ResultError>
  readonly decoding: Payload.Decoding
  readonly mostBytes: number
}

/** What `ResultReader` has of groups. */
export const make = ({ decoding, encode, expires, keys, link, mostBytes }: Options): GroupRecord.Groups => ({
  saveGroup: (group) =>
    Effect.callback((resume) => {
      const value = encode(GroupRecord.encode(group))
      if (Result.isFailure(value)) return resume(Effect.fail(value.failure))
      saving.run(
        link,
        "save group",
        [keys.group(group.id)],
        [value.success, String(expires)],
        (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
      )
    }),
  restoreGroup: (groupId) =>
    Effect.flatMap(
      link.ask("restore group", ["GETRANGE", keys.group(groupId), "0", String(mostBytes)]),
      (reply): Effect.Effect<ResultTuple | undefined, ResultError> =>
        Buffer.isBuffer(reply) && reply.length > 0
          ? Effect.fromResult(read(reply, groupId, decoding))
          : Effect.undefined
    ),
  deleteGroup: (groupId) => Effect.asVoid(link.ask("delete group", ["DEL", keys.group(groupId)]))
})

const read = (bytes: Buffer, groupId: string, decoding: Payload.Decoding): Result.Result<ResultTuple, ResultError> =>
  Result.mapError(
    Result.flatMap(Payload.decodeValue(bytes, decoding), (value) => GroupRecord.decode(value, groupId)),
    ({ reason }) =>
      because(
        "restore group",
        new ResultUnreadable({ id: groupId, detail: reason.message, advice: "Who else writes such keys?" })
      )
  )
