/**
 * How the message of a request is settled, given what came of it: a pure rule.
 *
 * An early task has been acknowledged before it ran, and nothing is left to
 * settle. A late one is acknowledged when it is done and its result is stored;
 * one that was interrupted goes back to its queue.
 *
 * @since 0.1.0
 */
import type { Settlement } from "@celeriac/messaging/Message"
import type { ExecutionOptions } from "@celeriac/tasks/TaskOptions"
import type { Traced } from "./Trace.ts"

export const settlementOf = (
  traced: Traced,
  options: Pick<ExecutionOptions, "acksOnFailureOrTimeout">
): Settlement => {
  switch (traced._tag) {
    case "Success":
    case "Revoked":
      return "ack"
    case "Failure":
      return options.acksOnFailureOrTimeout ? "ack" : "reject"
    case "Interrupted":
      return "requeue"
  }
}
