/**
 * `celeriac beat list`, `next`, `pause`, `resume`, `run` and `health`: asks the
 * scheduler that leads. Where none answers, what needs the schedule alone is done in
 * the place where it is kept, for whoever leads next.
 */
import * as BeatCommands from "@celeriac/beat/BeatCommands"
import * as BeatDesk from "@celeriac/beat/BeatDesk"
import { PeriodicTasks } from "@celeriac/beat/PeriodicTasks"
import { ScheduleStore } from "@celeriac/beat/ScheduleStore"
import type * as Command from "@celeriac/tasks/control/Command"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { TaskId } from "@celeriac/tasks/TaskId"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Verb from "../app/Verb.ts"
import * as Globals from "../flags/Globals.ts"
import { because, type CliFailure, unavailable } from "../output/CliFailure.ts"
import * as Print from "../output/Print.ts"
import * as Style from "../output/Style.ts"
import * as BeatParts from "./BeatParts.ts"

export interface Flags {
  /** Seconds to wait for each reply. */
  readonly timeout: number
  readonly destination: Option.Option<string>
  readonly json: boolean
}

export const list = (globals: Globals.Globals, flags: Flags) =>
  told(globals, flags, BeatCommands.list, {}, (entries) => [
    ["Name", "Task", "Schedule", "Zone", "Last", "Next", "Sent"],
    ...entries.map((entry) => [
      entry.name,
      entry.task,
      entry.schedule,
      entry.timezone ?? "",
      clock(entry.last_run_at),
      entry.enabled ? clock(entry.next_run_at) : "paused",
      String(entry.total_run_count)
    ])
  ])

export const next = (
  globals: Globals.Globals,
  { count, name, ...flags }: Flags & { readonly name: Option.Option<string>; readonly count: number }
) =>
  told(globals, flags, BeatCommands.next, { name: Option.getOrNull(name), count }, (slots) => [
    ["At", "Name", "Task"],
    ...slots.map(({ at, name, task }) => [clock(at), name, task])
  ])

export const change = (
  command: typeof BeatCommands.pause | typeof BeatCommands.resume,
  globals: Globals.Globals,
  { name, ...flags }: Flags & { readonly name: string }
) => told(globals, flags, command, { name }, text)

export const run = (globals: Globals.Globals, { name, ...flags }: Flags & { readonly name: string }) =>
  Effect.flatMap(TaskId, (newId) => told(globals, flags, BeatCommands.run, { name, word: newId() }, text))

/** Of every scheduler there is, by its name. */
export const health = (globals: Globals.Globals, flags: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const answers = yield* ask(flags, BeatCommands.health, {}, false).pipe(Effect.provide(Verb.broker(verb, true)))
      if (answers.length === 0) return yield* Effect.fail(nobody)
      const all = answers.flatMap(({ answer, node }) =>
        Result.isSuccess(answer) ? [[node, answer.success] as const] : []
      )
      const style = styleOf(globals)
      yield* flags.json ? Console.log(JSON.stringify(Object.fromEntries(all))) : Print.line(
        Style.table(style, [
          ["Node", "Leader", "Last tick", "Lag", "Sent", "Leads by", "Schedule in"],
          ...all.map(([node, { lag, last_tick, leader, leadership, sent, store }]) => [
            node,
            leader ? "yes" : "no",
            clock(last_tick),
            `${lag.toFixed(3)} s`,
            String(sent),
            leadership,
            store
          ])
        ], Print.width()),
        style
      )
      if (!all.some(([, { leader }]) => leader)) return yield* Effect.fail(unavailable("No scheduler leads"))
    }).pipe(Effect.scoped))

const nobody = unavailable("No scheduler replied within time constraint: is `celeriac beat` running on this broker?")

/** Of one that leads, or else of where the schedule is kept. */
const told = <C extends Command.Any>(
  globals: Globals.Globals,
  flags: Flags,
  command: C,
  args: Command.Input<C>,
  show: (reply: Command.Reply<C>) => string | ReadonlyArray<ReadonlyArray<string>>
) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const [first] = yield* ask(flags, command, args, true)
      const reply = first === undefined
        ? yield* atTheStore(verb, command, args)
        : yield* Effect.mapError(Effect.fromResult(first.answer), (error) => because(wordsOf(error)))
      if (flags.json) return yield* Console.log(JSON.stringify(reply))
      const shown = show(reply)
      const style = styleOf(globals)
      if (typeof shown !== "string" && shown.length === 1) {
        return yield* Console.error("Nothing is planned, or all of it is paused")
      }
      yield* Print.line(typeof shown === "string" ? shown : Style.table(style, shown, Print.width()), style)
    }).pipe(Effect.provide(Verb.broker(verb, true)), Effect.scoped))

const wordsOf = (error: RemoteControl.CommandError | RemoteControl.ReplyUnreadable): string =>
  error._tag === "CommandError" ? error.error : error.message

/** What those say that are schedulers. */
const ask = <C extends Command.Any>(
  { destination, timeout }: Flags,
  command: C,
  args: Command.Input<C>,
  isOne: boolean
) =>
  Effect.gen(function*() {
    const remote = yield* RemoteControl.make
    const to = Option.match(destination, {
      onNone: () => ({ pattern: BeatCommands.pattern }),
      onSome: (names) => ({ destination: Verb.names(names) })
    })
    // What it takes is given: its type says so.
    const answers = remote.stream(command, args as never, {
      ...to,
      timeout: `${timeout} seconds`,
      deadline: "4 seconds"
    })
    return yield* Stream.runCollect(isOne ? Stream.take(answers, 1) : answers)
  }).pipe(Effect.mapError((error) => because(error.message)))

/** In this process, with what the module and the settings say. */
const atTheStore = <C extends Command.Any>(verb: Verb.Verb, command: C, args: Command.Input<C>) =>
  Effect.gen(function*() {
    const parts = yield* BeatParts.make(verb.app, verb.settings)
    if (Context.get(parts, ScheduleStore).describe === "memory") return yield* Effect.fail(nobody)
    const handler = BeatDesk.ofStore(Context.get(parts, PeriodicTasks))[command.name]
    const encoded = yield* Effect.mapError(
      Effect.fromResult(command.encodeArguments(args as never)), // what it takes, says its type
      (error) => because(error.message)
    )
    if (handler === undefined) return yield* Effect.fail(nobody)
    const reply = yield* Effect.mapError(handler(encoded), (error): CliFailure => because(error.message))
    // The handler has written it by the command's own schema.
    return Result.getOrThrow(command.decodeReply(reply)) as Command.Reply<C>
  })

const text = (reply: string): string => reply

/** `2026-11-30 08:00:00+01:00`. */
const clock = (time: string | null): string => time === null ? "" : time.replace("T", " ").replace(/\.\d+/, "")

const styleOf = (globals: Globals.Globals) => Style.make(Globals.wantsColors(globals, process.stdout))
