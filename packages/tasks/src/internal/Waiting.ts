/**
 * Waiting for the end of a task: refused inside of another one, and no longer
 * than was said.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { because, type ResultError, ResultTimeout } from "../result/ResultError.ts"
import type { ResultReader } from "../result/ResultReader.ts"
import type { ResultRecord } from "../result/ResultRecord.ts"
import type { GetOptions } from "../ResultBase.ts"
import * as Parenthood from "./Parenthood.ts"

/** The record of its end. */
export const forEnd = (
  reader: ResultReader["Service"],
  id: string,
  options: GetOptions
): Effect.Effect<ResultRecord, ResultError> => {
  const { timeout } = options
  const wait = Parenthood.waiting("get", options, () => reader.wait(id))
  return timeout === undefined ? wait : Effect.timeoutOrElse(wait, {
    duration: timeout,
    orElse: () => Effect.fail(because("get", new ResultTimeout({ id, millis: Duration.toMillis(timeout) })))
  })
}
