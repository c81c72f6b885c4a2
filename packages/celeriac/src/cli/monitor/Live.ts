/** `celeriac events`: the monitor on the terminal of this process, and the broker that the command line names. */
import { Transport } from "@celeriac/messaging/Transport"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as References from "effect/References"
import * as Terminal from "effect/Terminal"
import { writeSync } from "node:fs"
import * as Verb from "../app/Verb.ts"
import * as Globals from "../flags/Globals.ts"
import { mistaken } from "../output/CliFailure.ts"
import { cannotConnect } from "../remote/Remote.ts"
import * as Monitor from "./Monitor.ts"
import { leave } from "./Paint.ts"
import * as Remote from "./Remote.ts"

export interface Flags {
  readonly routingKey: string
}

/** Until it is left. */
export const live = (globals: Globals.Globals, { routingKey }: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      yield* onTerminal
      const transport = yield* Transport
      // Once it was there, it is waited for; before, a person wants to know.
      yield* transport.connect({ name: "celeriac events" }).pipe(
        Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => Effect.fail({ message: "it does not answer" }) }),
        Effect.scoped,
        Effect.mapError(cannotConnect)
      )
      const news = yield* Queue.sliding<Monitor.Told>(8)
      const remote = yield* RemoteControl.make
      const run = Monitor.run({
        uri: transport.uri,
        look: { colors: Globals.wantsColors(globals, process.stdout), unicode: hasUnicode() },
        events: EventReceiver.stream({ routingKey, onReady: Remote.greet(remote) }),
        perform: Remote.perform(remote),
        news
      })
      yield* run.pipe(Effect.provide(logged(news)), Effect.provideServiceEffect(Terminal.Terminal, terminal))
    }).pipe(Effect.provide(Verb.broker(verb, true)), Effect.scoped))

const onTerminal = Effect.suspend(() =>
  process.stdout.isTTY === true && process.stdin.isTTY === true && process.env["TERM"] !== "dumb"
    ? Effect.void
    : Effect.fail(
      mistaken("the monitor wants a terminal. -d prints events as they come, --json for programs", "events")
    )
)

/** By the conventions of locales. Nothing is said in many containers, whose terminal knows it all the same. */
const hasUnicode = (): boolean => {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => process.env[name] ?? "").find((value) => value !== "")
  return locale === undefined || /utf-?8/i.test(locale)
}

/** All keys are the monitor's. What ends the process in any other way finds the screen as it was. */
const terminal = Effect.gen(function*() {
  let isRestored = false
  const restore = () => {
    // Twice would put the cursor above what was said since.
    if (isRestored) return
    isRestored = true
    try {
      writeSync(1, leave)
    } catch {
      // There is no terminal any more.
    }
  }
  const events = ["exit", "uncaughtExceptionMonitor"] as const
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      for (const event of events) process.once(event, restore)
    }),
    () =>
      Effect.sync(() => {
        for (const event of events) process.removeListener(event, restore)
      })
  )
  return yield* NodeTerminal.make(() => false)
})

/** A line on stderr would stand across the screen. */
const logged = (news: Queue.Enqueue<Monitor.Told>): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([
      Logger.make(({ logLevel, message }) => {
        const text = (Array.isArray(message) ? message : [message]).map(String).join(" ")
        // A connection that is away is so until it is said that it is back.
        const stays = text.includes("trying again")
        Queue.offerUnsafe(news, { text, tone: logLevel === "Warn" ? "warning" : "error", stays })
      })
    ]),
    Layer.succeed(References.MinimumLogLevel, "Warn")
  )
