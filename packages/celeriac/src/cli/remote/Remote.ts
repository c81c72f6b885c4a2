/**
 * `celeriac status`, `inspect` and `control`: asks workers, Python's too, and
 * prints what each replies as it comes; with `--json`, all of it at the end.
 */
import { InvalidConfiguration, MessagingError } from "@celeriac/messaging/MessagingError"
import type * as Command from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { harmless } from "../../internal/Harmless.ts"
import * as Verb from "../app/Verb.ts"
import * as Globals from "../flags/Globals.ts"
import { type CliFailure, unavailable } from "../output/CliFailure.ts"
import * as Print from "../output/Print.ts"
import * as Progress from "../output/Progress.ts"
import * as Style from "../output/Style.ts"
import * as RemoteCommand from "./RemoteCommand.ts"
import * as Reply from "./Reply.ts"

export interface Flags {
  /** Seconds to wait for each reply. */
  readonly timeout: number
  readonly destination: Option.Option<string>
  readonly json: boolean
}

/** Who is there. */
export const status = (globals: Globals.Globals, flags: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const replies = yield* ask(verb, globals, flags, Commands.inspect.ping, {}, false)
      if (flags.json) yield* Console.log(JSON.stringify(Object.fromEntries(replies)))
      else if (!globals.quiet) yield* Console.log(Reply.online(replies.size))
    }))

export interface Words extends Flags {
  readonly command: Option.Option<string>
  readonly words: ReadonlyArray<string>
  readonly list: boolean
}

/** Runs a command of this kind, with what stands behind its name. */
export const run = (kind: Command.Kind, globals: Globals.Globals, flags: Words) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const all = RemoteCommand.known(kind, verb.app)
      if (flags.list) return yield* list(kind, all, globals, flags)
      const { command, args } = yield* Effect.mapError(
        Effect.fromResult(meant(kind, all, flags)),
        (detail) => Verb.misused(kind, detail)
      )
      const replies = yield* ask(verb, globals, flags, command, args, true)
      if (flags.json) {
        const nodes = Array.from(replies, ([node, value]) => ({ [node]: value }))
        yield* Console.log(JSON.stringify(kind === "control" ? nodes : Object.fromEntries(replies)))
      } else if (kind === "inspect" && !globals.quiet) yield* Console.log(Reply.online(replies.size))
    }))

const meant = (kind: Command.Kind, all: ReadonlyMap<string, Command.Any>, { command, words }: Words) =>
  Option.match(command, {
    onNone: () => Result.fail("which command? --list shows what there is"),
    onSome: (name) =>
      Result.flatMap(
        RemoteCommand.find(all, kind, name),
        (command) => Result.map(RemoteCommand.argumentsOf(command, words), (args) => ({ command, args }))
      )
  })

const list = (
  kind: Command.Kind,
  all: ReadonlyMap<string, Command.Any>,
  globals: Globals.Globals,
  { json }: Flags
) => {
  const rows = Array.from(all.values(), (command) => ({
    name: command.name,
    arguments: RemoteCommand.signature(command),
    doc: command.doc
  }))
  if (json) return Console.log(JSON.stringify(rows))
  const style = Style.make(Globals.wantsColors(globals, process.stdout))
  const named = rows.map(({ name, arguments: args, doc }) => [`${name} ${args}`.trimEnd(), doc] as const)
  const column = Math.max(...named.map(([name]) => name.length))
  const shown = named.map(([name, doc]) =>
    `  ${name.padEnd(column)}  ${Print.wrapped(doc, Print.width(), " ".repeat(column + 4))}`
  )
  return Print.line(
    [style.strong(kind === "inspect" ? "Inspect Commands:" : "Control Commands:"), ...shown].join("\n"),
    style
  )
}

/** What each node replied. Nobody is a failure, as to Celery: 69. */
const ask = Effect.fnUntraced(
  function*(
    verb: Verb.Verb,
    globals: Globals.Globals,
    { destination, json, timeout }: Flags,
    command: Command.Any,
    args: unknown,
    body: boolean
  ): Effect.fn.Return<ReadonlyMap<string, unknown>, CliFailure> {
    const style = Style.make(Globals.wantsColors(globals, process.stdout))
    const replies = new Map<string, unknown>()
    const progress = Progress.make({ quiet: globals.quiet || timeout <= 1, json })
    const asking = Effect.gen(function*() {
      const remote = yield* RemoteControl.make
      const answers = remote.stream(raw(command), args as never, { // checked by the command's own schemas
        timeout: `${timeout} seconds`,
        deadline: `${Math.max(shortest, timeout)} seconds`,
        destination: Option.getOrUndefined(Option.map(destination, Verb.names))
      })
      yield* Stream.runForEach(answers, ({ answer, node }) => {
        const value = Result.isSuccess(answer)
          ? answer.success
          : { error: answer.failure._tag === "CommandError" ? answer.failure.error : answer.failure.detail }
        const isAgain = replies.has(node)
        replies.set(node, value)
        return progress.above(Effect.andThen(
          isAgain ? Console.error(harmless(twice(node))) : Effect.void,
          json ? Effect.void : Print.line(Reply.render({ node, value }, style, { isQuiet: globals.quiet, body }), style)
        ))
      })
    })
    yield* asking.pipe(
      progress.during((seconds) => `waits for replies, ${replies.size} so far ... ${seconds} of ${timeout} s`),
      Effect.provide(Verb.broker(verb, !noted.has(command.name))),
      Effect.scoped,
      Effect.mapError(cannotConnect)
    )
    return replies.size === 0
      ? yield* Effect.fail(unavailable("No nodes replied within time constraint"))
      : replies
  }
)

/** What workers that are away find with the results. */
const noted: ReadonlySet<string> = new Set(["revoke", "terminate"])

/** How long a broker is waited for, in seconds, or as long as a worker if that is longer: who stands at a terminal wants to know. */
const shortest = 4

/** In Celery's words. Of what was never tried it is not said that nobody was there. */
export const cannotConnect = (error: { readonly message: string }): CliFailure =>
  unavailable(
    "reason" in error && error.reason instanceof InvalidConfiguration
      ? `Unable to run the command. Reason: ${error.message}`
      : "Could not connect to the message broker. Please make sure your broker (e.g., RabbitMQ or Redis) " +
        `is running and the connection settings are correct. Reason: ${reasonOf(error)}`
  )

/** The broker's own, where it was tried again until it was too late. */
const reasonOf = (error: { readonly message: string }): string => {
  if (!(error instanceof MessagingError)) return error.message
  const { reason } = error
  return reason._tag === "ConnectionLost" && reason.cause instanceof MessagingError
    ? reason.cause.reason.message
    : reason.message
}

const twice = (node: string): string =>
  `Received multiple replies from node ${node}. Give each node a name of its own (celeriac worker -n NAME)`

/** The same command, whose replies are printed as they come. */
const raw = (command: Command.Any): Command.Any => ({ ...command, decodeReply: Result.succeed })
