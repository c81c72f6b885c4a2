/** The options of a worker's steps: what was given, checked against what they require. */
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as StepOption from "@celeriac/bootsteps/StepOption"
import { nearest } from "@celeriac/tasks/Nearest"
import * as Context from "effect/Context"
import * as Result from "effect/Result"
import { type OptionProblem, StepOptionError } from "../WorkerError.ts"

/** By the names of the options. */
export type Given = Readonly<Record<string, unknown>>

type Steps = ReadonlyArray<Bootstep.Any>

/**
 * The options of these steps, to be provided to them. `given` are those of today,
 * whose names must be known; `before` were given earlier, perhaps to steps that
 * others have replaced since.
 */
export const resolve = (
  steps: Steps,
  given: Given,
  before: Given
): Result.Result<Context.Context<never>, StepOptionError> => {
  const problems: Array<OptionProblem> = []
  const options = new Map<string, { readonly option: StepOption.Any; readonly step: string }>()
  for (const { definition, stepName: step } of steps) {
    for (const option of StepOption.among(definition.requires)) {
      const { name } = option[StepOption.TypeId]
      const known = options.get(name)
      if (known === undefined) options.set(name, { option, step })
      else if (known.option !== option) {
        problems.push({ option: name, says: `is declared twice, for '${known.step}' and for '${step}': rename one` })
      }
    }
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || options.has(name)) continue
    const near = nearest(name, options.keys())
    problems.push({
      option: name,
      says: `is required by no step${near === undefined ? "" : `: did you mean ${near}?`}`
    })
  }
  const values = new Map<string, unknown>()
  for (const [name, { option, step }] of options) {
    const { decode, fallback } = option[StepOption.TypeId]
    const value = valueOf(given, name) ?? valueOf(before, name)
    if (value === undefined) {
      if (fallback === undefined) problems.push({ option: name, says: `is required by '${step}': give it` })
      else values.set(option.key, fallback.value)
      continue
    }
    const decoded = decode(value)
    if (Result.isSuccess(decoded)) values.set(option.key, decoded.success)
    else problems.push({ option: name, says: `does not fit '${step}': ${decoded.failure}` })
  }
  const [first, ...others] = problems
  return first === undefined
    ? Result.succeed(Context.makeUnsafe(values))
    : Result.fail(new StepOptionError({ problems: [first, ...others] }))
}

/** `constructor` is no option. */
const valueOf = (given: Given, name: string): unknown => Object.hasOwn(given, name) ? given[name] : undefined
