/**
 * What is published next of an ending: one message, or all members of a group,
 * which need not wait for each other's confirms.
 *
 * @since 0.1.0
 */
import type { Outgoing } from "../Aftermath.ts"
import type { Ending } from "./Ending.ts"
import type { Publish } from "./Publishing.ts"
import type { StoreFailure } from "./ResultStore.ts"

/** How many are published before the first of them is confirmed. */
const most = 1_000

/**
 * `then` is called once, when all are confirmed or refused: with why one of them
 * was not sent, if it was not. Then that one is the next.
 */
export const publish = (
  ending: Ending,
  publish: Publish,
  then: (failure: StoreFailure | undefined) => void
): void => {
  const { messages, messagesSent } = ending
  let end = messagesSent + 1
  while (end < messages.length && end - messagesSent < most && messages[end]!.isBeside === true) end++
  const unsent: Array<Outgoing> = []
  let failure: StoreFailure | undefined
  let waiting = end - messagesSent
  const tell = (outgoing: Outgoing, refused: StoreFailure | undefined): void => {
    if (refused !== undefined) {
      // Why it is not sent again is what has to be known.
      const isFirst = failure === undefined || failure.final === undefined && refused.final !== undefined
      if (isFirst) failure = refused
      unsent[isFirst ? "unshift" : "push"](outgoing)
    }
    if (--waiting > 0) return
    if (failure === undefined) ending.messagesSent = end
    else ending.send([...unsent, ...messages.slice(end)])
    then(failure)
  }
  for (let at = messagesSent; at < end; at++) {
    const outgoing = messages[at]!
    publish(outgoing, (refused) => tell(outgoing, refused))
  }
}
