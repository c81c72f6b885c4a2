/**
 * Writes the log lines of requests: Celery's, word by word, where Celery has
 * them.
 *
 * A line that nobody sees is not made: stages whose level is off are not
 * observed at all.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Cause from "effect/Cause"
import type * as LogLevel from "effect/LogLevel"
import type { Fields } from "../../state/LogFields.ts"
import * as WorkerLog from "../../state/WorkerLog.ts"
import type { Outcome, Retry, Revoked } from "../../trace/Outcome.ts"
import type { Fate, Observed, RequestObserver, Timeout } from "../RequestObserver.ts"
import * as TaskFields from "./TaskFields.ts"

/** Into this log, of the node of this name. */
export const make = (log: WorkerLog.WorkerLog, hostname: string): RequestObserver => {
  const say: Say = (level, message, request, fields = TaskFields.of) =>
    log.log(level, message, undefined, undefined, log.hasFields ? () => fields(request, hostname) : undefined)
  return {
    ...(log.isInfo
      ? { received: (request) => say("Info", `Task ${nameOf(request)} received`, request, TaskFields.received) }
      : {}),
    ...(log.isDebug
      ? { started: (request) => say("Debug", `Task accepted: ${nameOf(request)}`, request, TaskFields.started) }
      : {}),
    timedOut: (request, timeout) => overtime(say, request, timeout),
    ended: (request, outcome, now) => {
      if (outcome._tag === "Success" && !log.isInfo) return
      const fields = log.hasFields ? () => TaskFields.ended(request, hostname, outcome, now) : undefined
      end((level, message, cause) => log.log(level, message, undefined, cause, fields), request, outcome, now)
    },
    settled: (request, settlement, isStale) => {
      // One that has run is known when it comes again; one that has not may run elsewhere.
      if (isStale && settlement === "ack" && request.timeStart === undefined) {
        say(
          "Warn",
          `${nameOf(request)} lost its connection before it started: its message is left to the broker`,
          request
        )
      }
    },
    notStored: (request, status, why, fate) =>
      status === "STARTED"
        ? say("Warn", `${nameOf(request)}: STARTED was not stored: ${why}`, request)
        : say(
          "Error",
          `The result of ${nameOf(request)} could not be stored: ${WorkerLog.sentence(why)} ${fates(fate)}`,
          request
        ),
    adopted: (request) =>
      say("Info", `Task ${nameOf(request)} is running here: its new delivery is settled with it`, request),
    repeated: (request, settlement) =>
      say(
        "Info",
        `Task ${nameOf(request)} was run here: ${settlement === "ack" ? "acknowledged" : "rejected"} again`,
        request
      )
  }
}

type Say = (
  level: LogLevel.Severity,
  message: string,
  request: Observed,
  fields?: (request: Observed, hostname: string) => Fields
) => void

const overtime = (say: Say, request: Observed, timeout: Timeout): void => {
  const name = nameOf(request)
  switch (timeout._tag) {
    case "Soft":
      return say("Warn", `Soft time limit (${timeout.limit}s) exceeded for ${name}`, request)
    case "Hard":
      return say("Error", `Hard time limit (${timeout.limit}s) exceeded for ${name}`, request)
    case "GoesOn":
      return say(
        "Warn",
        `Task ${name} still runs ${timeout.seconds} seconds after its soft time limit, and has no other: it ends when it ends`,
        request
      )
    case "GivenUp":
      return say(
        "Error",
        `Task ${name} was interrupted ${timeout.seconds} seconds ago by its time limit and does not end: ` +
          "it has failed, and its slot is free when it ends",
        request
      )
    case "Missed":
      return say(
        "Warn",
        `Task ${name} ran for ${timeout.seconds}s, which its time limit (${timeout.limit}s) could not prevent: ` +
          "it computed and let nothing else run. Give it a pool of its own: pool: \"processes\"",
        request
      )
  }
}

const fates = (fate: Fate): string => {
  switch (fate._tag) {
    case "Kept":
      return `It is kept, and stored again in ${fate.pause / 1_000} seconds`
    case "Requeued":
      return "The task goes back to its queue"
    case "Lost":
      return "It is lost"
  }
}

