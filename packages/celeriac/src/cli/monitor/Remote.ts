/** What the keys of the monitor ask workers for, and what these say. */
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Asked, Told } from "./Monitor.ts"

/** So that a person who waits is answered. */
const options = { timeout: "1 second", deadline: "4 seconds" } as const

export const perform = (remote: RemoteControl.RemoteControl["Service"]) => (action: Asked): Effect.Effect<Told> =>
  asking(remote, action).pipe(
    Effect.map(said),
    Effect.catch((error) => Effect.succeed<Told>({ text: error.message, tone: "error" }))
  )

const asking = (
  { control }: RemoteControl.RemoteControl["Service"],
  action: Asked
): Effect.Effect<RemoteControl.Answers<unknown>, RemoteControl.AskError> => {
  switch (action._tag) {
    case "Revoke":
      return control.revoke({ taskId: action.id, terminate: action.terminate }, options)
    case "RateLimit":
      return control.rateLimit({ taskName: action.name, rateLimit: action.limit }, options)
    case "EnableEvents":
      return control.enableEvents({}, options)
  }
}

/** Workers that are heard tell of themselves at once. */
export const greet = (remote: RemoteControl.RemoteControl["Service"]): Effect.Effect<void> =>
  Effect.ignore(remote.broadcast(Commands.control.heartbeat, {}, options))

/** Those that say the same are told together. */
const said = (answers: RemoteControl.Answers<unknown>): Told => {
  const nodes = new Map<string, Array<string>>()
  let refused = false
  for (const [node, answer] of Object.entries(answers)) {
    if (Result.isFailure(answer)) refused = true
    const text = Result.isSuccess(answer) ? textOf(answer.success) : errorOf(answer.failure)
    nodes.set(text, [...nodes.get(text) ?? [], node])
  }
  if (nodes.size === 0) return { text: "No nodes replied within time constraint", tone: "error" }
  const all = Array.from(nodes, ([text, who]) => `${who.length === 1 ? who[0] : `${who.length} nodes`}: ${text}`)
  return { text: all.join("; "), tone: refused ? "error" : "ok" }
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value === null ? "OK" : JSON.stringify(value)

const errorOf = (error: RemoteControl.CommandError | RemoteControl.ReplyUnreadable): string =>
  error._tag === "CommandError" ? error.error : error.detail
