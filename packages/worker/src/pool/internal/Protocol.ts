/**
 * What a pool and its children say to each other: plain data, one message for
 * each step in the life of a job.
 *
 * @since 0.1.0
 */
import type * as LogLevel from "effect/LogLevel"
import type { About } from "../../state/LogFields.ts"
import type { Interruption } from "../../trace/Interruption.ts"
import type { Work } from "../../trace/Work.ts"
import type { Known } from "../Pool.ts"

/** A value that crosses: as it is, or as JSON with Python's types where a clone would not be the same. */
export type Packed = { readonly plain: unknown } | { readonly sealed: Uint8Array }

/** What of the parent's a child may use. */
export interface Lent {
  /** The groups of events that are sent; undefined: nobody sends any. */
  readonly events: ReadonlyArray<string> | undefined
  readonly writer: { readonly uri: string } | undefined
  readonly reader: { readonly uri: string; readonly replyTo: string | undefined } | undefined
  readonly chords: { readonly uri: string; readonly isRefusing: boolean } | undefined
  readonly producer: boolean
  /** How it is named in what a child cannot do by itself. */
  readonly transport:
    | { readonly driver: string; readonly uri: string; readonly exchangeTypes: ReadonlyArray<string> }
    | undefined
}

/** The first message to a child. */
export interface Start {
  readonly module: string
  readonly name: string | undefined
  readonly include: ReadonlyArray<string>
  /** Of tasks, those that are plain: the others the module says itself. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Of steps, those that are plain. */
  readonly stepOptions: Readonly<Record<string, unknown>>
  readonly level: LogLevel.LogLevel
  readonly maxResultBytes: number
  /** Whether it tells how much memory it has. */
  readonly tellsMemory: boolean
  readonly lent: Lent
}

/** `job` is the number of the job; `call` that of a call. */
export type ToChild =
  | { readonly _tag: "Start"; readonly start: Start }
  /** `isBegun`: its handler may begin; else that is asked for. */
  | { readonly _tag: "Run"; readonly job: number; readonly work: Work; readonly isBegun: boolean }
  | { readonly _tag: "Begin"; readonly job: number; readonly may: boolean }
  | { readonly _tag: "Interrupt"; readonly job: number; readonly why: Interruption }
  /** What it came to is stored: what is to be done then is to be done; `outcome` undefined: nothing is. */
  | { readonly _tag: "After"; readonly job: number; readonly outcome: Packed | undefined }
  | { readonly _tag: "Reply"; readonly call: number; readonly reply: Reply }
  | { readonly _tag: "Leave" }

export type FromChild =
  | { readonly _tag: "Up"; readonly known: Known }
  | { readonly _tag: "Failed"; readonly detail: string }
  /** Its message is understood: may its handler begin? */
  | { readonly _tag: "Begun"; readonly job: number }
  | {
    readonly _tag: "Ended"
    readonly job: number
    readonly outcome: Packed
    /** It waits for `After`. */
    readonly hasHooks: boolean
    /** In bytes, where that is told. */
    readonly memory: number | undefined
  }
  /** What was to be done afterwards is done. */
  | { readonly _tag: "Done"; readonly job: number }
  | { readonly _tag: "Call"; readonly call: number; readonly name: string; readonly args: Packed }
  /** Nobody waits for the answer any more. */
  | { readonly _tag: "Cancel"; readonly call: number }
  | { readonly _tag: "Event"; readonly type: string; readonly fields: Packed; readonly always: boolean }
  | { readonly _tag: "Log"; readonly line: Line }

/** What came of a call. `Item`: there is more to come. */
export type Reply =
  | { readonly _tag: "Item" | "Success"; readonly value: Packed }
  | { readonly _tag: "MessagingError" | "ResultError"; readonly error: unknown }
  | { readonly _tag: "Defect"; readonly message: string }

/** A line of the log. */
export interface Line {
  readonly level: LogLevel.Severity
  readonly message: Packed
  readonly cause: string | undefined
  readonly annotations: Packed
  /** That wrote it, if one did. */
  readonly task: About | undefined
}
