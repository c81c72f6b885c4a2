/**
 * What a result backend keeps about a group that was saved: which tasks it is
 * of, and nothing of what they came to.
 *
 * `GroupResult.save` writes it, in either language, and a chord that ends in a
 * group does. Source: protocol §7.2; Celery's `save_group`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isTable } from "../internal/Table.ts"
import { describe, InvalidRecord, ProtocolError } from "../protocol/ProtocolError.ts"
import { because, type ResultError, Unsupported } from "./ResultError.ts"
import type { ResultReader } from "./ResultReader.ts"
import * as ResultTuple from "./ResultTuple.ts"

/** What readers have of groups. */
export type Groups = Pick<ResultReader["Service"], "saveGroup" | "restoreGroup" | "deleteGroup">

/** As it stands behind `celery-taskset-meta-<id>`. */
export const encode = (group: ResultTuple.ResultTuple): { readonly result: ResultTuple.Wire } => ({
  result: ResultTuple.encode(group)
})

/** Reads what was kept under this id. What is of no group is refused: the members are what it is asked for. */
export const decode = (value: unknown, groupId: string): Result.Result<ResultTuple.ResultTuple, ProtocolError> => {
  const group = isTable(value) ? ResultTuple.decode(value.result) : undefined
  return group?.members === undefined ? invalid(groupId, isTable(value) ? value.result : value) : Result.succeed(group)
}

const invalid = (id: string, received: unknown) =>
  Result.fail(
    new ProtocolError({
      task: undefined,
      id,
      reason: new InvalidRecord({ path: "result", expected: "the tuple of a group", received: describe(received) })
    })
  )

/** Of a backend that saves no groups. `detail` says why, as in "keeps no results". */
export const refusing = (backend: string, detail: string): Groups => {
  const refuse = (operation: string) => (): Effect.Effect<never, ResultError> =>
    Effect.suspend(() => Effect.fail(because(operation, new Unsupported({ backend, detail, instead }))))
  return {
    saveGroup: refuse("save group"),
    restoreGroup: refuse("restore group"),
    deleteGroup: refuse("delete group")
  }
}

const instead =
  "Use one that keeps results for all, such as redis://, or hold on to the group itself (AsyncResult.encode)"
