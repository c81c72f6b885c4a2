/**
 * Notes what is revoked where workers look that are away now, before those that
 * are there are told. A store that does not answer keeps nobody from that.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ResultWriter } from "../result/ResultWriter.ts"

/** How long the store is waited for. */
const patience = "2 seconds"

/** Their ids stand under `task_id`: Celery's `revoke`, and what ends tasks that run. */
const commands: ReadonlySet<string> = new Set(["revoke", "terminate"])

/** Who else is meant than all. */
interface Addressed {
  readonly destination?: unknown
  readonly pattern?: unknown
}

/** For what a command is called with, as it is sent. One to some workers alone is theirs to note. */
export const make = (writer: Option.Option<ResultWriter["Service"]>) => {
  const note = Option.getOrUndefined(writer)?.noteRevoked
  return ({ name }: { readonly name: string }, { destination, pattern }: Addressed = {}) =>
  (encoded: Readonly<Record<string, unknown>>): Effect.Effect<void> => {
    if (note === undefined || !commands.has(name)) return Effect.void
    if (destination !== undefined || pattern !== undefined) return Effect.void
    const { task_id } = encoded
    const ids = [task_id].flat().filter((id) => typeof id === "string")
    return ids.length === 0 ? Effect.void : Effect.timeout(note(ids), patience).pipe(
      Effect.catch(({ message }) =>
        Effect.logWarning(`Revoked tasks could not be noted: workers that are away now may run them (${message})`)
      )
    )
  }
}
