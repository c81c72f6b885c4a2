/**
 * Tells monitors what becomes of requests: the `task-*` events that Celery's
 * worker sends, at the moments at which it does.
 *
 * The hot ones are written by hand. While nobody hears them, a request costs a
 * comparison here; while events of tasks are off, this is no observer at all. Source: protocol of events §3, Celery's `Request`.
 *
 * @since 0.1.0
 */
import type { Settlement } from "@celeriac/messaging/Message"
import type { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Observed, RequestObserver } from "../RequestObserver.ts"

/** By this dispatcher, to observe as long as it sends events of tasks. */
export const make = (dispatcher: EventDispatcher["Service"]): RequestObserver => {
  return {
    accepted: (request) => {
      if (!request.sendsEvents || request.id === undefined || !dispatcher.isHeard()) return
      dispatcher.tasks.received(request.id, request)
    },
    started: (request) => {
      if (!request.sendsEvents || request.id === undefined || !dispatcher.isHeard()) return
      dispatcher.tasks.started(request.id)
    },
    completed: (request, outcome, settlement, endedAt) => {
      if (!request.sendsEvents || request.id === undefined || !dispatcher.isHeard()) return
      ended(dispatcher, request, request.id, outcome, settlement, endedAt)
    }
  }
}

const ended = (
  { send, tasks }: EventDispatcher["Service"],
  request: Observed,
  uuid: string,
  outcome: Outcome,
  settlement: Settlement | "hold",
  endedAt: number
): void => {
  const failed = (exception: Exceptions.ExceptionRecord, traceback?: string): void => {
    // A rejected message is told of by itself, but for one that no request was made of.
    if (settlement === "reject" && request.timeStart !== undefined) send("task-rejected", { uuid, requeue: false })
    send("task-failed", { uuid, exception: Exceptions.repr(exception), traceback })
  }
  switch (outcome._tag) {
    case "Success":
      return tasks.succeeded(uuid, PythonRepr.safe(outcome.result), endedAt - (request.timeStart ?? endedAt))
    case "Failure":
      if (settlement === "requeue" && outcome.isTimeout === true) return send("task-rejected", { uuid, requeue: true })
      // What is stored of a hard limit has no traceback, and the event has.
      return failed(
        outcome.exception,
        outcome.isTimeout === true ? tracebackOf(outcome.exception) : outcome.traceback
      )
    case "Retry":
      return send("task-retried", {
        uuid,
        // Of no reason at all, as Python prints it.
        exception: outcome.exception === undefined ? "None" : Exceptions.repr(outcome.exception),
        traceback: outcome.traceback
      })
    case "Rejected":
      if (!outcome.requeue) {
        send("task-failed", {
          uuid,
          // As Celery's exception shows itself.
          exception: `reject requeue=False: ${outcome.reason ?? "None"}`,
          traceback: tracebackOf(Exceptions.reject(outcome.reason ?? null))
        })
      }
      // What was acknowledged early is refused to nobody.
      return settlement === "ack" ? undefined : send("task-rejected", { uuid, requeue: outcome.requeue })
    case "Revoked":
      return send("task-revoked", {
        uuid,
        terminated: outcome.why === "terminated",
        signum: outcome.signum,
        expired: outcome.why === "expired"
      })
    case "Lost":
      if (settlement === "ack" || settlement === "reject") return failed(Exceptions.workerLost(outcome.message))
      return outcome.why === "Crashed"
        ? send("task-rejected", { uuid, requeue: true })
        : send("task-cancelled", { uuid })
    case "Unregistered":
      return send("task-failed", { uuid, exception: Exceptions.repr(Exceptions.notRegistered(outcome.task)) })
    case "Refused":
      return failed(outcome.exception)
    case "Broken":
      return failed(Exceptions.make("Exception", [outcome.message]), outcome.traceback)
    case "Ignored":
      // As in Celery, whose monitors would wait for its end otherwise.
      if (outcome.isDuplicate === true) send("task-succeeded", { uuid, result: "", runtime: 0 })
      return
    case "Invalid":
    case "Damaged":
      return
  }
}

/** Of what no code has raised. */
const tracebackOf = (exception: Exceptions.ExceptionRecord): string =>
  `Traceback (most recent call last):\n${exception.excModule}.${exception.excType}: ${Exceptions.str(exception)}`
