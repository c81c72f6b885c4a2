/** What the monitor shows and is asked for, as one value: `Update` makes the next of it, `View` the lines. */
import type { Tone } from "./Line.ts"
import type { Part } from "./Parts.ts"
import * as Snapshot from "./Snapshot.ts"

/** In cells. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** What is typed on the last line. */
export type Asking =
  | { readonly _tag: "Filter"; readonly text: string; readonly before: string }
  | { readonly _tag: "RateLimit"; readonly text: string; readonly task: string }
  | { readonly _tag: "Revoke"; readonly terminate: boolean; readonly task: Snapshot.TaskRow }

/** Said on the last line, until a time in seconds. */
export interface Message {
  readonly text: string
  readonly tone: Tone
  readonly until: number
}

export interface Model {
  /** Of the broker, without a password. */
  readonly uri: string
  readonly snapshot: Snapshot.Snapshot
  readonly size: Size
  readonly screen: "list" | "detail" | "help"
  /** Where the keys go. */
  readonly focus: "tasks" | "workers"
  /** The id of the task that is chosen. None: whichever is the first. */
  readonly task: string | undefined
  /** The name of the worker that is. */
  readonly worker: string | undefined
  /** The one whose tasks alone are shown. */
  readonly only: string | undefined
  readonly filter: string
  readonly sort: Snapshot.Sort
  readonly isPaused: boolean
  /** How many lines of a long text are above the screen. */
  readonly scroll: number
  /** What the text is to begin with, as soon as it is there. */
  readonly part: Part | undefined
  readonly asking: Asking | undefined
  readonly message: Message | undefined
}

export const initial = (uri: string, size: Size): Model => ({
  uri,
  snapshot: Snapshot.empty,
  size,
  screen: "list",
  focus: "tasks",
  task: undefined,
  worker: undefined,
  only: undefined,
  filter: "",
  sort: "time",
  isPaused: false,
  scroll: 0,
  part: undefined,
  asking: undefined,
  message: undefined
})

/** What the next snapshot is to have. */
export const queryOf = (model: Model): Snapshot.Query => ({
  filter: model.filter,
  sort: model.sort,
  only: model.only,
  task: model.screen === "detail" ? model.task : undefined
})

/** The task that the keys are about. */
export const chosenTask = ({ snapshot: { detail, tasks }, screen, task }: Model): Snapshot.TaskRow | undefined =>
  screen === "detail" ? detail : tasks.find(({ uuid }) => uuid === task) ?? tasks[0]

export const chosenWorker = ({ snapshot: { workers }, worker }: Model): Snapshot.WorkerRow | undefined =>
  workers.find(({ hostname }) => hostname === worker) ?? workers[0]
