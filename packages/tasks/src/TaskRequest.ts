/**
 * What a handler sees of the message that made it run: Celery's
 * `task.request`, read only.
 *
 * The worker makes one per run. It is the second argument of every handler.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"

/** Where a request came from. */
export interface DeliveryInfo {
  /** Empty for the default exchange. */
  readonly exchange: string
  readonly routingKey: string
  readonly priority: number | undefined
  /** Whether the broker may have handed the message out before. */
  readonly redelivered: boolean
}

/** One request to run a task. Times are milliseconds since the epoch, limits are seconds. */
export interface TaskRequest {
  readonly id: string
  /** The name the task is registered under. */
  readonly task: string
  /** 0 at the first attempt. */
  readonly retries: number
  /** Not before. */
  readonly eta: number | undefined
  /** Not after. */
  readonly expires: number | undefined
  /** The first task of the workflow this one belongs to: itself, when it was sent from outside. */
  readonly rootId: string
  /** The task that sent this one. */
  readonly parentId: string | undefined
  readonly group: string | undefined
  readonly groupIndex: number | undefined
  readonly correlationId: string | undefined
  /** Where the sender waits for the result, if it does. */
  readonly replyTo: string | undefined
  readonly deliveryInfo: DeliveryInfo
  /** The headers of the message that are not the protocol's: those the sender added. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The node that runs it, `celery@host`. */
  readonly hostname: string
  /** Who sent it, `gen4711@host`. */
  readonly origin: string | undefined
  /** The name to show instead of `task`. */
  readonly shadow: string | undefined
  /** The arguments as Python would print them, as the sender wrote them down. */
  readonly argsRepr: string
  readonly kwargsRepr: string
  readonly timeLimit: number | undefined
  readonly softTimeLimit: number | undefined
  readonly ignoreResult: boolean
  /**
   * Tells monitors something of this task, by an event of a type of your own
   * (`task-progress`): Celery's `task.send_event`. It is sent whether or not the
   * worker tells of its tasks, and nothing waits for it.
   */
  readonly sendEvent: (type: `task-${string}`, fields?: Readonly<Record<string, unknown>>) => Effect.Effect<void>
}
