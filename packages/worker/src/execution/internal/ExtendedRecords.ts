/**
 * Records that tell what was run, too: Celery's `result_extended`.
 *
 * The arguments are read from the message again when a record is stored, so
 * that a worker which does not store them pays for nothing. Source: protocol
 * §7.1; Celery 5.7, `Backend._get_result_meta`.
 */
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import type { Extended, ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type { Addressee } from "@celeriac/tasks/result/ResultWriter"
import * as Result from "effect/Result"
import type * as Portable from "../../trace/Portable.ts"
import type { Waiting } from "../Aftermath.ts"
import { Request } from "../Request.ts"

export type Extend = (record: ResultRecord, addressee: Addressee) => ResultRecord

/** Of one that nobody will send, what it was to be called with. Of what else is no request nothing is known. */
export const make = (coding: Portable.Coding): Extend => (record, addressee) => {
  if (isWaiting(addressee)) return { ...record, extended: unsent(addressee) }
  if (!(addressee instanceof Request) || addressee.id !== record.taskId) return record
  const { hostname, message, retries, routingKey, stampedHeaders, stamps, task, work } = addressee
  const identity = work.version === 2 ? { version: 2 as const, headers: work.headers } : { version: 1 as const }
  const read = TaskMessage.readBody(message, identity, coding)
  const body = Result.isSuccess(read) ? read.success.body : undefined
  return {
    ...record,
    extended: { name: task, args: body?.args, kwargs: body?.kwargs, worker: hostname, retries, queue: routingKey },
    stamps: stampedHeaders === undefined || Object.keys(stamps).length === 0
      ? undefined
      : { names: stampedHeaders, values: stamps }
  }
}

/** Nobody else's has a signature. */
const isWaiting = (addressee: Addressee): addressee is Waiting => "signature" in addressee

/** As Celery's `Backend._fail_chain` has it: of a worker and a queue nothing is said. */
const unsent = ({ signature: { args, kwargs, task } }: Waiting): Extended => ({
  name: typeof task === "string" ? task : undefined,
  args: Array.isArray(args) ? args : [],
  kwargs: typeof kwargs === "object" && kwargs !== null ? kwargs as Extended["kwargs"] : {}, // as it was read
  worker: undefined,
  retries: 0,
  queue: undefined
})
