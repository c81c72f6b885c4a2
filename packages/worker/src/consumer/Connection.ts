/**
 * The connection to the broker that this round of the consumer lives with.
 *
 * When it is lost, the Consumer blueprint is stopped and built anew, this step
 * included: nothing above ever holds on to a dead connection. Where results go
 * through a connection of their own, that one is opened at the same time, and
 * the first result has not to wait for it.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel, ConnectionTerms } from "@celeriac/messaging/Transport"
import { Transport } from "@celeriac/messaging/Transport"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import * as BrokerInfo from "./internal/BrokerInfo.ts"

export class Connection extends Bootstep.Service<Connection, {
  /** Where we are connected, without the password. */
  readonly uri: string
  readonly openChannel: () => Effect.Effect<Channel, MessagingError, Scope.Scope>
  /** Never succeeds; fails when the broker goes away. */
  readonly lost: Effect.Effect<never, MessagingError>
  /** What was agreed on with the broker, where the transport tells. */
  readonly terms?: ConnectionTerms | undefined
}>()("Connection", {
  requires: [Transport, ResultWriter],
  start: Effect.gen(function*() {
    const transport = yield* Transport
    const { nodename } = yield* WorkerSettings
    const results = yield* ResultWriter
    // Begins when `connect` waits, and is nobody's failure: a result that finds no connection makes one.
    if (results.open !== undefined) yield* Effect.forkScoped(Effect.ignoreCause(results.open))
    const connection = yield* transport.connect({ name: nodename })
    yield* Effect.logInfo(`Connected to ${connection.uri}`)
    return connection
  }),
  info: ({ terms, uri }) => Effect.map(Transport, ({ driver }) => ({ broker: BrokerInfo.make(driver, uri, terms) }))
}) {}
