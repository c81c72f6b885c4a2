/**
 * `celeriac result`: what became of a task, by its id. It waits for a task that
 * has not ended, as Celery's does, and fails when the task has failed.
 */
import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import { because, type CliFailure } from "../output/CliFailure.ts"
import * as Print from "../output/Print.ts"
import * as Progress from "../output/Progress.ts"
import * as Reply from "../remote/Reply.ts"

export interface Flags {
  readonly id: string
  /** Name of the task, which Celery asks for where backends are its own. */
  readonly task: Option.Option<string>
  readonly traceback: boolean
  /** Seconds. */
  readonly timeout: Option.Option<number>
  readonly json: boolean
}

export const result = (globals: Globals, { id, json, timeout, traceback }: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const { uri } = yield* ResultReader
      if (uri.startsWith("rpc")) return yield* Effect.fail(because(ofSender(id)))
      const sent = yield* AsyncResult.make(id)
      if (traceback) {
        const trace = yield* sent.traceback
        return yield* json
          ? Console.log(JSON.stringify({ id, traceback: trace ?? null }))
          : Print.value(trace ?? "None")
      }
      const seconds = Option.getOrUndefined(timeout)
      const value = yield* sent.get({ timeout: seconds === undefined ? undefined : seconds * 1000 }).pipe(
        Progress.during("waits for the result", { quiet: globals.quiet, json }),
        Effect.tapError(() => json ? Effect.ignore(Effect.flatMap(sent.record, printed)) : Effect.void)
      )
      yield* json ? Effect.flatMap(sent.record, printed) : Print.value(Reply.line(value))
    }).pipe(
      Effect.catchTag(
        "TaskException",
        (error): Effect.Effect<never, CliFailure> => Effect.fail(because(`task ${id} failed: ${error.message}`))
      ),
      Effect.mapError((error) =>
        error._tag === "ResultError" && error.reason._tag === "ResultTimeout"
          ? because(tooEarly(id, error.reason.millis))
          : error
      ),
      Effect.provide(Verb.broker(verb))
    ))

const tooEarly = (id: string, millis: number): string =>
  `task ${id} has no result after ${millis / 1000} s: it waits, runs, or was never sent. ` +
  "Ask again, wait longer (--timeout), or ask the workers: celeriac inspect query_task " + id

const ofSender = (id: string): string =>
  `results of rpc:// go to who sent the task, and nobody else can ask for that of ${id}. ` +
  "Name the backend that keeps them: --result-backend redis://..."

const printed = (record: { readonly taskId: string; readonly status: string } | undefined) => {
  if (record === undefined) return Effect.void
  // As it is, and not what it is made of.
  const { result = null, exception, traceback = null, dateDone = null } = record as Record
  return Console.log(JSON.stringify({
    id: record.taskId,
    status: record.status,
    result,
    ...(exception === undefined ? {} : { exception: { type: exception.excType, args: exception.args } }),
    traceback,
    date_done: dateDone
  }))
}

type Record = Partial<{
  readonly result: unknown
  readonly exception: { readonly excType: string; readonly args: ReadonlyArray<unknown> }
  readonly traceback: string
  readonly dateDone: string
}>
