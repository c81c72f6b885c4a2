/**
 * Lists of steps, as those who put blueprints together from parts handle them.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { BootGraphError, OtherService, UnknownStep } from "./BootGraphError.ts"
import type { Any } from "./Bootstep.ts"

/**
 * The list with a step in the place of the one of its name, which must provide the
 * same. `blueprint` is how errors call it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const replace = (
  blueprint: string,
  steps: ReadonlyArray<Any>,
  step: Any
): Result.Result<ReadonlyArray<Any>, BootGraphError> => {
  const name = step.stepName
  const replaced = steps.find((other) => other.stepName === name)
  if (replaced === undefined) {
    const names = steps.map((other) => other.stepName)
    return Result.fail(new BootGraphError({ blueprint, reason: new UnknownStep({ name, steps: names }) }))
  }
  const service = replaced.definition.provides?.key
  return service === undefined || service === step.definition.provides?.key
    ? Result.succeed(steps.map((other) => other === replaced ? step : other))
    : Result.fail(new BootGraphError({ blueprint, reason: new OtherService({ name, service }) }))
}
