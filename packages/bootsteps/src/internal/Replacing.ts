/** A list of steps in which one has taken the place of another of its name. */
import * as Result from "effect/Result"
import { BootGraphError, OtherService, UnknownStep } from "../BootGraphError.ts"
import type { Any } from "../Bootstep.ts"

export const inPlace = (
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
