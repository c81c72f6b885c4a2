/** `celeriac purge`: throws away what waits in queues, if whoever asks means it. */
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createInterface } from "node:readline/promises"
import * as Verb from "../app/Verb.ts"
import * as Globals from "../flags/Globals.ts"
import { CliFailure } from "../output/CliFailure.ts"
import * as Progress from "../output/Progress.ts"
import * as Style from "../output/Style.ts"

export interface Flags {
  readonly force: boolean
  readonly queues: Option.Option<string>
  readonly excludeQueues: Option.Option<string>
  readonly json: boolean
}

export const purge = (globals: Globals.Globals, { excludeQueues, force, json, queues }: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const known = yield* TaskQueues.make
      const excluded = new Set(Option.match(excludeQueues, { onNone: () => [], onSome: Verb.names }))
      const all = Option.match(queues, {
        onNone: () => [known.default, ...known.configured].map(({ name }) => name),
        onSome: Verb.names
      })
      const names = Array.from(new Set(all)).filter((name) => !excluded.has(name)).toSorted()
      if (names.length === 0) return
      if (!force) yield* confirm(names, Style.make(Globals.wantsColors(globals, process.stdout)))
      const remote = yield* RemoteControl.make
      const messages = yield* remote.purge(names).pipe(
        Progress.during(`purges ${names.length} ${plural(names.length, "queue")}`, { quiet: globals.quiet, json })
      )
      yield* Console.log(json ? JSON.stringify({ messages, queues: names }) : told(messages, names.length))
    }).pipe(Effect.provide(Verb.broker(verb, true)), Effect.scoped))

/** In Celery's words. */
const told = (messages: number, queues: number): string =>
  messages === 0
    ? `No messages purged from ${queues} ${plural(queues, "queue")}.`
    : `Purged ${messages} ${plural(messages, "message")} from ${queues} known task ${plural(queues, "queue")}.`

const plural = (count: number, word: string): string => count === 1 ? word : `${word}s`

const confirm = (names: ReadonlyArray<string>, style: Style.Style): Effect.Effect<void, CliFailure> =>
  Effect.callback<void, CliFailure>((resume) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout })
    const refuse = () => resume(Effect.fail(new CliFailure({ message: "", exitCode: 1 })))
    const abort = () => {
      process.stderr.write("Aborted!\n")
      refuse()
    }
    lines.once("close", abort)
    void lines.question(
      `${style.error("WARNING")}:This will remove all tasks from ${plural(names.length, "queue")}: ${
        names.join(", ")
      }.\n` +
        "         There is no undo for this operation!\n\n(to skip this prompt use the -f option)\n" +
        "Are you sure you want to delete all tasks? [y/N]: "
    ).then((answer) => {
      lines.off("close", abort)
      lines.close()
      if (/^y(es)?$/i.test(answer.trim())) resume(Effect.void)
      else abort()
    })
  })
