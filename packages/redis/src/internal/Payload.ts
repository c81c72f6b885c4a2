/**
 * A record as Redis holds it: the bytes of the serializer of results, without
 * a word of what they are. What `result_compression` has compressed says so in
 * front of them, and is read whatever is set here.
 *
 * Source: protocol §7.1; Celery 5.7, `celery.backends.base`.
 *
 * @since 0.1.0
 */
import type { CompressionTable } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { MessagingError } from "@celeriac/messaging/MessagingError"
import type { SerializerTable } from "@celeriac/messaging/Serializers"
import { nearest } from "@celeriac/tasks/Nearest"
import type { ProtocolError } from "@celeriac/tasks/protocol/ProtocolError"
import {
  because,
  fromMessaging,
  InvalidBackend,
  type ResultError,
  ResultRefused,
  ResultUnreadable
} from "@celeriac/tasks/result/ResultError"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Result from "effect/Result"

/** A value of Redis has at most so many bytes. */
const longest = 512 * 1024 * 1024

/** What stands before compressed bytes; then the MIME type of the compression, and a zero byte. */
const magic = Buffer.from("\0celery-compressed\0", "latin1")

/** No MIME type is longer. */
export const longestHeader = 128

/** The name, if results can be compressed so here; fails with `InvalidBackend`. An empty one is none, as in Celery. */
export const checkCompression = (
  name: string | undefined,
  compressions: CompressionTable
): Result.Result<string | undefined, ResultError> => {
  if (name === undefined || name === "") return Result.succeed(undefined)
  const invalid = (detail: string) =>
    Result.fail(because("results", new InvalidBackend({ detail: `result_compression: ${detail}` })))
  const compression = compressions.get(name)
  if (compression === undefined) {
    const meant = nearest(name, compressions.keys())
    const known = new Set(Array.from(compressions.values(), ({ names }) => names[0]))
    return invalid(
      `there is no compression '${name.slice(0, 64)}'${meant === undefined ? "" : `: did you mean ${meant}?`} (known: ${
        Array.from(known).join(", ")
      })`
    )
  }
  // Some are known by name alone.
  const tried = Result.try(() => compression.compress(new Uint8Array()))
  if (Result.isSuccess(tried)) return Result.succeed(name)
  const { failure } = tried
  return invalid(
    failure instanceof MessagingError && "detail" in failure.reason ? failure.reason.detail : String(failure)
  )
}

/** The bytes of what is stored with them. */
export const encode = (
  value: unknown,
  uri: string,
  options: Content.EncodeOptions
): Result.Result<Buffer, ResultError> => {
  const content = Content.encode(value, options)
  if (Result.isFailure(content)) return Result.fail(fromMessaging("store result", uri, content.failure))
  const { body, headers } = content.success
  if (body.length > longest) {
    return Result.fail(because(
      "store result",
      new ResultRefused({
        backend: uri,
        detail: `it has ${body.length} bytes, and Redis takes ${longest}. Return less, as where the data lies`
      })
    ))
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const { compression } = headers
  return Result.succeed(
    typeof compression === "string" ? Buffer.concat([magic, Buffer.from(`${compression}\0`, "latin1"), bytes]) : bytes
  )
}

export interface Decoding extends Content.DecodeOptions {
  readonly serializers: SerializerTable
  /** What they were written with, for nothing says so. */
  readonly serializer: string
}

/** What the bytes hold. */
export const decodeValue = (bytes: Buffer, decoding: Decoding): Result.Result<unknown, MessagingError> => {
  const { serializers } = decoding
  const serializer = serializers.byName.get(decoding.serializer) ?? serializers.byContentType.get(decoding.serializer)
  const properties = { contentType: serializer?.contentType, contentEncoding: serializer?.contentEncoding }
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    return Content.decode({ body: bytes, headers: {}, properties }, decoding)
  }
  const end = bytes.indexOf(0, magic.length)
  const compression = bytes.toString("latin1", magic.length, Math.min(end, magic.length + longestHeader))
  return Content.decode({ body: bytes.subarray(end + 1), headers: { compression }, properties }, decoding)
}

/** The record of a task. */
export const decode = (
  bytes: Buffer,
  taskId: string,
  decoding: Decoding
): Result.Result<ResultRecord.ResultRecord, ResultError> =>
  Result.mapError(
    Result.flatMap(
      decodeValue(bytes, decoding),
      (value): Result.Result<ResultRecord.ResultRecord, MessagingError | ProtocolError> =>
        ResultRecord.decode(value, taskId)
    ),
    ({ reason }) =>
      because(
        "get",
        new ResultUnreadable({
          id: taskId,
          detail: reason.message,
          advice: advice[reason._tag] ??
            "Do both sides name one serializer (result_serializer)? Who else writes such keys?"
        })
      )
  )

/** What to do when a result cannot be read, by the reason. */
const advice: Readonly<Record<string, string>> = {
  TooLarge: "Return less, as where the data lies, or raise the bound (Limits)",
  ContentDisallowed: "Let the worker send JSON (result_serializer), or accept it here (result_accept_content)"
}

/**
 * Whether a success is stored, of which perhaps no more than the beginning is here (`isWhole`).
 * What nobody can read is none: a record that was cut short, or written by a serializer that is not ours.
 */
export const isSuccess = (head: Buffer, isWhole: boolean, decoding: Decoding): boolean => {
  const value = isWhole ? decodeValue(head, decoding) : undefined
  if (value !== undefined && Result.isSuccess(value)) {
    return typeof value.success === "object" && value.success !== null && "status" in value.success &&
      value.success.status === TaskState.SUCCESS
  }
  // Too much to be read here, and whole for others: Celery writes the state first.
  return (value === undefined || value.failure.reason._tag === "TooLarge") &&
    /^\{"status": ?"SUCCESS"/.test(head.toString("latin1", 0, 64))
}
