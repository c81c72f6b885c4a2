/** Several results as one: waited for together, in the types of each. */
import * as ResultSet from "@celeriac/tasks/ResultSet"
import * as Result from "./Result.ts"
import type * as Model from "./ResultModel.ts"
import type { Run } from "./Run.ts"

export type { Completed, GroupResult, Results } from "./ResultModel.ts"

export const make = <const M extends Model.Members>(run: Run, results: M): Model.Results<M> =>
  Result.several(run, ResultSet.make(results.map(Result.sourceOf)), results)
