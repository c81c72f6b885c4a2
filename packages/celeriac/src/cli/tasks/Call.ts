/** `celeriac call`: sends a task by its name, and prints its id. */
import * as Client from "@celeriac/tasks/Client"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import { because } from "../output/CliFailure.ts"
import * as Progress from "../output/Progress.ts"

export interface Flags {
  readonly name: string
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly eta: Option.Option<Date>
  readonly countdown: Option.Option<number>
  /** Seconds from now, or a time. */
  readonly expires: Option.Option<number | Date>
  readonly serializer: string
  readonly queue: Option.Option<string>
  readonly exchange: Option.Option<string>
  readonly routingKey: Option.Option<string>
  readonly priority: Option.Option<number>
  readonly taskId: Option.Option<string>
  readonly json: boolean
}

export const call = (globals: Globals, { args, json, kwargs, name, serializer, ...flags }: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const { id } = yield* client.sendTask(name, {
        args,
        // As Celery's command sends them: a list, unlike those of a call in code.
        argsRepr: args.length === 0 ? undefined : PythonRepr.safe(args),
        kwargs,
        serializer,
        eta: Option.getOrUndefined(flags.eta),
        countdown: Option.getOrUndefined(Option.map(flags.countdown, seconds)),
        expires: Option.getOrUndefined(
          Option.map(flags.expires, (when) => typeof when === "number" ? seconds(when) : when)
        ),
        queue: Option.getOrUndefined(flags.queue),
        exchange: Option.getOrUndefined(flags.exchange),
        routingKey: Option.getOrUndefined(flags.routingKey),
        priority: Option.getOrUndefined(flags.priority),
        taskId: Option.getOrUndefined(flags.taskId)
      }).pipe(Progress.during("sends the task", { quiet: globals.quiet, json }))
      yield* Console.log(json ? JSON.stringify({ id }) : id)
    }).pipe(
      Effect.catchTag("TaskError", (error) => Effect.fail(because(error.message))),
      Effect.provide(Verb.broker(verb))
    ))

const seconds = (count: number): number => count * 1000
