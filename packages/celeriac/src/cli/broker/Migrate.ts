/** `celeriac migrate`: brings what waits at one broker to another, and says what. */
import { Transport } from "@celeriac/messaging/Transport"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { inOneLine } from "../../internal/Harmless.ts"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import * as Print from "../output/Print.ts"
import * as Progress from "../output/Progress.ts"
import * as Migration from "./Migration.ts"

export interface Flags {
  readonly source: string
  readonly destination: string
  readonly limit: Option.Option<number>
  /** Seconds. */
  readonly timeout: number
  readonly ackMessages: boolean
  readonly tasks: Option.Option<string>
  readonly queues: Option.Option<string>
  readonly forever: boolean
  readonly json: boolean
}

export const migrate = (globals: Globals, flags: Flags) =>
  Verb.run(globals, (verb) => {
    const transport = (brokerUrl: string) =>
      Effect.map(
        Layer.build(Verb.broker({ ...verb, brokerUrl }, true)),
        (context) => Effect.provide(Transport, context)
      )
    const progress = Progress.make({ quiet: globals.quiet, json: flags.json })
    let moved = 0
    return Effect.gen(function*() {
      const source = yield* yield* transport(flags.source)
      const destination = yield* yield* transport(flags.destination)
      const migrated = yield* Migration.migrate(source, destination, {
        queues: new Map(namesOf(flags.queues).map((name) => pairOf(name))),
        tasks: new Set(namesOf(flags.tasks)),
        limit: Option.getOrUndefined(flags.limit),
        timeout: flags.timeout * 1000,
        forever: flags.forever,
        acknowledge: flags.ackMessages,
        onMigrated: ({ count, id, task, total }) => {
          moved = count
          return flags.json || globals.quiet
            ? Effect.void
            : progress.above(
              Print.line(inOneLine(`Migrating task ${count}/${total === 0 ? "?" : total}: ${task}[${id}]`))
            )
        }
      }).pipe(
        Effect.provide(Verb.broker({ ...verb, brokerUrl: flags.source }, true)),
        progress.during((seconds) => `waits for tasks, ${moved} so far ... ${seconds} s`)
      )
      if (flags.json) yield* Console.log(JSON.stringify({ migrated }))
    }).pipe(Effect.scoped)
  })

const namesOf = (text: Option.Option<string>) => Option.match(text, { onNone: () => [], onSome: Verb.names })

/** `old:new`, or one name for both. */
const pairOf = (name: string): readonly [string, string] => {
  const at = name.indexOf(":")
  return at < 0 ? [name, name] : [name.slice(0, at), name.slice(at + 1)]
}
