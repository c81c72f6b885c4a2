/**
 * A message of a canvas that was prepared without a reply queue, with that of
 * whoever sends it: also in the tasks that follow, which others will send.
 */
import type * as Compressions from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type * as Serializers from "@celeriac/messaging/Serializers"
import * as Result from "effect/Result"
import { isTable } from "./Table.ts"

interface Coding {
  readonly serializers: Serializers.SerializerTable
  readonly compressions: Compressions.CompressionTable
}

/** As it is where nothing follows. */
export const message = (given: Message, replyTo: string, coding: Coding): Result.Result<Message, MessagingError> => {
  const { contentType } = given.properties
  const accept = contentType === undefined ? [] : [contentType]
  return Result.flatMap(Content.decode(given, { ...coding, accept }), (payload) => {
    if (!Array.isArray(payload)) return Result.succeed(given)
    const [args, kwargs, embed] = payload as ReadonlyArray<unknown>
    if (!isTable(embed) || (embed.chain == null && embed.chord == null)) return Result.succeed(given)
    const followed = { ...embed, chain: addressed(embed.chain, replyTo), chord: addressed(embed.chord, replyTo) }
    const { compression } = given.headers
    return Result.map(
      Content.encode([args, kwargs, followed], {
        ...coding,
        serializer: contentType,
        ...(typeof compression === "string" ? { compression } : {})
      }),
      ({ body }) => ({ ...given, body })
    )
  })
}

/** Each task of it, but for those that nobody waits for: what is linked has no id that anybody knows. */
const addressed = (value: unknown, replyTo: string): unknown => {
  if (Array.isArray(value)) return value.map((one: unknown) => addressed(one, replyTo))
  if (!isTable(value)) return value
  const options = isTable(value.options) ? value.options : {}
  const kwargs = isTable(value.kwargs) && isComposed.has(String(value.task))
    ? {
      ...value.kwargs,
      ...(value.kwargs.tasks == null ? {} : { tasks: addressed(value.kwargs.tasks, replyTo) }),
      ...(value.kwargs.header == null ? {} : { header: addressed(value.kwargs.header, replyTo) }),
      ...(value.kwargs.body == null ? {} : { body: addressed(value.kwargs.body, replyTo) })
    }
    : value.kwargs
  return {
    ...value,
    kwargs,
    options: {
      reply_to: replyTo,
      ...options,
      ...(options.chain == null ? {} : { chain: addressed(options.chain, replyTo) }),
      ...(options.chord == null ? {} : { chord: addressed(options.chord, replyTo) })
    }
  }
}

const isComposed: ReadonlySet<string> = new Set(["celery.chain", "celery.group", "celery.chord"])
