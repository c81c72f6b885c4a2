/**
 * Asks a broker for one exchange or queue: whether it is there, and whether it
 * is as declared.
 *
 * A broker names the first argument that differs. To hear of the next one, it is
 * asked again with what it said it has.
 */
import * as Effect from "effect/Effect"
import { type Exchange, isBuiltin, type Queue } from "../Entity.ts"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel, Connection } from "../Transport.ts"
import * as Properties from "./Properties.ts"
import { withoutStop } from "./Wording.ts"

/**
 * `create`: it is not there. `same`: it is as declared. `differs`: in `differences`.
 * `exists`: it is there, and this user may not ask how it was declared.
 * `unseen`: nobody can see whether it is there. `refused`: the broker does not say, for the reason in `detail`.
 */
export type Status = "create" | "same" | "differs" | "exists" | "unseen" | "refused"

/** An argument, as it was declared here and as the broker has it; `none` for one that is not there. */
export interface Difference {
  readonly argument: string
  readonly declared: string
  readonly current: string
}

export interface Found {
  readonly status: Status
  readonly differences: ReadonlyArray<Difference>
  readonly detail: string
}

export const found = (status: Status, detail = "", differences: ReadonlyArray<Difference> = []): Found => ({
  status,
  differences,
  detail
})

export const exchange = (connection: Connection, exchange: Exchange): Effect.Effect<Found, MessagingError> =>
  isBuiltin(exchange)
    ? Effect.succeed(found("same"))
    : inspect(connection, exchange, (channel) => channel.checkExchange(exchange.name), declareExchange)

export const queue = (connection: Connection, queue: Queue): Effect.Effect<Found, MessagingError> =>
  inspect(connection, queue, (channel) => channel.queueState(queue.name), declareQueue)

const declareExchange = (channel: Channel, exchange: Exchange) => channel.declareExchange(exchange)
const declareQueue = (channel: Channel, queue: Queue) => channel.declareQueue(queue)

const inspect = <E extends Exchange | Queue>(
  connection: Connection,
  declared: E,
  ask: (channel: Channel) => Effect.Effect<unknown, MessagingError>,
  declare: (channel: Channel, entity: E) => Effect.Effect<unknown, MessagingError>
): Effect.Effect<Found, MessagingError> =>
  Effect.flatMap(trying(connection, ask), (refusal) => {
    if (refusal === undefined) return compare(connection, declared, declare)
    return Effect.succeed(refusal._tag === "NotFound" ? found("create") : found("refused", refusal.message))
  })

/** There are not so many arguments. */
const mostDifferences = 20

const compare = Effect.fnUntraced(function*<E extends Exchange | Queue>(
  connection: Connection,
  declared: E,
  declare: (channel: Channel, entity: E) => Effect.Effect<unknown, MessagingError>
): Effect.fn.Return<Found, MessagingError> {
  const differences: Array<Difference> = []
  let like = declared
  for (;;) {
    const refusal = yield* trying(connection, (channel) => declare(channel, like))
    if (refusal === undefined) return found(differences.length === 0 ? "same" : "differs", "", differences)
    if (refusal._tag === "AccessRefused") return found("exists")
    const said = refusal._tag === "PreconditionFailed" ? read(refusal.detail) : undefined
    // What cannot be read, or is said again, is told in the broker's own words.
    const isNew = said !== undefined && !differences.some(({ argument }) => argument === said.argument)
    if (!isNew || differences.length === mostDifferences) {
      return found(
        "differs",
        differences.length > 0 ? "" : "detail" in refusal ? refusal.detail : refusal.message,
        differences
      )
    }
    differences.push({
      argument: said.argument,
      declared: Properties.show(valueOf(declared, said.argument)),
      current: Properties.show(said.current)
    })
    like = withArgument(like, said)
  }
})

/** Why the broker refused; undefined when it did not. A lost connection is a failure. */
const trying = (connection: Connection, use: (channel: Channel) => Effect.Effect<unknown, MessagingError>) =>
  Effect.scoped(Effect.flatMap(connection.openChannel(), use)).pipe(
    Effect.as(undefined),
    Effect.catch((error) => refusals.has(error.reason._tag) ? Effect.succeed(error.reason) : Effect.fail(error))
  )

const refusals: ReadonlySet<string> = new Set(["NotFound", "PreconditionFailed", "AccessRefused"])

interface Said {
  readonly argument: string
  readonly current: unknown
}

/** RabbitMQ's sentence: `inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'`. */
const read = (detail: string): Said | undefined => {
  const [, argument, current] = /inequivalent arg '([^']+)' for [^]*: received [^]* but current is ([^]*)$/.exec(
    withoutStop(detail)
  ) ?? []
  return argument === undefined || current === undefined
    ? undefined
    : { argument: flagNames.get(argument) ?? argument, current: valueSaid(current) }
}

/** `none`, `'true'`, `the value '10' of type 'byte'`. */
const valueSaid = (text: string): unknown => {
  if (/^none\b/.test(text)) return undefined
  const [, value = text, type] = /^(?:the value )?'([^]*?)'(?: of type '(\w+)')?$/.exec(text) ?? []
  if (type === "longstr" || type === "shortstr") return value
  if (value === "true" || value === "false") return value === "true"
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
}

const flagNames: ReadonlyMap<string, string> = new Map([["auto_delete", "autoDelete"]])

/** What is no argument but a property of its own. */
const isOwn = (argument: string): boolean => ["type", "durable", "exclusive", "autoDelete"].includes(argument)

const valueOf = (entity: Exchange | Queue, argument: string): unknown =>
  isOwn(argument) ? Object.entries(entity).find(([name]) => name === argument)?.[1] : entity.arguments[argument]

const withArgument = <E extends Exchange | Queue>(entity: E, { argument, current }: Said): E => {
  if (isOwn(argument)) return { ...entity, [argument]: current }
  const { [argument]: _, ...others } = entity.arguments
  return { ...entity, arguments: current === undefined ? others : { ...others, [argument]: current } }
}
