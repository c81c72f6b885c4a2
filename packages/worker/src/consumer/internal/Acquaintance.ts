/**
 * What a node that is new tells the others, and takes of what they reply: what is
 * revoked, and the logical clock. Whatever they reply, nothing is thrown.
 *
 * Used by `Mingle`; the other side is the handler of the command `hello`. Source:
 * protocol of events §7.
 *
 * @since 0.1.0
 */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import { describe } from "@celeriac/tasks/protocol/ProtocolError"
import * as Effect from "effect/Effect"
import * as Revoked from "../../state/Revoked.ts"
import { WorkerState } from "../../state/WorkerState.ts"

export interface Acquaintance {
  /** What this node tells: the ids that it has revoked and has not forgotten, oldest first. */
  readonly revoked: () => ReadonlyArray<string>
  /** Takes what another node has told. Gives what is wrong with it: then nothing of it was taken. */
  readonly take: (told: unknown) => string | undefined
}

export const make: Effect.Effect<Acquaintance, never, LogicalClock.LogicalClock | WorkerState> = Effect.gen(
  function*() {
    const clock = yield* LogicalClock.LogicalClock
    const { revoked } = yield* WorkerState
    return {
      revoked: () => revoked.ids(),
      take: (told) => {
        if (!isTable(told)) return `the reply is ${describe(told)}, not an object`
        if (told.revoked != null && typeof told.revoked !== "object") {
          return `revoked is ${describe(told.revoked)}, not a list of ids`
        }
        if (told.clock != null && !LogicalClock.isTime(told.clock)) {
          return `clock is ${describe(told.clock)}, not the time of a logical clock`
        }
        // As Celery has it: a node that does not tell its time has sent something all the same.
        if (typeof told.clock === "number" && told.clock > 0) clock.adjust(told.clock)
        else clock.forward()
        revoked.merge(Revoked.read(told.revoked))
        return undefined
      }
    }
  }
)

/** The name of a node, as a log may have it: anybody can send any. */
export const shown = (node: string): string => node.slice(0, 255).replace(/\p{C}/gu, "?")

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
