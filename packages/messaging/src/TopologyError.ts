/**
 * What keeps a broker from being as it was declared: all of it at once.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** One thing that is not as it should be, in words: `queue 'slow' is missing`. */
export const Problem = Schema.Struct({
  /** `queue`, `exchange` or `binding`. */
  kind: Schema.String,
  name: Schema.String,
  detail: Schema.String
})

/** One thing that is not as it should be. */
export type Problem = typeof Problem.Type

/** The broker is not as declared. */
export class TopologyError extends Schema.TaggedError<TopologyError>()("TopologyError", {
  uri: Schema.String,
  problems: Schema.NonEmptyArray(Problem),
  advice: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    const problems = this.problems.map(({ detail, kind, name }) => `${kind} '${name}' ${detail}`).join("; ")
    return `the broker at ${this.uri} is not as declared: ${problems}. ${this.advice}`
  }
}
