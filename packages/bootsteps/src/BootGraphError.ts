/**
 * A blueprint that cannot be booted, whatever happens at run time: found when it
 * is made, so `Blueprint.make` throws it. Tools that put blueprints together
 * from parts they do not know use `Blueprint.makeResult`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"

/**
 * The steps require one another in a circle.
 *
 * @category errors
 * @since 0.1.0
 */
export class Cycle extends Data.TaggedClass("Cycle")<{ readonly steps: ReadonlyArray<string> }> {}

/**
 * Two steps have one name.
 *
 * @category errors
 * @since 0.1.0
 */
export class DuplicateName extends Data.TaggedClass("DuplicateName")<{ readonly name: string }> {}

/**
 * Several steps provide one service.
 *
 * @category errors
 * @since 0.1.0
 */
export class SeveralProviders extends Data.TaggedClass("SeveralProviders")<{
  readonly service: string
  readonly steps: ReadonlyArray<string>
}> {}

/**
 * Several steps want to be the last.
 *
 * @category errors
 * @since 0.1.0
 */
export class SeveralLast extends Data.TaggedClass("SeveralLast")<{ readonly steps: ReadonlyArray<string> }> {}

/**
 * A step requires what no step provides and the blueprint does not expect from
 * outside. The type checker finds it first, except in untyped parts.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingRequirement extends Data.TaggedClass("MissingRequirement")<{
  readonly step: string
  readonly service: string
}> {}

/**
 * A step is to take the place of one that the blueprint does not have.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownStep extends Data.TaggedClass("UnknownStep")<{
  readonly name: string
  /** The names that there are. */
  readonly steps: ReadonlyArray<string>
}> {}

/**
 * A step is to take the place of one that provides another service.
 *
 * @category errors
 * @since 0.1.0
 */
export class OtherService extends Data.TaggedClass("OtherService")<{
  readonly name: string
  /** What the replaced step provides. */
  readonly service: string
}> {}

/**
 * @category models
 * @since 0.1.0
 */
export type Reason =
  | Cycle
  | DuplicateName
  | SeveralProviders
  | SeveralLast
  | MissingRequirement
  | UnknownStep
  | OtherService

/**
 * @category errors
 * @since 0.1.0
 */
export class BootGraphError extends Data.TaggedError("BootGraphError")<{
  readonly blueprint: string
  readonly reason: Reason
}> {
  override get message(): string {
    return `Blueprint '${this.blueprint}' cannot boot: ${explain(this.reason)}`
  }
}

const explain = (reason: Reason): string => {
  switch (reason._tag) {
    case "Cycle":
      return `its steps require one another in a circle (${
        [...reason.steps, reason.steps[0]].join(" -> ")
      }). Take one of these requirements away`
    case "DuplicateName":
      return `two steps are named '${reason.name}'. Rename one, or put it in the place of the other: ` +
        `Blueprint.replace(blueprint, step), or worker.replace(step) for a worker`
    case "SeveralProviders":
      return `${list(reason.steps)} ${allOf(reason.steps)} provide '${nameOf(reason.service)}'. Keep one`
    case "SeveralLast":
      return `${list(reason.steps)} ${
        allOf(reason.steps)
      } want to be the last step. Keep one, and let it require the others`
    case "MissingRequirement":
      return `bootstep '${reason.step}' requires '${
        nameOf(reason.service)
      }', which no step of this blueprint provides. ` +
        `Add the step that does, or list the service in 'expects'`
    case "UnknownStep":
      return `it has no step named '${reason.name}' to replace. Its steps are ${list(reason.steps)}`
    case "OtherService":
      return `what replaces '${reason.name}' must provide '${nameOf(reason.service)}', as it does`
  }
}

/** `'A'`, `'A' and 'B'`, `'A', 'B' and 'C'`. */
const list = (names: ReadonlyArray<string>): string => {
  const quoted = names.map((name) => `'${name}'`)
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`
}

const allOf = (names: ReadonlyArray<string>): string => names.length === 2 ? "both" : "all"

/** A service of a step is called by the step's name. */
const nameOf = (service: string): string => service.replace(/^Bootstep\//, "")

/**
 * Throws what a graph cannot be made for. The stack begins where `made`, a public
 * function, was called: in the file of whoever called it.
 *
 * @category converting
 * @since 0.1.0
 */
export const orThrow = <A, E extends Error>(result: Result.Result<A, E>, made: (...args: never) => unknown): A => {
  if (Result.isSuccess(result)) return result.success
  // Only in engines that have it, such as Node's.
  Error.captureStackTrace?.(result.failure, made)
  throw result.failure
}
