/**
 * What should exist at a broker, as one value: to be looked at, compared with
 * what is there, made true, and drawn.
 *
 * ```ts
 * const topology = Topology.make({ queues: [Queue.make("emails", { maxPriority: 10 })] })
 * console.log(TopologyPlan.render(yield* Topology.plan(topology)))
 * yield* Topology.apply(topology)
 * ```
 *
 * `plan` changes nothing, `apply` makes what is missing and refuses to begin
 * when something differs, `verify` fails for what is not as declared. Clients and
 * workers declare what they use by themselves, unless they are told not to:
 * then this is who does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import * as Declaration from "./Declaration.ts"
import * as Mermaid from "./internal/TopologyMermaid.ts"
import type { MessagingError } from "./MessagingError.ts"
import { type Problem, TopologyError } from "./TopologyError.ts"
import * as TopologyPlan from "./TopologyPlan.ts"
import { type Connection, Transport } from "./Transport.ts"

export { declareExchange, declareQueue } from "./Declaration.ts"

/** Everything that should exist. */
export interface Topology extends Declaration.Declared {}

/** A part of it that is left out is empty. */
export type Options = { readonly [K in keyof Topology]?: Topology[K] | undefined }

export const make = ({ bindings = [], exchanges = [], queues = [] }: Options): Topology => ({
  queues,
  exchanges,
  bindings
})

/** All of several. */
export const merge = (...all: ReadonlyArray<Topology>): Topology => ({
  queues: all.flatMap(({ queues }) => queues),
  exchanges: all.flatMap(({ exchanges }) => exchanges),
  bindings: all.flatMap(({ bindings }) => bindings)
})

/** What is declared for it, in order. */
export const declarations = (topology: Topology): ReadonlyArray<Declaration.Declaration> => Declaration.of(topology)

/** What the broker has of it. Nothing is changed. */
export const plan = (topology: Topology): Effect.Effect<TopologyPlan.TopologyPlan, MessagingError, Transport> =>
  connected("plan", (connection) => TopologyPlan.make(connection, declarations(topology)))

/**
 * Makes what is missing, and the bindings. Gives the plan as it was before.
 * Fails, before anything is made, when something is there and differs: only its
 * owner can say whether it may be deleted.
 */
export const apply = (
  topology: Topology
): Effect.Effect<TopologyPlan.TopologyPlan, MessagingError | TopologyError, Transport> =>
  connected("apply", (connection) =>
    Effect.gen(function*() {
      const all = declarations(topology)
      const plan = yield* TopologyPlan.make(connection, all)
      yield* refuse(plan, ["differs", "refused"], "Nothing was changed. Declare it as it is there, or delete it first")
      const channel = yield* connection.openChannel()
      // What is there already may not be declared by a user who may not configure it.
      const rest = all.filter((_, index) => !settled.has(plan.entries[index]?.status))
      yield* Declaration.declare(channel, rest)
      return plan
    }))

const settled: ReadonlySet<string | undefined> = new Set(["same", "exists"])

/** Fails for what is missing, or differs. Gives the plan, in which bindings are `unseen`: AMQP does not show them. */
export const verify = (
  topology: Topology
): Effect.Effect<TopologyPlan.TopologyPlan, MessagingError | TopologyError, Transport> =>
  Effect.tap(
    plan(topology),
    (plan) =>
      refuse(
        plan,
        ["create", "differs", "refused"],
        "Create what is missing (Topology.apply, with a user who may configure); what differs, declare as it is there, or delete first"
      )
  )

const refuse = (
  { entries, uri }: TopologyPlan.TopologyPlan,
  statuses: ReadonlyArray<TopologyPlan.Status>,
  advice: string
): Effect.Effect<void, TopologyError> => {
  const [first, ...others] = entries.filter(({ status }) => statuses.includes(status)).map(problemOf)
  return first === undefined
    ? Effect.void
    : Effect.fail(new TopologyError({ uri, problems: [first, ...others], advice }))
}

const problemOf = ({ detail, differences, kind, name, status }: TopologyPlan.Entry): Problem => ({
  kind: TopologyPlan.kinds[kind],
  name,
  detail: status === "create"
    ? "is missing"
    : status === "refused"
    ? `cannot be looked at (${detail})`
    : differences.length === 0
    ? `differs (${detail})`
    : `differs in ${
      differences.map(({ argument, current, declared }) => `${argument} (declared ${declared}, there ${current})`)
        .join(", ")
    }`
})

const connected = <A, E>(
  name: string,
  use: (connection: Connection) => Effect.Effect<A, E, Scope>
): Effect.Effect<A, E | MessagingError, Transport> =>
  Effect.scoped(Effect.flatMap(
    Effect.flatMap(Transport, (transport) => transport.connect({ name: `celeriac topology ${name}` })),
    use
  ))

/** What would be declared, a line each, without asking a broker. */
export const render = (topology: Topology): string =>
  declarations(topology).map((declaration) => {
    const properties = TopologyPlan.propertiesOf(declaration)
    const name = TopologyPlan.nameOf(declaration) || "<named by the broker>"
    return `${TopologyPlan.kinds[declaration._tag]} ${name}${properties === "" ? "" : ` (${properties})`}`
  }).join("\n")

/** A picture of it, for documents: Mermaid's flowchart of exchanges, queues and bindings. */
export const toMermaid = (topology: Topology): string => Mermaid.draw(declarations(topology))