const end = (
  say: (level: LogLevel.Severity, message: string, cause?: Cause.Cause<unknown>) => void,
  request: Observed,
  outcome: Outcome,
  now: number
): void => {
  switch (outcome._tag) {
    case "Success": {
      const seconds = TaskFields.runtime(request, now)
      return say("Info", `Task ${nameOf(request)} succeeded in ${seconds}s: ${PythonRepr.repr(outcome.result)}`)
    }
    case "Failure": {
      const repr = Exceptions.repr(outcome.exception)
      if (outcome.isTimeout === true) return say("Error", `Task handler raised error: ${repr}`)
      return outcome.isDeclared
        ? say("Info", `Task ${nameOf(request)} raised expected: ${repr}`)
        : say("Error", `Task ${nameOf(request)} raised unexpected: ${repr}${below(outcome.traceback)}`)
    }
    case "Retry":
      return say("Info", `Task ${nameOf(request)} retry: ${retry(outcome)}`)
    case "Ignored":
      return say("Info", `Task ${nameOf(request)} ${outcome.isDuplicate === true ? outcome.reason : "ignored"}`)
    case "Rejected":
      return say("Warn", `Task ${nameOf(request)} rejected its message${because(outcome.reason)}`)
    case "Revoked":
      return say("Info", revoked(request, outcome))
    case "Lost":
      return say(
        "Warn",
        `Task ${nameOf(request)} ${ways[outcome.why]}${request.isSettled ? "" : back[outcome.why]}`
      )
    case "Unregistered":
      return say(
        "Error",
        `Received unregistered task of type '${outcome.task}' [${request.id}]. The message has been rejected. ` +
          "Is its handler among the tasks of this worker?"
      )
    case "Invalid":
      return say(
        "Error",
        `Received invalid task message, which has been rejected: ${outcome.message} (${whereabouts(request)})`
      )
    case "Damaged":
      return say(
        "Error",
        `Received a damaged message, which has been rejected: ${outcome.message} (${whereabouts(request)})`
      )
    case "Refused":
      return say(
        "Error",
        `Task ${nameOf(request)} refused: ${Exceptions.repr(outcome.exception)}. The message has been rejected`
      )
    case "Broken":
      return say(
        "Fatal",
        `Task ${nameOf(request)} INTERNAL ERROR: ${outcome.message}`,
        Cause.die(outcome.traceback)
      )
  }
}

const revoked = (request: Observed, { by, why }: Revoked): string => {
  if (why === "terminated") return `Task ${nameOf(request)} was terminated: it is revoked`
  const discarding = `Discarding revoked task: ${nameOf(request)}`
  return by === undefined
    ? discarding
    : `${discarding} (revoked by header: ${PythonRepr.repr({ [by.header]: by.value })})`
}

/** `Retry in 10s: ValueError('bad')`. */
const retry = ({ again, exception }: Retry): string => {
  const why = exception === undefined ? undefined : Exceptions.repr(exception)
  if (again === undefined) return why ?? "Retry"
  const when = again.eta === undefined ? `in ${(again.countdown ?? 0) / 1_000}s` : `at ${IsoTime.format(again.eta)}`
  return why === undefined ? `Retry ${when}` : `Retry ${when}: ${why}`
}

const ways = {
  Shutdown: "was terminated",
  ConnectionLost: "was interrupted, for its connection is lost",
  Crashed: "was lost with what it ran in"
} as const

const back = {
  Shutdown: " and goes back to its queue",
  ConnectionLost: " and is left to the broker",
  Crashed: ""
} as const

const below = (traceback: string | undefined): string => traceback === undefined ? "" : `\n${traceback}`

const because = (reason: string | undefined): string => reason === undefined ? "" : `: ${reason}`

const nameOf = (request: Observed): string => `${request.name}[${request.id}]`

const whereabouts = ({ exchange, routingKey, size }: Observed): string =>
  `exchange '${exchange}', routing key '${routingKey}', ${size} bytes`
