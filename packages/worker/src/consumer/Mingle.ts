/**
 * Introduces this node to those that are there, before it takes any task: each
 * gets to know what the other has revoked, and their logical clocks agree.
 *
 * It asks all nodes at once, by remote control. When no node listens the broker
 * says so, and nobody waits. Otherwise it goes on when nobody has answered for a
 * moment after the last who did, or at all for a second; who answers later than
 * that is heard all the same, beside what comes next. Where it cannot ask within
 * a second, for want of a channel or of leave, it says so and goes on. A reply that makes no sense
 * is told of and ignored. This node listens to no remote control yet, and does
 * not answer itself. Source: protocol of events §7, Celery's `Mingle`.
 *
 * What is revoked goes as a list of ids, the oldest first, as Celery 5.7 sends
 * it: 5.6 and those before take it too, with the time at which it came. What they
 * send themselves, a table of ids, is read likewise.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import type { Reply } from "@celeriac/messaging/Mailbox"
import * as MailboxAsker from "@celeriac/messaging/MailboxAsker"
import { Transport } from "@celeriac/messaging/Transport"
import * as ControlMailbox from "@celeriac/tasks/control/ControlMailbox"
import { TaskId } from "@celeriac/tasks/TaskId"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as WorkerLog from "../state/WorkerLog.ts"
import * as WorkerSettings from "../state/WorkerSettings.ts"
import { WorkerState } from "../state/WorkerState.ts"
import { Connection } from "./Connection.ts"
import { Events } from "./Events.ts"
import * as Acquaintance from "./internal/Acquaintance.ts"
import * as Outgoing from "./internal/Outgoing.ts"

/** What the step provides. */
export interface Mingled {
  /** Who has answered, at this connection. */
  readonly nodes: () => ReadonlyArray<string>
}

/** For a worker that introduces itself to nobody. */
const disabled: Mingled = { nodes: () => [] }

/** How long the broker may take to hand on the question, and somebody to be the first who answers. Celery waits as long, always. */
export const Patience: Context.Reference<Duration.Input> = Context.Reference<Duration.Input>(
  "@celeriac/worker/consumer/Mingle/Patience",
  { defaultValue: () => "1 second" }
)

/** How long nobody has to answer, after somebody has, for all to have answered. `TestWorker` has it at 0: its nodes answer at once. */
export const Quiet: Context.Reference<Duration.Input> = Context.Reference<Duration.Input>(
  "@celeriac/worker/consumer/Mingle/Quiet",
  { defaultValue: () => "100 millis" }
)

/** Nobody is heard for longer, however many answer. */
const longest = "10 seconds"

const isWanted = Effect.zipWith(
  WorkerSettings.declares("mingle"),
  Transport,
  (takesPart, { exchangeTypes }) => takesPart && exchangeTypes.has("fanout")
)

export class Mingle extends Bootstep.Service<Mingle, Mingled>()("Mingle", {
  requires: [Connection, Events, LogicalClock, Transport, WorkerState],
  enabled: isWanted,
  disabled: Effect.succeed(disabled),
  start: Effect.gen(function*() {
    const { nodename } = yield* WorkerSettings.WorkerSettings
    const log = yield* WorkerLog.make
    const acquaintance = yield* Acquaintance.make
    const nodes = new Set<string>()
    const answered = yield* Latch.make(false)

    const onReply = ({ node, value }: Reply): void => {
      if (node === nodename || value === null || nodes.has(node)) return
      const shown = Acquaintance.shown(node)
      const wrong = acquaintance.take(value)
      if (wrong !== undefined) return log.log("Error", `mingle: sync with ${shown} failed: ${wrong}`)
      nodes.add(node)
      answered.openUnsafe()
      log.log("Debug", `mingle: processing reply from ${shown}`)
    }

    yield* Effect.logInfo("mingle: searching for neighbors")
    const heard = yield* Latch.make(false)
    yield* askAll(nodename, acquaintance.revoked(), onReply).pipe(
      Effect.timeoutOrElse({ duration: longest, orElse: () => Effect.void }),
      // A connection that is lost is noticed elsewhere; whoever may not ask goes on without.
      Effect.catch((error) => Effect.logWarning(`mingle: ${WorkerLog.sentence(error.message)} Going on without`)),
      // Nobody waits until all of it is closed.
      Effect.ensuring(heard.open),
      Effect.scoped,
      Effect.forkScoped
    )
    const enough = Effect.andThen(answered.await, unchanging(() => nodes.size, yield* Quiet))
    yield* Effect.raceFirst(heard.await, enough)

    if (nodes.size === 0) yield* Effect.logInfo("mingle: all alone")
    else {
      yield* Effect.logInfo(`mingle: sync with ${nodes.size} nodes`)
      yield* Effect.logInfo("mingle: sync complete")
    }
    return { nodes: () => Array.from(nodes) }
  })
}) {}

/** Until the value has not changed for so long. */
const unchanging = Effect.fnUntraced(function*(value: () => number, quiet: Duration.Input) {
  for (let before = -1; before !== value();) {
    before = value()
    yield* Effect.sleep(quiet)
    yield* Effect.yieldNow
  }
})

/** This node consumes the replies over the connection that it asks over. */
const askAll = Effect.fnUntraced(function*(
  nodename: string,
  revoked: ReadonlyArray<string>,
  onReply: MailboxAsker.OnReply
) {
  const transport = yield* Transport
  const clock = yield* LogicalClock
  const outgoing = {
    ...transport,
    connect: () => Effect.provideService(Outgoing.connection(nodename), Transport, transport)
  }
  const mailbox = yield* ControlMailbox.make
  const asker = yield* Effect.provideService(
    MailboxAsker.make({ mailbox, clock, name: nodename, newId: yield* TaskId }),
    Transport,
    outgoing
  )
  const patience = yield* Patience
  yield* asker.ask("hello", { from_node: nodename, revoked }, onReply, { timeout: patience, deadline: patience })
})
