/**
 * What a run comes to that the worker has ended: by an interruption that the
 * run saw, or with the thread or the process that it ran in.
 *
 * @since 0.1.0
 */
import type { Interruption } from "./Interruption.ts"
import * as Outcome from "./Outcome.ts"

/** By any interruption but a soft limit, of which the run may make what it likes. */
export const outcome = (
  why: Exclude<Interruption, { readonly _tag: "SoftLimit" }>,
  hostname: string
): Outcome.Outcome => {
  switch (why._tag) {
    case "Revoked":
      return Outcome.terminated(why.signum ?? Outcome.sigterm)
    case "HardLimit":
      return Outcome.timedOut(why.seconds)
    case "Shutdown":
      return { _tag: "Lost", why: "Shutdown", message: `Worker ${hostname} was terminated while the task ran` }
    case "ConnectionLost":
      return {
        _tag: "Lost",
        why: "ConnectionLost",
        message: `Worker ${hostname} lost its connection while the task ran`
      }
  }
}
