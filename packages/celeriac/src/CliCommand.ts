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
 * A module of `-A` that exports it has it among its commands. The
 * `package.json` of a package names it, for whoever depends on that:
 * `"celeriac": { "commands": { "greet": "./dist/greet.js" } }`.
 *
 * `preload` adds an option to every command: Celery's preload options.
 */
export {} from "./internal/RequiredNode.ts"

import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Broker } from "./Broker.ts"
import * as Preloads from "./cli/app/Preloads.ts"
import * as Verb from "./cli/app/Verb.ts"
import { globals } from "./cli/commands/Root.ts"
import * as Globals from "./cli/flags/Globals.ts"
import type * as Settings from "./Settings.ts"

/** An option of every command, which a module of `-A` exports. */
export type Preload<Name extends string, A> = Preloads.Preload<Name, A>

/**
 * An option of every command: the module of `-A` exports it. Its hook is called
 * before any command, whether the option was said or not: as Celery's
 * `user_preload_options`. It may give settings, which count as those of the
 * module do: flags, files and the environment before them. What it fails with
 * ends the command with 1.
 *
 * ```ts
 * export const template = CliCommand.preload(
 *   "template",
 *   Flag.String("template").pipe(Flag.withAlias("Z"), Flag.withDefault("default")),
 *   (template) => Effect.succeed(templates[template])
 * )
 * ```
 */
export const preload = <const Name extends string, A>(
  name: Name,
  flag: Flag.Flag<A>,
  hook: (value: A) => Effect.Effect<Settings.Given | void, unknown>
): Preload<Name, A> => ({ name, [Preloads.TypeId]: { setting: GlobalFlag.Setting(name)({ flag }), hook } })

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
