/**
 * Counts the parts of chords in Redis, with the keys and values of Celery 5.7,
 * so that workers of both languages may count the parts of one chord.
 *
 * Behind the key of a group: `.j` holds its parts by their places, `.d` which
 * of them were counted, `.s` how many there are to be and `.t` how many were
 * added since, `.c` who sends the body: whoever reported the last part, for
 * some seconds, within which they may report it again; and `.a`, which is ours, the ids of those that were
 * added, so that a task that runs twice adds a part once. Source: protocol §7.3;
 * Celery 5.7, `celery.backends.redis`.
 *
 * @since 0.1.0
 */
import type { ChordEnd, ChordPart } from "@celeriac/tasks/result/ChordCounter"
import { because, type ResultError, ResultUnreadable } from "@celeriac/tasks/result/ResultError"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Keys } from "./Keys.ts"
import type { Link } from "./Link.ts"
import * as Payload from "./Payload.ts"
import { Script } from "./Script.ts"

/** What both reports end with: whether the parts are complete. */
const counted = `
local size = redis.call('GET', KEYS[3])
local count = redis.call('ZCARD', KEYS[1])
local lifetime = tonumber(ARGV[1])
if lifetime > 0 then
  for at = 1, 4 do redis.call('EXPIRE', KEYS[at], lifetime) end
end
if not size or count < tonumber(size) + tonumber(redis.call('GET', KEYS[2]) or 0) then return false end`

const parts = `
return redis.call('ZRANGE', KEYS[1], 0, -1)`

/** Lifetime and seconds of the claim; then the part: its mark, its place, its value, and whether it may begin the chord anew. */
const counting = new Script(`if redis.call('GET', KEYS[5]) == 'done' then
  if ARGV[6] == '0' then return false end
  redis.call('DEL', unpack(KEYS))
end
local token = ARGV[3]
if redis.call('SADD', KEYS[4], token) == 1 then redis.call('ZADD', KEYS[1], ARGV[4], ARGV[5]) end${counted}
if not redis.call('SET', KEYS[5], token, 'NX', 'EX', ARGV[2]) and redis.call('GET', KEYS[5]) ~= token then return false end${parts}`)

/** Lifetime, then the size. Whoever sends the body of the chord's last run has no claim on this one. */
const sizing = new Script(`if redis.call('GET', KEYS[5]) == 'done' then redis.call('DEL', unpack(KEYS)) end
redis.call('DEL', KEYS[5])
if ARGV[1] == '0' then redis.call('SET', KEYS[3], ARGV[2]) else redis.call('SETEX', KEYS[3], ARGV[1], ARGV[2]) end${counted}${parts}`)

/** Lifetime; then the id of a part that was added. It is one more, once. */
const growing = new Script(`if redis.call('GET', KEYS[5]) == 'done' then return false end
if redis.call('SADD', KEYS[6], ARGV[2]) == 1 then redis.call('INCR', KEYS[2]) end
local lifetime = tonumber(ARGV[1])
if lifetime > 0 then
  redis.call('EXPIRE', KEYS[2], lifetime)
  redis.call('EXPIRE', KEYS[6], lifetime)
end
return true`)

/** Seconds for which a late part counts for nothing; then whose claim it was, or nothing: whoever's; and whether what the parts came to is kept. */
const forgetting = new Script(`if ARGV[2] ~= '' and redis.call('GET', KEYS[5]) ~= ARGV[2] then return false end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[6])
redis.call('SETEX', KEYS[5], ARGV[1], 'done')
return true`)

/** How long whoever reported the last part has to send the body, in seconds. */
const claim = "10"

const doneFor = "300"

const operation = "count part of chord"

interface Options {
  readonly link: Link
  readonly keys: Keys
  /** Seconds, whole; 0 is for ever. */
  readonly expires: number
  readonly encode: (value: unknown) => Result.Result<Buffer, ResultError>
  readonly decoding: Payload.Decoding
}

/** `ChordCounter`, without its name. */
export const make = ({ decoding, encode, expires, keys, link }: Options) => {
  const run = (script: Script, groupId: string, args: ReadonlyArray<string | Buffer>) =>
    Effect.callback<unknown, ResultError>((resume) => {
      const key = keys.group(groupId)
      const all = [`${key}.j`, `${key}.t`, `${key}.s`, `${key}.d`, `${key}.c`, `${key}.a`]
      script.run(
        link,
        operation,
        all,
        args,
        (error, reply) => resume(error === undefined ? Effect.succeed(reply) : Effect.fail(error))
      )
    })

  const partsOf =
    (groupId: string) =>
    (reply: unknown): Effect.Effect<ReadonlyArray<ResultRecord.ResultRecord> | undefined, ResultError> => {
      if (!Array.isArray(reply)) return Effect.undefined
      const records: Array<ResultRecord.ResultRecord> = []
      for (const bytes of reply) {
        const record = recordOf(bytes, groupId, decoding)
        if (Result.isFailure(record)) return Effect.fail(record.failure)
        records.push(record.success)
      }
      return Effect.succeed(records)
    }

  return {
    setSize: (groupId: string, size: number) =>
      Effect.flatMap(run(sizing, groupId, [String(expires), String(size)]), partsOf(groupId)),
    count: (part: ChordPart) =>
      Effect.suspend(() => {
        const { groupId, isFirst = false, record } = part
        const { result } = ResultRecord.encode(record)
        const value = encode([1, record.taskId, record.status, result])
        if (Result.isFailure(value)) return Effect.fail(value.failure)
        return Effect.flatMap(
          run(counting, groupId, [
            ...[String(expires), claim, markOf(part), placeOf(part), value.success],
            isFirst ? "1" : "0"
          ]),
          partsOf(groupId)
        )
      }),
    grow: (groupId: string, added: string) => Effect.asVoid(run(growing, groupId, [String(expires), added])),
    forget: (groupId: string, { hasFailed = false, last }: ChordEnd = {}) =>
      Effect.asVoid(
        run(forgetting, groupId, [doneFor, last === undefined ? "" : markOf(last), hasFailed ? "1" : "0"])
      )
  }
}

const placeOf = ({ index }: ChordPart): string => index === Infinity ? "+inf" : String(index)

/** By which it is counted once, and claims to send the body. */
const markOf = (part: ChordPart): string => `${part.record.taskId}:${placeOf(part)}`

/** `[1, task id, state, result]`. */
const recordOf = (
  bytes: unknown,
  groupId: string,
  decoding: Payload.Decoding
): Result.Result<ResultRecord.ResultRecord, ResultError> => {
  const unreadable = (detail: string) =>
    because(operation, new ResultUnreadable({ id: groupId, detail, advice: "Who else counts this chord?" }))
  if (!Buffer.isBuffer(bytes)) return Result.fail(unreadable("a part is no text"))
  return Result.flatMap(
    Result.mapError(Payload.decodeValue(bytes, decoding), ({ reason }) => unreadable(reason.message)),
    (part) => {
      if (!Array.isArray(part)) return Result.fail(unreadable("a part is no list"))
      const [, task_id, status, result] = part as ReadonlyArray<unknown>
      return Result.mapError(
        ResultRecord.decode({ task_id, status, result }),
        ({ reason }) => unreadable(reason.message)
      )
    }
  )
}
