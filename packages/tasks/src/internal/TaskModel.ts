/**
 * What a task message says, whatever its version: once read, and before it is
 * written. Users know both as members of `TaskMessage`.
 */
import type { Properties } from "@celeriac/messaging/Message"
import type * as ChainText from "../protocol/ChainText.ts"
import type { Embed, TaskBody } from "../protocol/TaskBody.ts"
import type { TaskHeaders, TimeLimit } from "../protocol/TaskHeaders.ts"

/** A message understood. */
export interface TaskMessage {
  readonly headers: TaskHeaders
  readonly body: TaskBody
}

/** A task to be sent. */
export interface OutgoingTask {
  readonly task: string
  readonly id: string
  readonly args?: ReadonlyArray<unknown> | undefined
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
  readonly embed?: Partial<Embed> | undefined
  /** Steps in front of those in `embed.chain`, as they stand in another message. */
  readonly front?: ChainText.Front | undefined
  readonly shadow?: string | undefined
  /** Text goes as it is; a number is milliseconds since the epoch. */
  readonly eta?: string | number | undefined
  /** Text goes as it is; a number is milliseconds since the epoch. */
  readonly expires?: string | number | undefined
  readonly group?: string | undefined
  readonly groupIndex?: number | undefined
  readonly retries?: number | undefined
  readonly timeLimit?: Partial<TimeLimit> | undefined
  /** Default: `id`. */
  readonly rootId?: string | undefined
  readonly parentId?: string | undefined
  /** Default: made from `args`. */
  readonly argsRepr?: string | undefined
  /** Default: made from `kwargs`. */
  readonly kwargsRepr?: string | undefined
  /** Default: `gen<pid>@<host>`. */
  readonly origin?: string | undefined
  /** Default false. Null leaves it to the task's own setting. */
  readonly ignoreResult?: boolean | null | undefined
  readonly replacedTaskNesting?: number | undefined
  readonly stampedHeaders?: ReadonlyArray<string> | undefined
  readonly stamps?: Readonly<Record<string, unknown>> | undefined
  /** The sender's own headers, beside those of the protocol. Reserved names are dropped. */
  readonly custom?: Readonly<Record<string, unknown>> | undefined
  /** Default `js`. */
  readonly lang?: string | undefined
  /** Where results are sent to, by backends that send them. */
  readonly replyTo?: string | undefined
  /** Default: `id`. */
  readonly correlationId?: string | undefined
  /** Default 2, persistent. */
  readonly deliveryMode?: 1 | 2 | undefined
  /** Default 0. */
  readonly priority?: number | undefined
  /** Milliseconds until the broker drops the message; below 0 is 0. Never, when absent or over ten years. */
  readonly expiration?: number | undefined
  /** More properties (`messageId`, `userId`); those above win. */
  readonly properties?: Properties | undefined
}
