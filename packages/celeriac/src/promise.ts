/**
 * Tasks with promises, for programs that do not use Effect.
 *
 * ```ts
 * import { celeriac } from "celeriac/promise"
 * import * as z from "zod"
 *
 * const app = celeriac({ broker: "amqp://localhost" })
 * const add = app.task("proj.add", { parameters: { x: z.number(), y: z.number() } }, async ({ x, y }) => x + y)
 *
 * await app.worker({ concurrency: 8 }).run()             // in one process
 * const sum = await (await add.delay({ x: 2, y: 3 })).get()   // in another
 * ```
 */
export {} from "./internal/RequiredNode.ts"

export { chain, chord, group } from "@celeriac/tasks/Canvas"
export { CommandError, ReplyUnreadable } from "@celeriac/tasks/control/RemoteControl"
export { TaskException } from "@celeriac/tasks/result/ExceptionRecord"
export { ResultError } from "@celeriac/tasks/result/ResultError"
export { make as signature } from "@celeriac/tasks/Signature"
export type { Signature } from "@celeriac/tasks/Signature"
export { SoftTimeLimitExceeded } from "@celeriac/tasks/SoftTimeLimit"
export { TaskError } from "@celeriac/tasks/TaskError"
export { ignore, reject, replace, retry } from "@celeriac/tasks/TaskPredicate"
export { type AppOptions, make as celeriac, type PromiseApp } from "./promise/PromiseApp.ts"
export type { Many, Sent } from "./promise/PromiseCanvas.ts"
export type { ControlOptions, NodeReply, PromiseControl, Replies, Reply } from "./promise/PromiseControl.ts"
export type { Hooks, Outcome } from "./promise/PromiseHooks.ts"
export type { Request } from "./promise/PromiseRequest.ts"
export type { Signals } from "./promise/PromiseSignals.ts"
export type { Definition, Handler, Prepared, PromiseTask, ResendOptions, SendOptions } from "./promise/PromiseTask.ts"
export type { Options as WorkerOptions, PromiseWorker } from "./promise/PromiseWorker.ts"
export { draw } from "./promise/Result.ts"
export type {
  About,
  CollectOptions,
  Completed,
  GetOptions,
  GroupResult,
  Identified,
  Progress,
  Result,
  Results,
  RevokeOptions,
  Settled,
  SyncOptions,
  Tuple
} from "./promise/ResultModel.ts"
