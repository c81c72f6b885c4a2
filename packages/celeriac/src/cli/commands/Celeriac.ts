/**
 * The command tree. A command is loaded when its name stands among the arguments;
 * of the others no more is known than the help says of them.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import type { NodeServices } from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type * as Settings from "../../Settings.ts"
import * as Plugins from "../app/Plugins.ts"
import * as Preloads from "../app/Preloads.ts"
import { because } from "../output/CliFailure.ts"
import { celeriac } from "./Root.ts"

/** A command that is not loaded. */
interface Entry {
  readonly name: string
  readonly doc: string
  /** With what the module of `-A` exports. */
  readonly load: (exports: Exports) => Promise<Command.Command.Any>
}

/** What `celeriac` can do, in the groups of its help. */
const groups: ReadonlyArray<{ readonly group: string; readonly commands: ReadonlyArray<Entry> }> = [
  {
    group: "Workers",
    commands: [
      {
        name: "worker",
        doc: "Run a worker",
        load: (exports) => import("./WorkerCommand.ts").then(({ make }) => make(exports))
      },
      {
        name: "multi",
        doc: "Start and stop several workers",
        load: () => import("./MultiCommand.ts").then(({ multi }) => multi)
      },
      {
        name: "beat",
        doc: "Send periodic tasks",
        load: () => import("./BeatCommand.ts").then(({ beat }) => beat)
      },
      {
        name: "graph",
        doc: "Draw the boot steps of a worker, or the workers of a cluster",
        load: () => import("./GraphCommand.ts").then(({ graph }) => graph)
      },
      {
        name: "build",
        doc: "Make one file of a worker",
        load: () => import("./BuildCommand.ts").then(({ build }) => build)
      },
      {
        name: "new",
        doc: "Make a project that runs at once",
        load: () => import("./NewCommand.ts").then(({ create }) => create)
      }
    ]
  },
  {
    group: "Tasks",
    commands: [
      { name: "call", doc: "Send a task by its name", load: () => import("./CallCommand.ts").then(({ call }) => call) },
      {
        name: "result",
        doc: "Print what a task came to",
        load: () => import("./ResultCommand.ts").then(({ result }) => result)
      },
      {
        name: "purge",
        doc: "Throw away what waits in queues",
        load: () => import("./PurgeCommand.ts").then(({ purge }) => purge)
      }
    ]
  },
  {
    group: "Cluster",
    commands: [
      {
        name: "status",
        doc: "Show which workers are online",
        load: () => import("./StatusCommand.ts").then(({ status }) => status)
      },
      {
        name: "inspect",
        doc: "Ask workers what they do",
        load: () => import("./InspectCommand.ts").then(({ inspect }) => inspect)
      },
      {
        name: "control",
        doc: "Tell workers what to do otherwise",
        load: () => import("./ControlCommand.ts").then(({ control }) => control)
      },
      {
        name: "events",
        doc: "Watch workers and tasks, live",
        load: () => import("./EventsCommand.ts").then(({ events }) => events)
      }
    ]
  },
  {
    group: "Broker and settings",
    commands: [
      {
        name: "shell",
        doc: "Open a prompt with tasks, client and remote control at hand",
        load: () => import("./ShellCommand.ts").then(({ shell }) => shell)
      },
      {
        name: "list",
        doc: "Ask the broker what it has",
        load: () => import("./ListCommand.ts").then(({ list }) => list)
      },
      {
        name: "migrate",
        doc: "Bring tasks from one broker to another",
        load: () => import("./MigrateCommand.ts").then(({ migrate }) => migrate)
      },
      {
        name: "topology",
        doc: "Compare, make or check what is declared on the broker",
        load: () => import("./TopologyCommand.ts").then(({ topology }) => topology)
      },
      {
        name: "doctor",
        doc: "Look for what is wrong, and say what to do about it",
        load: () => import("./DoctorCommand.ts").then(({ doctor }) => doctor)
      },
      {
        name: "report",
        doc: "Show what to say in a bug report",
        load: () => import("./ReportCommand.ts").then(({ report }) => report)
      }
    ]
  }
]

const loaded = ({ load, name }: Entry, exports: Exports): Effect.Effect<Command.Command.Any> =>
  // A module of our own that does not load is a broken installation.
  Effect.map(Effect.promise(() => load(exports)), (command) => {
    if (command.name !== name) throw new Error(`the command ${command.name} is listed as ${name}`)
    return command
  })

const listed = ({ doc, name }: Entry): Command.Command.Any =>
  Command.make(name).pipe(Command.withShortDescription(doc), Command.withDescription(doc))

/** With the commands of the module, which counts first, and of installed packages. */
const all = (exports: Exports): typeof groups => {
  const taken = new Set(groups.flatMap(({ commands }) => commands.map(({ name }) => name)))
  const own = Object.values(exports).flatMap((value) => Array.isArray(value) ? value : [value])
    .filter(Command.isCommand)
    .filter(({ name }) => !taken.has(name))
    .map((command): Entry => ({
      name: command.name,
      doc: command.shortDescription ?? command.description ?? "Of the module",
      load: async () => command
    }))
  for (const { name } of own) taken.add(name)
  return [
    ...groups,
    ...[
      { group: "Of the module", commands: own },
      { group: "Of installed packages", commands: Plugins.find(process.cwd(), taken) }
    ].filter(({ commands }) => commands.length > 0)
  ]
}

/** For these arguments, with what the module of `-A` exports. Completions are of all commands. */
export const tree = (args: ReadonlyArray<string>, exports: Exports = {}) =>
  Effect.map(
    Effect.forEach(all(exports), ({ commands, group }) =>
      Effect.map(
        Effect.forEach(
          commands,
          (entry) =>
            args.includes(entry.name) || args.some((arg) => arg.startsWith("--completions"))
              ? loaded(entry, exports)
              : Effect.sync(() => listed(entry))
        ),
        (commands) => ({ group, commands })
      )),
    (groups) => withPreloads(Command.withSubcommands(celeriac, asGrouped(groups)), Preloads.among(exports))
  )

/** No group is empty, and what commands need besides is what this one provides. */
const asGrouped = (groups: ReadonlyArray<{ readonly group: string; readonly commands: ReadonlyArray<unknown> }>) =>
  groups as unknown as Grouped // as said

/** Their hooks are asked before any command, in their order; the last counts. */
const withPreloads = <Name extends string, Input, Context, E, R>(
  command: Command.Command<Name, Input, Context, E, R>,
  preloads: ReadonlyArray<Preloads.Preload>
) =>
  command.pipe(
    Command.provideEffect(
      Preloads.Given,
      Effect.map(Effect.forEach(preloads, asked), (all): Settings.Given => Object.assign({}, ...all))
    ),
    Command.withGlobalFlags(preloads.map((preload) => preload[Preloads.TypeId].setting))
  )

const asked = ({ [Preloads.TypeId]: { hook, setting }, name }: Preloads.Preload) =>
  Effect.flatMap(setting, hook).pipe(
    Effect.map((given) => given ?? {}),
    Effect.catchCause((cause) => {
      const error = Cause.squash(cause)
      return Effect.fail(because(`--${name}: ${maskIn(error instanceof Error ? error.message : String(error))}`))
    })
  )

type Exports = Readonly<Record<string, unknown>>

type Runnable = Command.Command<string, {}, {}, unknown, NodeServices>

type Grouped = ReadonlyArray<{ readonly group: string; readonly commands: [Runnable, ...Array<Runnable>] }>
