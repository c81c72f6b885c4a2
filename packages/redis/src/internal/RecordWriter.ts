/**
 * Stores records: the key, with its expiry, and its channel in one
 * transaction, and a success never over.
 *
 * Most records are the first of their task: they take one trip. Where there is
 * one before, it comes back with its digest, is read here, where every
 * serializer is, and replaced only as long as it is still that one. One that cannot
 * be read at all is replaced. Source:
 * protocol §7.2, §7.3.
 *
 * @since 0.1.0
 */
import { BackendUnreachable, because, type ResultError } from "@celeriac/tasks/result/ResultError"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Result from "effect/Result"
import type { Keys } from "./Keys.ts"
import type { Link } from "./Link.ts"
import * as Payload from "./Payload.ts"
import { Script } from "./Script.ts"

const operation = "store result"

/** The value, its seconds to live (0: for ever), the digest of what it replaces, how much of that is wanted. */
const storing = new Script(`local old = redis.call('GET', KEYS[1])
if old then
  local digest = redis.sha1hex(old)
  if digest ~= ARGV[3] then return {digest, string.sub(old, 1, tonumber(ARGV[4])), #old} end
end
if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1])
else redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return false`)

/** So many others may store the same task's record between two trips of one. */
const mostTrips = 16

interface Options {
  readonly link: Link
  readonly keys: Keys
  /** Seconds, whole; 0 is for ever. */
  readonly expires: number
  /** The same of those that failed. */
  readonly failureExpires: number
  readonly encode: (record: ResultRecord) => Result.Result<Buffer, ResultError>
  readonly decoding: Payload.Decoding
  /** How many bytes are read of a record that is there. */
  readonly mostBytes: number
}

/** `ResultWriter`'s `storeUnsafe`, without its addressee: whoever knows the id may look. */
export const make = ({ decoding, encode, expires, failureExpires, keys, link, mostBytes }: Options) => {
  const lifetime = String(expires)
  const lifetimeOfFailures = String(failureExpires)
  const most = String(mostBytes)

  const store = (
    record: ResultRecord,
    value: Buffer,
    replaced: string,
    trip: number,
    onStored: (error?: ResultError) => void
  ): void =>
    storing.run(link, operation, [keys.task(record.taskId)], [
      value,
      record.status === TaskState.FAILURE ? lifetimeOfFailures : lifetime,
      replaced,
      most
    ], (error, reply) => {
      if (error !== undefined) return onStored(error)
      if (!Array.isArray(reply)) return onStored()
      const [digest, head, length] = reply as unknown as readonly [Buffer, Buffer, number] // what the script returns
      if (Payload.isSuccess(head, head.length === length, decoding)) return onStored()
      // Overtaken between two trips by its own end.
      if (trip > 0 && !TaskState.isReady(record.status) && isOver(head, record.taskId, decoding)) return onStored()
      if (trip === mostTrips) {
        return onStored(because(
          operation,
          new BackendUnreachable({ backend: link.uri, detail: "the record changes faster than it can be read" })
        ))
      }
      store(record, value, digest.toString(), trip + 1, onStored)
    })

  return (record: ResultRecord, _addressee: unknown, onStored: (error?: ResultError) => void): void => {
    const value = encode(record)
    if (Result.isFailure(value)) return onStored(value.failure)
    store(record, value.success, "", 0, onStored)
  }
}

const isOver = (head: Buffer, taskId: string, decoding: Payload.Decoding): boolean => {
  const record = Payload.decode(head, taskId, decoding)
  return Result.isSuccess(record) && TaskState.isReady(record.success.status)
}
