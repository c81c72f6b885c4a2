/**
 * An open connection, as its channels see it.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { AmqpConfig } from "../AmqpConfig.ts"
import type { DriverConnection } from "./Driver.ts"
import type { Output } from "./Output.ts"
import type { Taken } from "./Taken.ts"

export interface OpenConnection {
  readonly uri: string
  readonly config: AmqpConfig
  readonly driver: DriverConnection
  readonly output: Output
  /** What the broker is known to take, and to refuse. */
  readonly taken: Taken
  /** Why the broker blocks publishers, while it does. */
  readonly blocked: () => string | undefined
  /** `resume` is called when it no longer does; the answer takes it away. */
  readonly onUnblocked: (resume: () => void) => () => void
  /** Why it is over, if it is. */
  readonly ended: MessagingError | undefined
  /** Whether we are ending it ourselves. */
  readonly closing: boolean
  /** How long to wait for the answer to a close, in milliseconds. */
  readonly closePatience: number
  /** An orderly end was waited for in vain: there is no point in waiting again. */
  unresponsive: boolean
  /** Something that must not happen did: say so, and go on. */
  readonly report: (what: string, error: unknown) => void
}
