/**
 * What the worker's own lines tell of a request and of what came of it, in
 * fields.
 *
 * Source: the `data` of Celery's log records (`args`, `kwargs`, `eta`, `runtime`,
 * `return_value`, `exc`, `traceback`, `description`); states are those of its
 * events.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as LogFields from "../../state/LogFields.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Observed } from "../RequestObserver.ts"

/** A line about a request, whatever it says. */
export const of = (request: Observed, hostname: string): LogFields.Fields => LogFields.ofTask(about(request, hostname))

/** It has come. */
export const received = (request: Observed, hostname: string): LogFields.Fields => ({
  ...of(request, hostname),
  state: "RECEIVED",
  eta: request.eta === undefined ? undefined : IsoTime.format(request.eta),
  ...args(request)
})

/** Its handler begins. */
export const started = (request: Observed, hostname: string): LogFields.Fields => ({
  ...of(request, hostname),
  state: "STARTED"
})

/** What came of it; `now` is milliseconds since the epoch. */
export const ended = (request: Observed, hostname: string, outcome: Outcome, now: number): LogFields.Fields => ({
  ...of(request, hostname),
  state: states[outcome._tag],
  runtime: request.timeStart === undefined ? undefined : runtime(request, now),
  ...particulars(request, outcome)
})

/** In seconds. */
export const runtime = (request: Observed, now: number): number =>
  (now - (request.timeStart ?? request.receivedAt)) / 1000

const about = (request: Observed, hostname: string): LogFields.About => ({
  task: request.task,
  id: request.id,
  hostname,
  queue: request.queue,
  retries: request.retries,
  rootId: request.rootId,
  parentId: request.parentId,
  group: request.group
})

/** One that is lost goes back, or is done for: its result says which. */
const states: Readonly<Record<Outcome["_tag"], string | undefined>> = {
  Success: "SUCCESS",
  Failure: "FAILURE",
  Retry: "RETRY",
  Ignored: "IGNORED",
  Rejected: "REJECTED",
  Revoked: "REVOKED",
  Lost: undefined,
  Unregistered: "FAILURE",
  Invalid: "FAILURE",
  Damaged: "FAILURE",
  Refused: "FAILURE",
  Broken: "FAILURE"
}

const particulars = (request: Observed, outcome: Outcome): LogFields.Fields => {
  switch (outcome._tag) {
    case "Success":
      return { return_value: PythonRepr.repr(outcome.result) }
    case "Failure":
      return {
        description: outcome.isTimeout === true ? undefined : `raised ${outcome.isDeclared ? "" : "un"}expected`,
        ...exception(outcome.exception),
        traceback: outcome.traceback,
        ...args(request)
      }
    case "Retry":
      return { ...exception(outcome.exception), traceback: outcome.traceback }
    case "Ignored":
      return { description: "ignored" }
    case "Rejected":
      return { description: "rejected" }
    case "Unregistered":
      return exception(Exceptions.notRegistered(outcome.task))
    case "Refused":
      return exception(outcome.exception)
    case "Invalid":
    case "Damaged":
      return { exc: outcome.message }
    case "Broken":
      return { description: "INTERNAL ERROR", exc: outcome.message, traceback: outcome.traceback }
    case "Revoked":
    case "Lost":
      return {}
  }
}

const exception = (record: Exceptions.ExceptionRecord | undefined): LogFields.Fields =>
  record === undefined ? {} : { exc: Exceptions.repr(record), exc_type: record.excType }

/** As the sender has shown them, and never more of it than Celery shows by itself. */
const args = ({ argsRepr, kwargsRepr }: Observed): LogFields.Fields => ({
  args: argsRepr?.slice(0, mostOfArgs),
  kwargs: kwargsRepr?.slice(0, mostOfArgs)
})

const mostOfArgs = 1024
