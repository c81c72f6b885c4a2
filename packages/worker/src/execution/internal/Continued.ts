/**
 * What follows an outcome, as it is carried out: what is published, what is
 * stored, and what is counted.
 *
 * @since 0.1.0
 */
import type { ChordSize } from "@celeriac/tasks/canvas/CanvasMessages"
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import type { ChordPart } from "@celeriac/tasks/result/ChordCounter"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import type { Other, Outgoing } from "../Aftermath.ts"

/** A part of a chord that has ended, and what is sent after the last of them. */
export interface Part extends ChordPart {
  readonly body: SignatureJson
}

/** How many parts a chord has, or one part more, or the shape of its parts where that is no list. */
export type Size = ChordSize | { readonly groupId: string; readonly added: string } | { readonly shape: ResultTuple }

export interface Continuation {
  /** To be known before anything is published. */
  readonly sizes: ReadonlyArray<Size>
  readonly messages: ReadonlyArray<Outgoing>
  /** To be stored: of tasks that will not run. */
  readonly others: ReadonlyArray<Other>
  /** Sent by the task, as its result knows them. */
  readonly children: ReadonlyArray<ResultTuple>
  /** To be counted when all else is safe. */
  readonly parts: ReadonlyArray<Part>
}

const none: ReadonlyArray<never> = []

export const nothing: Continuation = { sizes: none, messages: none, others: none, children: none, parts: none }

/** One after the other. */
export const both = (one: Continuation, other: Continuation): Continuation =>
  one === nothing ? other : other === nothing ? one : {
    sizes: [...one.sizes, ...other.sizes],
    messages: [...one.messages, ...other.messages],
    others: [...one.others, ...other.others],
    children: [...one.children, ...other.children],
    parts: [...one.parts, ...other.parts]
  }

/** Nothing where it is part of no chord. */
export const partOf = (
  groupId: unknown,
  index: unknown,
  body: SignatureJson | undefined,
  record: ResultRecord | undefined
): ReadonlyArray<Part> =>
  body == null || record === undefined || typeof groupId !== "string"
    ? none
    : [{ groupId, index: typeof index === "number" ? index : Infinity, record, body }]
