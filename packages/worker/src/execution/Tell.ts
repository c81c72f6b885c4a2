/**
 * The log lines of a request that is finished: Celery's, word by word.
 *
 * A line that nobody sees is not made.
 *
 * @since 0.1.0
 */
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { WorkerLog } from "../state/WorkerLog.ts"
import type { Request } from "./Request.ts"
import type { Traced } from "./Trace.ts"

/** `now` is milliseconds since the epoch. */
export const end = (log: WorkerLog, request: Request, traced: Traced, now: number): void => {
  switch (traced._tag) {
    case "Success":
      if (log.isInfo) {
        const seconds = (now - (request.timeStart ?? request.receivedAt)) / 1000
        log.log("Info", `Task ${nameOf(request)} succeeded in ${seconds}s: ${PythonRepr.repr(traced.result)}`)
      }
      return
    case "Failure": {
      const repr = Exceptions.repr(traced.exception)
      return traced.isDeclared
        ? log.log("Info", `Task ${nameOf(request)} raised expected: ${repr}`)
        : log.log(
          "Error",
          `Task ${nameOf(request)} raised unexpected: ${repr}${
            traced.traceback === undefined ? "" : `\n${traced.traceback}`
          }`
        )
    }
    case "Revoked":
      return log.log("Info", `Discarding revoked task: ${nameOf(request)}`)
    case "Interrupted":
      return log.log(
        "Warn",
        `Task ${nameOf(request)} was terminated${request.isSettled ? "" : " and goes back to its queue"}`
      )
  }
}

const nameOf = (request: Request): string => `${request.name}[${request.id}]`
