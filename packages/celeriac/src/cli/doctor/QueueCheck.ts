/**
 * The queues of the application: whether they are as they are declared, whether
 * this user may use them, and whether anybody does. Nothing is changed: what is
 * published to find out what may be published reaches no queue, and what is
 * fetched is fetched from empty queues.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type * as Topology from "@celeriac/messaging/Topology"
import * as TopologyPlan from "@celeriac/messaging/TopologyPlan"
import type { Connection, QueueState } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import * as Finding from "./Finding.ts"

/** Of each entry of the plan that says something. Where nobody declares, nobody has to be permitted to. */
export const ofPlan = ({ entries }: TopologyPlan.TopologyPlan, declares = true): Finding.Findings => {
  const found = entries.flatMap((entry) => entry.status === "exists" && !declares ? [] : ofEntry(entry))
  const same = entries.filter(({ kind, status }) => status === "same" && kind === "Queue")
  return same.length === 0 ? found : [
    Finding.ok("queues", `${same.map(({ name }) => name).join(", ")}: as declared`),
    ...found
  ]
}

const ofEntry = ({ detail, differences, kind, name, status }: TopologyPlan.Entry): Finding.Findings => {
  const what = `${TopologyPlan.kinds[kind]} ${name}`
  switch (status) {
    case "create":
      return kind === "Binding" || kind === "ExchangeBinding" ? [] : [
        Finding.warning(
          "queues",
          `The ${what} is not there`,
          "The first worker or client makes it; so does: celeriac topology apply"
        )
      ]
    case "differs": {
      const how = differences.map(({ argument, current, declared }) =>
        `${argument} is to be ${typed(argument, declared)}, and is ${typed(argument, current)}`
      )
      return [Finding.problem(
        "queues",
        `The ${what} differs: ${how.length === 0 ? detail : how.join("; ")}`,
        "A broker changes no queue: declare it as it is there, or empty it, delete it and let it be made anew (rabbitmqctl delete_queue NAME; celeriac topology apply)"
      )]
    }
    case "refused":
    case "exists":
      return [
        Finding.problem(
          "permissions",
          `The ${what} may not be declared by this user${detail === "" ? "" : `: ${detail}`}`,
          Finding.permit
        )
      ]
    default:
      return []
  }
}

/** What says no type is classic. */
const typed = (argument: string, value: string): string =>
  argument === "x-queue-type" && value === "none" ? "classic" : value

/** Messages that nobody takes. */
export const ofStates = (states: ReadonlyArray<QueueState>): Finding.Findings =>
  states.flatMap(({ consumerCount, messageCount, name }) =>
    messageCount > 0 && consumerCount === 0
      ? [Finding.warning(
        "queues",
        `${messageCount} ${
          messageCount === 1 ? "message waits" : "messages wait"
        } in ${name}, from which nobody consumes`,
        `Start a worker for it: celeriac worker -Q ${name}; or throw them away: celeriac purge -Q ${name}`
      )]
      : []
  )

/** What this user may do with each queue that is there, and how each is. */
export const look = Effect.fnUntraced(function*(connection: Connection, { queues }: Topology.Topology) {
  const states: Array<QueueState> = []
  const refused: Array<Finding.Finding> = []
  const attempt = <A>(effect: Effect.Effect<A, MessagingError>) =>
    Effect.catch(Effect.asVoid(effect), ({ reason }) => {
      if (reason._tag === "AccessRefused" || reason.message.includes("ACCESS_REFUSED")) {
        refused.push(Finding.refused(reason.message))
      }
      // What there is not, or differs, was found by the plan.
      return Effect.void
    })
  /** Each on a channel of its own: the broker closes the one by which it refuses something. */
  const onChannel = (
    use: (channel: Effect.Success<ReturnType<Connection["openChannel"]>>) => Effect.Effect<unknown, MessagingError>
  ) => attempt(Effect.scoped(Effect.flatMap(connection.openChannel(), use)))
  yield* onChannel((channel) =>
    channel.publish(probe, { exchange: "", routingKey: "celeriac.doctor.nowhere" }, { deadline: "3 seconds" })
  )
  for (const { name } of queues) {
    yield* onChannel((channel) =>
      Effect.flatMap(channel.queueState(name), (state) => {
        states.push(state)
        return state.messageCount === 0 ? channel.get(name) : Effect.void
      })
    )
  }
  return { states, refused }
})

const probe = { body: new Uint8Array(), headers: {}, properties: {} }
