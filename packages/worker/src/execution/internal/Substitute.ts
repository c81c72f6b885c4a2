/**
 * What is stored of an outcome that cannot be stored, or whose followers nobody
 * takes, for whoever waits: why not.
 *
 * @since 0.1.0
 */
import type { Embed } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import { failure, type Outcome } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import type { StoreFailure } from "./ResultStore.ts"

/** Undefined where nobody waits for another word. */
export const substitute = (outcome: Outcome, { final, message }: StoreFailure, isSent = false): Outcome | undefined => {
  const failed = final === "Unencodable"
    ? Portable.unencodable(message)
    : failure(Exceptions.make("BackendStoreError", [message], "celery.exceptions"))
  switch (outcome._tag) {
    case "Success":
    case "Failure":
      return outcome.follows === undefined ? failed : { ...failed, follows: left(outcome, outcome.follows, isSent) }
    // That the task will not run again has to be known.
    case "Retry":
      return failed
    case "Unregistered":
    case "Invalid":
    case "Damaged":
    case "Refused":
    case "Broken":
      // What would have followed was told already.
      return { _tag: "Refused", exception: failed.exception }
    default:
      return undefined
  }
}

/** What was sent is not told of again. */
const left = ({ _tag }: Outcome, follows: Embed, isSent: boolean): Embed => ({
  ...follows,
  chain: isSent ? undefined : follows.chain,
  errbacks: isSent && _tag === "Failure" ? undefined : follows.errbacks
})
