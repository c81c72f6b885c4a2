/** What a handler sees of a task that runs where it is called. */
import type { Address, Message } from "@celeriac/messaging/Message"
import * as Effect from "effect/Effect"
import * as Nodename from "../Nodename.ts"
import * as Exceptions from "../result/ExceptionRecord.ts"
import type { ResultTuple } from "../result/ResultTuple.ts"
import type { Registered } from "../TaskRegistry.ts"
import type { TaskRequest } from "../TaskRequest.ts"
import type { TaskMessage } from "./TaskModel.ts"

/** A message that is run, and where it would have been sent. */
export interface EagerMessage {
  readonly id: string
  readonly message: Message
  readonly to: Address
}

/** Of the message as a worker would have received it, at a further attempt. */
export const make = (
  { message, to }: EagerMessage,
  { body, headers }: TaskMessage,
  { options }: Registered,
  retries: number,
  custom: Readonly<Record<string, unknown>>
): TaskRequest => {
  const children: Array<ResultTuple> = []
  return {
    id: headers.id,
    task: headers.task,
    name: headers.shadow ?? headers.task,
    retries,
    eta: headers.etaMillis,
    expires: headers.expiresMillis,
    rootId: headers.rootId,
    parentId: headers.parentId,
    group: headers.group,
    groupIndex: headers.groupIndex,
    correlationId: message.properties.correlationId,
    replyTo: message.properties.replyTo,
    deliveryInfo: {
      exchange: to.exchange,
      routingKey: to.routingKey,
      priority: message.properties.priority,
      redelivered: false
    },
    headers: custom,
    messageHeaders: message.headers,
    properties: message.properties,
    args: body.args,
    kwargs: body.kwargs,
    stamps: headers.stamps,
    stampedHeaders: headers.stampedHeaders,
    hostname: Nodename.hostname(),
    origin: headers.origin,
    shadow: headers.shadow,
    argsRepr: headers.argsRepr ?? "",
    kwargsRepr: headers.kwargsRepr ?? "",
    timeLimit: headers.timeLimit.hard,
    softTimeLimit: headers.timeLimit.soft,
    ignoreResult: headers.ignoreResult ?? options.ignoreResult,
    // Nobody listens to a program that is no worker, or looks for what has not ended, or could end it.
    sendEvent: () => Effect.void,
    updateState: () => Effect.void,
    isAborted: Effect.succeed(false),
    // What is part of a chord is not run eagerly.
    chord: undefined,
    addToChord: () => Effect.die(Exceptions.toException(Exceptions.noChord)),
    children,
    addTrail: (result) => {
      if (options.trail !== false) children.push(result)
    }
  }
}
