/**
 * What a handler sees of the message that made it run, and what it can do about
 * it: Celery's `task.request`, and the methods of a bound task.
 *
 * The worker makes one per run. It is the second argument of every handler, and
 * what the service `TaskContext` gives. Source: protocol §1.1, §1.2.
 *
 * @since 0.1.0
 */
import type { Headers, Properties } from "@celeriac/messaging/Message"
import type * as Effect from "effect/Effect"
import type { SignatureJson } from "./protocol/TaskBody.ts"
import type { ResultTuple } from "./result/ResultTuple.ts"
import type { Complete, Signature } from "./Signature.ts"
import type { TaskState } from "./TaskState.ts"

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
  /** The name in logs: `shadow`, if it has one. */
  readonly name: string
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
  readonly headers: Headers
  /** All headers of the message, as they came. */
  readonly messageHeaders: Headers
  /** All properties of the message. */
  readonly properties: Properties
  /** The arguments by position as they came, before they became parameters. */
  readonly args: ReadonlyArray<unknown>
  /** The same of those by keyword. */
  readonly kwargs: Readonly<Record<string, unknown>>
  /** What it was stamped with, by the names of the stamps. */
  readonly stamps: Readonly<Record<string, unknown>>
  /** Which of them belong to the results and can be asked for. */
  readonly stampedHeaders: ReadonlyArray<string> | undefined
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
  /**
   * Stores a state of your own and what is to be known with it, where its result
   * will be: Celery's `update_state`. `rpc://` sends it to whoever sent the task.
   * It never fails: what cannot be stored within a second is logged, and the task
   * goes on; until that is answered the next ones are left out. Nothing is
   * stored when the task has ended. What has no form in the serializer, and a
   * state that is not one's own, is a defect.
   */
  readonly updateState: <const S extends TaskState>(state: OwnState<S>, meta?: unknown) => Effect.Effect<void>
  /**
   * Whether somebody has asked for this task to end, by `client.abort`: for
   * tasks that look for it from time to time. False where the store does not
   * tell within a second. Once it has looked, its own states do not take the
   * place of ABORTED. It takes results that are kept, as on Redis: `rpc://` keeps
   * none.
   */
  readonly isAborted: Effect.Effect<boolean>
  /** The body of the chord that it is a part of, if it is of any. */
  readonly chord: SignatureJson | undefined
  /**
   * Adds a part to the chord that this task is a part of: its body waits for that
   * too, and has what it comes to in its list, behind the parts before and ahead
   * of those after this one. It is sent when this one has come to its end. Gives
   * its result. A defect where there is no chord. Celery's `add_to_chord`.
   */
  readonly addToChord: <L, A, E>(
    signature: Signature<L, A, E, any> & Complete<L>
  ) => Effect.Effect<ResultTuple>
  /** The tasks that it has sent so far, which its result will name. */
  readonly children: ReadonlyArray<ResultTuple>
  /** Adds to them, but for a task without `trail`. A client does so by itself: see `addToParent`. */
  readonly addTrail: (result: ResultTuple) => void
}

/** A state that a handler may store: how it ends is said by ending. */
export type OwnState<S extends TaskState> = S extends "FAILURE" | "RETRY" | "REVOKED" ? never : S
