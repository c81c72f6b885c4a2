/**
 * Listens to remote control: consumes this node's mailbox, on a channel of its
 * own, and hands what is asked to the `Panel`. Replies go over the connection of
 * results.
 *
 * A channel that is lost takes down remote control alone, and is opened again.
 * So it is with a name that another node has: that is told, and this node goes
 * on working, and listens as soon as the other has gone.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import * as MailboxNode from "@celeriac/messaging/MailboxNode"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Session from "@celeriac/messaging/Session"
import { Transport } from "@celeriac/messaging/Transport"
import * as ControlMailbox from "@celeriac/tasks/control/ControlMailbox"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Autoscaler } from "../boot/Autoscaler.ts"
import { Execution } from "../boot/Execution.ts"
import { Pool } from "../boot/Pool.ts"
import { Queues } from "../boot/Queues.ts"
import { Panel } from "../control/Panel.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { declares, WorkerSettings } from "../state/WorkerSettings.ts"
import { WorkerState } from "../state/WorkerState.ts"
import { Connection } from "./Connection.ts"
import * as Outgoing from "./internal/Outgoing.ts"
import { Tasks } from "./Tasks.ts"

export const ControlStep = Bootstep.make("Control", {
  requires: [
    Connection,
    Tasks,
    Execution,
    Pool,
    Autoscaler,
    Queues,
    Panel,
    WorkerState,
    TaskRegistry,
    LogicalClock,
    EventDispatcher,
    ResultWriter,
    Transport
  ],
  enabled: Effect.gen(function*() {
    const { enableRemoteControl } = yield* WorkerSettings
    const { exchangeTypes } = yield* Transport
    return enableRemoteControl && exchangeTypes.has("fanout") && (yield* declares("control"))
  }),
  start: Effect.gen(function*() {
    const connection = yield* Connection
    const clock = yield* LogicalClock
    const panel = yield* Panel
    const { nodename } = yield* WorkerSettings
    const log = yield* WorkerLog.make
    const mailbox = yield* ControlMailbox.make
    const first = yield* Deferred.make<void, MessagingError>()
    const send = yield* Outgoing.sender("replies to remote control", nodename)

    // The first tasks are there already, and do not wait until all of this is loaded.
    const StandardHandlers = yield* Effect.promise(() => import("../control/internal/StandardHandlers.ts"))
    yield* panel.addDefaults(yield* StandardHandlers.make(yield* Tasks))

    const open = Effect.gen(function*() {
      const channel = yield* connection.openChannel()
      const node = yield* MailboxNode.listen(channel, {
        mailbox,
        nodename,
        clock,
        onRequest: panel.dispatch,
        send,
        onIgnored: (why) => log.log("Warn", `A message of remote control was ignored: ${why}`)
      })
      if (node.isDuplicate) yield* Effect.logWarning(duplicate(nodename))
      return channel
    })

    const listening = Session.run({
      what: `mailbox of ${nodename}`,
      uri: connection.uri,
      open,
      // With the connection, the whole consumer is built anew.
      watch: (channel) =>
        Effect.catch(
          channel.lost,
          (error) => error.reason._tag === "ConnectionLost" ? Effect.never : Effect.fail(error)
        ),
      isRecoverable: (error, wasOpen) => wasOpen || !isFinal(error),
      tell: (event) => {
        switch (event._tag) {
          case "Opened":
            return Effect.asVoid(Deferred.succeed(first, undefined))
          case "Lost":
            return Effect.logWarning(`Remote control stopped: ${WorkerLog.sentence(event.error.message)} Trying again`)
          case "Waiting":
            return Effect.andThen(
              isLocked(event.error) ? Effect.logWarning(duplicate(nodename)) : Effect.logWarning(
                `Remote control is not there: ${WorkerLog.sentence(event.error.message)} Trying again`
              ),
              // The worker does its work meanwhile.
              Deferred.succeed(first, undefined)
            )
          case "GivenUp":
            return Effect.asVoid(Deferred.fail(first, event.error))
        }
      }
    })

    yield* Bootstep.forkSupervised(Effect.catch(listening, () => Effect.never))
    yield* Deferred.await(first)
    // Since tasks are consumed, and before it was heard here.
    yield* Effect.forkScoped((yield* Execution).recall)
  })
})

/** What no waiting mends at the start: the user may not declare the queue, or the settings cannot work. */
const isFinal = ({ reason }: MessagingError): boolean =>
  reason._tag === "AccessRefused" || reason._tag === "InvalidConfiguration"

const isLocked = ({ reason }: MessagingError): boolean =>
  reason._tag === "PreconditionFailed" && reason.detail.includes("RESOURCE_LOCKED")

const duplicate = (nodename: string): string =>
  `A node named ${nodename} is already using this process mailbox! Perhaps another worker was not shut down properly, ` +
  `or two have one name: give each a name of its own (worker -n NAME)`
