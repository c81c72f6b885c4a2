/**
 * A request as a pool takes it: plain data, which crosses to a thread or a
 * process as it is.
 *
 * The body is as it came: it is read where the task runs, for what is read of
 * it (a `DateTime`, a `Decimal`) would not survive the crossing, and reading it
 * takes time that the main thread has not. It refers to what was received and
 * copies nothing.
 *
 * @since 0.1.0
 */
import type { Message } from "@celeriac/messaging/Message"
import type { TaskHeaders, TimeLimit } from "@celeriac/tasks/protocol/TaskHeaders"

export interface Work {
  /** Of the protocol the message is written in: of version 1 the body has the headers too. */
  readonly version: 1 | 2
  /** The name, the id, the limits and what else a handler may read. */
  readonly headers: TaskHeaders
  /** The body, what it takes to read it, and where the reply goes. */
  readonly message: Message
  /** Where it was delivered from. */
  readonly exchange: string
  readonly routingKey: string
  readonly redelivered: boolean
  /** How long it may run, in seconds, by its message and its task. Whoever gave the work sees to it, by interruptions. */
  readonly timeLimit?: TimeLimit | undefined
  /** The node that runs it, `celery@host`. */
  readonly hostname: string
}
