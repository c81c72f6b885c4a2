/** `task-sent`: what a client tells monitors of a task that it has sent, if it is to. */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import type { Address, Message } from "@celeriac/messaging/Message"
import type { Producer } from "@celeriac/messaging/Producer"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as EventDispatcher from "../event/EventDispatcher.ts"
import * as EventSettings from "../event/EventSettings.ts"
import * as Nodename from "../Nodename.ts"

/** Tells of a message that was sent; `queue` is where it went. */
type Tell = (message: Message, to: Address, queue: string) => void

/** Undefined when nobody is to be told. */
export const make: Effect.Effect<Tell | undefined, never, Producer> = Effect.gen(function*() {
  if (!(yield* EventSettings.SendSentEvent)) return undefined
  const clock = Option.getOrElse(yield* Effect.serviceOption(LogicalClock.LogicalClock), () => LogicalClock.make())
  const dispatcher = yield* EventDispatcher.makeClient({ hostname: Nodename.origin(), clock })
  return ({ headers }, { exchange, routingKey }, queue) =>
    dispatcher.send("task-sent", {
      uuid: text(headers.id) ?? "",
      rootId: text(headers.root_id),
      parentId: text(headers.parent_id),
      name: text(headers.task),
      args: text(headers.argsrepr),
      kwargs: text(headers.kwargsrepr),
      retries: Number(headers.retries),
      eta: text(headers.eta),
      expires: text(headers.expires),
      queue,
      exchange,
      routingKey
    })
})

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined
