/**
 * For commands of your own under `celeriac`: what all commands take, and the
 * broker that it comes to.
 *
 * ```ts
 * import * as CliCommand from "celeriac/CliCommand"
 * import * as Client from "celeriac/Client"
 * import * as Command from "effect/cli/Command"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const greet = Effect.gen(function*() {
 *   const client = yield* Client.Client
 *   yield* Console.log((yield* client.sendTask("hello.greet", { args: ["you"] })).id)
 * })
 *
 * export default Command.make("greet", {}, () =>
 *   Effect.flatMap(CliCommand.shared, ({ broker }) => Effect.provide(greet, broker)))
 * ```
 *
 * The `package.json` of its package names it, for whoever depends on that:
 * `"celeriac": { "commands": { "greet": "./dist/greet.js" } }`.
 */
export {} from "./internal/RequiredNode.ts"

import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Broker } from "./Broker.ts"
import { globals } from "./cli/commands/Root.ts"
import * as Globals from "./cli/Globals.ts"
import * as Verb from "./cli/Verb.ts"

export interface Shared {
  /** As `-b`, `--result-backend`, `--config`, the environment and the module of `-A` say. Nothing connects before it is asked to. */
  readonly broker: Layer.Layer<Broker, MessagingError | ResultError>
  /** All that the module of `-A` exports; empty where there is none. */
  readonly exports: Readonly<Record<string, unknown>>
  /** `--quiet`. */
  readonly isQuiet: boolean
  /** Whether stdout takes colours, and they are wanted. */
  readonly colors: boolean
}

/** What was said of what all commands take. To be asked inside of a command. */
export const shared = Effect.flatMap(globals, (said) =>
  Effect.map(Verb.make(said), (verb): Shared => ({
    broker: Verb.broker(verb),
    exports: verb.app?.exports ?? {},
    isQuiet: said.quiet,
    colors: Globals.wantsColors(said, process.stdout)
  })))
