/**
 * Sends what follows a task, over whatever producer there is: a worker whose
 * tasks have nothing to follow them needs none.
 *
 * @since 0.1.0
 */
import type { Address } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Producer } from "@celeriac/messaging/Producer"
import * as PublishSignals from "@celeriac/tasks/PublishSignals"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Outgoing } from "../Aftermath.ts"
import type { StoreFailure, Then } from "./ResultStore.ts"

/** Sends a message; `then` is called once, perhaps before this returns, and with nothing when it was confirmed. */
export type Publish = (outgoing: Outgoing, then: Then) => void

/** Over the producer of the application. */
export const make: Effect.Effect<Publish> = Effect.gen(function*() {
  const producer = Context.getOption(yield* Effect.context<never>(), Producer)
  const signals = yield* PublishSignals.make
  return signals === undefined ? over(producer) : signalled(over(producer), signals)
})

const over = (producer: Option.Option<Producer["Service"]>): Publish => ({ by, declare, message, to }, then) => {
  if (producer._tag === "None") return then({ message: "there is no Producer to publish with", final: "Refused" })
  const publish = (address: Address, onPublished: (error: MessagingError | undefined) => void) =>
    producer.value.publishUnsafe(message, address, declare === undefined ? {} : { declare }, onPublished)
  const tell = (error: MessagingError | undefined) =>
    then(error === undefined ? undefined : { message: error.message, final: finalOf(error) })
  if (by === undefined) return publish(to, tell)
  publish(by, (error) => error !== undefined && isWithoutDelays(error) ? publish(to, tell) : tell(error))
}

/** Asks once what is to be sent, however often it is tried. */
const signalled = (publish: Publish, signals: PublishSignals.Signals): Publish => {
  const asked = new WeakMap<Outgoing, Outgoing>()
  return (outgoing, then) => {
    const { message: { headers }, to } = outgoing
    const about = { task: String(headers["task"]), id: String(headers["id"]), to }
    const ready = asked.get(outgoing) ??
      { ...outgoing, message: signals.before({ ...about, message: outgoing.message }) }
    asked.set(outgoing, ready)
    publish(ready, (failure) => {
      if (failure === undefined) signals.after({ ...about, message: ready.message })
      then(failure)
    })
  }
}

/** Nobody has declared the queues that keep delayed tasks: nothing was stored. */
const isWithoutDelays = ({ reason }: MessagingError): boolean =>
  reason._tag === "NotFound" || reason._tag === "Unroutable"

/** A producer is anybody's code: one that throws has not published, and the first answer counts. */
export const guarded = (publish: Publish): Publish => (outgoing, then) => {
  let isAnswered = false
  const once: Then = (failure) => {
    if (isAnswered) return
    isAnswered = true
    then(failure)
  }
  try {
    publish(outgoing, once)
  } catch (defect) {
    once({ message: String(defect), final: undefined })
  }
}

const finalOf = ({ isRefusal, reason }: MessagingError): StoreFailure["final"] =>
  reason._tag === "Unencodable" ? "Unencodable" : isRefusal ? "Refused" : undefined
