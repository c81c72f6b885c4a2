/** What a handler sees of a task that runs where it is called. */
import * as Effect from "effect/Effect"
import * as Nodename from "../Nodename.ts"
import type { Registered } from "../TaskRegistry.ts"
import type { TaskRequest } from "../TaskRequest.ts"
import type { Ready } from "./Preparing.ts"
import type { TaskMessage } from "./TaskModel.ts"

/** Of the message as a worker would have received it, at a further attempt. */
export const make = (
  { message: { properties }, way }: Ready<unknown, unknown>,
  { headers }: TaskMessage,
  { options }: Registered,
  retries: number,
  custom: Readonly<Record<string, unknown>>
): TaskRequest => ({
  id: headers.id,
  task: headers.task,
  retries,
  eta: headers.etaMillis,
  expires: headers.expiresMillis,
  rootId: headers.rootId,
  parentId: headers.parentId,
  group: headers.group,
  groupIndex: headers.groupIndex,
  correlationId: properties.correlationId,
  replyTo: properties.replyTo,
  deliveryInfo: {
    exchange: way.exchange,
    routingKey: way.routingKey,
    priority: properties.priority,
    redelivered: false
  },
  headers: custom,
  hostname: Nodename.hostname(),
  origin: headers.origin,
  shadow: headers.shadow,
  argsRepr: headers.argsRepr ?? "",
  kwargsRepr: headers.kwargsRepr ?? "",
  timeLimit: headers.timeLimit.hard,
  softTimeLimit: headers.timeLimit.soft,
  ignoreResult: headers.ignoreResult ?? options.ignoreResult,
  // Nobody listens to a program that is no worker.
  sendEvent: () => Effect.void
})
