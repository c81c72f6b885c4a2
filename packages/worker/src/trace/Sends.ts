/**
 * What a run sends itself: the worker publishes it when the run has come to its
 * end, before its message is settled.
 *
 * A run knows at once what the results will be: the ids are made of its own id,
 * of which attempt it is, and of the place. So a run that is done anew, because its
 * worker was lost, sends the same ones.
 *
 * @since 0.1.0
 */
import { CanvasMessages } from "@celeriac/tasks/canvas/CanvasMessages"
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import type { TaskHeaders } from "@celeriac/tasks/protocol/TaskHeaders"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import type * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import * as Result from "effect/Result"
import type { Attempt } from "../state/WorkerState.ts"

/**
 * A signature that is to be sent, with arguments in front of its own; that is to
 * be a part of the run's own chord; or that will not run, with all that waits for it.
 */
export type Sent =
  | { readonly _tag: "Send"; readonly signature: SignatureJson; readonly args: ReadonlyArray<unknown> }
  | { readonly _tag: "Add"; readonly signature: SignatureJson; readonly groupId: string }
  | { readonly _tag: "Fail"; readonly signature: SignatureJson; readonly exception: ExceptionRecord }

/** Of which run the ids are made. */
export interface Sender {
  readonly id: string
  readonly attempt: Attempt
}

/** Which message of its id it is. */
export const attemptOf = ({ replacedTaskNesting, retries }: TaskHeaders): Attempt =>
  replacedTaskNesting === 0 ? retries : `${retries}.${replacedTaskNesting}`

/** Takes signatures apart that a run sends: in the order in which they were sent. */
export const messages = ({ attempt, id }: Sender, write: SignatureMessage.Write, now: number): CanvasMessages =>
  new CanvasMessages(write, `sent:${id}:${attempt}`, now)

export class Sends {
  readonly list: Array<Sent> = []
  private readonly preview: CanvasMessages

  constructor(sender: Sender) {
    this.preview = messages(sender, unwritten, 0)
  }

  /** Gives what its result will be. */
  send(signature: SignatureJson, args: ReadonlyArray<unknown>): ResultTuple {
    this.list.push({ _tag: "Send", signature, args })
    return this.preview.apply(signature, args, {})
  }

  /** Gives what its result will be. */
  add(signature: SignatureJson, groupId: string): ResultTuple {
    this.list.push({ _tag: "Add", signature, groupId })
    return this.preview.apply(signature, [], {})
  }

  /** It will not run, because of this. */
  fail(signature: SignatureJson, exception: ExceptionRecord): void {
    this.list.push({ _tag: "Fail", signature, exception })
  }
}

/** Only its result is asked for. */
const unwritten: SignatureMessage.Write = () => Result.succeed(nothing)

const nothing: SignatureMessage.SignatureMessage = {
  message: { headers: {}, properties: {}, body: new Uint8Array() },
  to: { exchange: "", routingKey: "" },
  by: undefined,
  declare: []
}
