/**
 * Requests as control commands tell of them: Celery's `Request.info`.
 *
 * Arguments are read when somebody asks, from the message as it came. Those of a
 * message that cannot be read, or is large, are told as their text.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import type * as TaskCommands from "@celeriac/tasks/control/commands/TaskCommands"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Request } from "../../execution/Request.ts"
import * as Portable from "../../trace/Portable.ts"

/** Of a message, in bytes: a reply tells of all requests there are. */
const largest = 65_536

/** `safe`: the arguments as text. */
type Tell = (request: Request, safe?: boolean) => Info

/** What `TaskCommands.RequestInfo` has. */
type Info = TaskCommands.RequestInfo

/** With the serializers in effect. */
export const make: Effect.Effect<Tell> = Effect.map(Portable.coding, (coding): Tell => {
  const read: TaskMessage.ReadOptions = { decode: (message: Message) => Content.decode(message, coding) }
  return (request, safe = false) => info(request, argumentsOf(request, safe, read))
})

/** Of one that was settled lately: nothing but its id is known of it. */
export const ofSettled = (id: string, hostname: string): Info => ({
  id,
  name: "",
  args: [],
  kwargs: {},
  type: "",
  hostname,
  timeStart: null,
  acknowledged: true,
  deliveryInfo: { exchange: null, routingKey: null, priority: null, redelivered: null },
  workerPid: null
})

interface Arguments {
  readonly args: unknown
  readonly kwargs: unknown
}

const info = (request: Request, { args, kwargs }: Arguments): Info => {
  const { properties } = request.delivery
  return {
    id: request.id,
    name: request.name,
    args,
    kwargs,
    type: request.task,
    hostname: request.hostname,
    timeStart: request.timeStart === undefined ? null : request.timeStart / 1000,
    acknowledged: request.isSettled,
    deliveryInfo: {
      exchange: request.exchange,
      routingKey: request.routingKey,
      priority: properties.priority ?? null,
      redelivered: request.redelivered
    },
    workerPid: request.timeStart === undefined ? null : process.pid
  }
}

const argumentsOf = (request: Request, safe: boolean, read: TaskMessage.ReadOptions): Arguments => {
  const { work } = request
  const { argsRepr, kwargsRepr } = work.headers
  const text = { args: argsRepr ?? "(...)", kwargs: kwargsRepr ?? "{...}" }
  if (safe || request.size > largest) return text
  const message = TaskMessage.readBody(work.message, work, read)
  return Result.isFailure(message) ? text : { args: message.success.body.args, kwargs: message.success.body.kwargs }
}
