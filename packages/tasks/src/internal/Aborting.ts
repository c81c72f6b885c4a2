/**
 * Asks a task to end, by a state where its result will be: Celery's
 * `AbortableAsyncResult.abort`.
 */
import * as Effect from "effect/Effect"
import { because, type ResultError, Unsupported } from "../result/ResultError.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import type { ResultWriter } from "../result/ResultWriter.ts"
import * as TaskState from "../TaskState.ts"

/** Where results are sent to whoever asked for them, the worker would never know of it. */
const sending: ReadonlySet<string> = new Set(["rpc://", "disabled://"])

/** By the writer at hand, if one is. */
export const make = (
  uri: string,
  writer: ResultWriter["Service"] | undefined
): (id: string) => Effect.Effect<void, ResultError> => {
  if (writer === undefined || sending.has(uri)) return () => unsupported(uri)
  return (id) =>
    Effect.callback((resume) =>
      writer.storeUnsafe(
        ResultRecord.make(id, TaskState.ABORTED, { children: undefined }),
        nobody,
        (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
      )
    )
}

const nobody = { replyTo: undefined, correlationId: undefined }

const unsupported = (backend: string) =>
  Effect.suspend(() =>
    Effect.fail(because(
      "abort",
      new Unsupported({
        backend,
        detail: "keeps no state that a running task could look at, and so cannot abort it",
        instead: "Use one that keeps results, such as Redis, or revoke the task with terminate"
      })
    ))
  )
