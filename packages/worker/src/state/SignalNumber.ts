/**
 * Signals by their numbers, which events and logs name them by. Nothing is sent
 * to anybody here.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { constants } from "node:os"

/** There is no such signal. */
export class UnknownSignal extends Schema.TaggedError<UnknownSignal>()("UnknownSignal", {
  signal: Schema.Union([Schema.String, Schema.Finite])
}) {
  override get message(): string {
    return `'${this.signal}' is no signal of this system: use a name, such as SIGTERM or TERM, or its number`
  }
}

/** The number of a signal: 15 when none is named. */
export const of = (signal: string | number | undefined): Effect.Effect<number, UnknownSignal> => {
  if (signal === undefined || signal === "") return Effect.succeed(constants.signals.SIGTERM)
  const text = String(signal).toUpperCase()
  const found = known.get(text) ?? known.get(`SIG${text}`)
  return found === undefined ? Effect.fail(new UnknownSignal({ signal })) : Effect.succeed(found)
}

/** By name and by number. */
const known: ReadonlyMap<string, number> = new Map(
  Object.entries(constants.signals).flatMap(([name, number]) => [[name, number], [String(number), number]] as const)
)
