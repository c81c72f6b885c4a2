/**
 * The node under which a scheduler answers remote control: `celerybeat@host`, as
 * Celery's 5.7 does.
 *
 * It answers `ping` as long as it looks at what is due, so that `celery inspect ping -d
 * celerybeat@host` tells whether it lives; `beat_health` always; and, while it leads, the
 * other commands of `BeatCommands`. To what it does not know it says nothing. Source:
 * control section 1.
 *
 * @since 0.1.0
 */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as MailboxNode from "@celeriac/messaging/MailboxNode"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Session from "@celeriac/messaging/Session"
import { Transport } from "@celeriac/messaging/Transport"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as ControlMailbox from "@celeriac/tasks/control/ControlMailbox"
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as BeatDesk from "./BeatDesk.ts"
import { PeriodicTasks } from "./PeriodicTasks.ts"
import { Scheduler } from "./Scheduler.ts"

export interface Options {
  /** A pattern: see `Nodename.expand`. Default `celerybeat@%h`, and where that is taken `celerybeat-<pid>@%h`. */
  readonly nodename?: string | undefined
  /** Whether it answers `ping`: in a worker the worker does. Default true. */
  readonly answersPing?: boolean | undefined
  /** After how long without looking at what is due it does not answer. Default 1 minute. Celery's `beat_remote_control_max_tick_age`. */
  readonly maxTickAge?: Duration.Input | undefined
}

/** Answers until it is interrupted. Without a broker that has fanout exchanges it answers nobody. */
export const run = Effect.fnUntraced(function*(options: Options = {}) {
  const scheduler = yield* Scheduler
  const transport = yield* Transport
  if (!transport.exchangeTypes.has("fanout")) return yield* Effect.never
  const mailbox = yield* ControlMailbox.make
  const clock = yield* Clock.Clock
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const maxTickAge = Duration.toMillis(options.maxTickAge ?? "1 minute")
  const always = BeatDesk.ofScheduler(scheduler)
  const leading = BeatDesk.ofStore(yield* PeriodicTasks)
  const names = options.nodename === undefined
    ? ["celerybeat@%h", `celerybeat-${process.pid}@%h`].map((pattern) => Nodename.expand(pattern))
    : [Nodename.expand(options.nodename)]
  let taken = 0

  const answer = Effect.fnUntraced(function*(
    { arguments: args, method }: { readonly arguments: Readonly<Record<string, unknown>>; readonly method: string },
    reply: MailboxNode.SendReply
  ) {
    const { isLeader, lastTick } = yield* scheduler.health
    if (method === Commands.inspect.ping.name) {
      const stands = isLeader && lastTick !== undefined && clock.currentTimeMillisUnsafe() - lastTick > maxTickAge
      if (options.answersPing !== false && !stands) reply({ ok: "pong" })
      return
    }
    const handler = handlerOf(always, method) ?? (isLeader ? handlerOf(leading, method) : undefined)
    if (handler === undefined) return
    reply(yield* Effect.catch(handler(args), (error) => Effect.succeed({ error: error.message })))
  })

  const open = Effect.gen(function*() {
    const connection = yield* transport.connect({ name: "celeriac beat control" })
    const listen = Effect.flatMap(connection.openChannel(), (channel) =>
      Effect.as(
        MailboxNode.listen(channel, {
          mailbox,
          nodename: names[taken]!,
          clock: LogicalClock.make(),
          onRequest: (request, reply) => void fork(answer(request, reply))
        }),
        channel
      ))
    const channel = yield* Effect.catch(
      listen,
      (error) =>
        error.reason._tag === "PreconditionFailed" && taken + 1 < names.length
          ? Effect.suspend(() => (taken++, listen))
          : Effect.fail(error)
    )
    return { channel, connection }
  })
  return yield* Session.run({
    what: "beat's control",
    uri: transport.uri,
    open,
    watch: ({ channel, connection }) => Effect.raceFirst(channel.lost, connection.lost)
  }).pipe(
    // What it is asked is for operators: a schedule is sent without it.
    Effect.catch((error: MessagingError) =>
      Effect.andThen(
        Effect.logWarning(`beat: Remote control is off: ${error.message}`),
        Effect.never
      )
    )
  )
})

const handlerOf = <A>(handlers: Readonly<Record<string, A>>, method: string): A | undefined =>
  Object.hasOwn(handlers, method) ? handlers[method] : undefined
