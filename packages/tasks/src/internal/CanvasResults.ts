/** What a canvas comes to, in its shape: the results of all of its tasks, each with what it follows. */
import * as AsyncResult from "../AsyncResult.ts"
import * as GroupResult from "../GroupResult.ts"
import type { ExceptionRecord } from "../result/ExceptionRecord.ts"
import type { ResultReader } from "../result/ResultReader.ts"
import type { AnyIdentified } from "../ResultBase.ts"
import type { FrozenResult } from "./CanvasFreeze.ts"
import type { Plan } from "./CanvasPlan.ts"

/** `ignoresResults` of tasks that do not say it themselves; undefined: all are kept, whatever is said. */
export const make = (
  { decodeError, isList, result, sendable }: Pick<Plan, "decodeError" | "isList" | "result" | "sendable">,
  reader: ResultReader["Service"],
  ignoresResults: boolean | undefined
): AnyIdentified => {
  const one = (frozen: FrozenResult, parent: AnyIdentified | undefined): AnyIdentified => {
    const { id, members, signature } = frozen
    if (members !== undefined) return GroupResult.fromReader(id, members.map(whole), reader, parent)
    const { isNamed, options, outcome } = sendable(signature!) // what is no group has one
    const ignored = ignoresResults !== undefined &&
      (signature?.options?.ignore_result ?? options.ignoreResult ?? (isNamed !== true && ignoresResults))
    const decode = parent === undefined
      ? outcome.decodeError
      : (record: ExceptionRecord) => outcome.decodeError(record) ?? decodeError(record)
    return AsyncResult.fromReader(id, reader, { ...outcome, decodeError: decode }, ignored === true, parent)
  }
  const whole = (frozen: FrozenResult): AnyIdentified => {
    const above: Array<FrozenResult> = []
    for (let parent = frozen.parent; parent !== undefined; parent = parent.parent) above.push(parent)
    return one(frozen, above.reduceRight<AnyIdentified | undefined>((parent, each) => one(each, parent), undefined))
  }
  const all = whole(result)
  // A group of one stands for its member in messages, and one of none for nothing.
  return isList && result.members === undefined ? GroupResult.fromReader(all.id, [all], reader, all.parent) : all
}
