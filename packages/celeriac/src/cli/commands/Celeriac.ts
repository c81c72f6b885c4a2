/**
 * The command tree. A command is loaded when its name stands among the arguments;
 * of the others no more is known than the help says of them.
 */
import type { NodeServices } from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Plugins from "../Plugins.ts"
import { celeriac } from "./Root.ts"

/** A command that is not loaded. */
interface Entry {
  readonly name: string
  readonly doc: string
  readonly load: () => Promise<Command.Command.Any>
}

/** What `celeriac` can do, in the groups of its help. */
const groups: ReadonlyArray<{ readonly group: string; readonly commands: ReadonlyArray<Entry> }> = [
  {
    group: "Workers",
    commands: [
      {
        name: "worker",
        doc: "Run a worker",
        load: () => import("./WorkerCommand.ts").then(({ worker }) => worker)
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

const loaded = ({ load, name }: Entry): Effect.Effect<Command.Command.Any> =>
  // A module of our own that does not load is a broken installation.
  Effect.map(Effect.promise(load), (command) => {
    if (command.name !== name) throw new Error(`the command ${command.name} is listed as ${name}`)
    return command
  })

const listed = ({ doc, name }: Entry): Command.Command.Any =>
  Command.make(name).pipe(Command.withShortDescription(doc), Command.withDescription(doc))

/** With the commands of installed packages. */
const all = (): typeof groups => {
  const taken = new Set(groups.flatMap(({ commands }) => commands.map(({ name }) => name)))
  const commands = Plugins.find(process.cwd(), taken)
  return commands.length === 0 ? groups : [...groups, { group: "Of installed packages", commands }]
}

/** For these arguments. Completions are of all commands. */
export const tree = (args: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(all(), ({ commands, group }) =>
      Effect.map(
        Effect.forEach(
          commands,
          (entry) =>
            args.includes(entry.name) || args.some((arg) => arg.startsWith("--completions"))
              ? loaded(entry)
              : Effect.sync(() => listed(entry))
        ),
        (commands) => ({ group, commands })
      )),
    (groups) =>
      Command.withSubcommands(
        celeriac,
        groups as unknown as Grouped // no group is empty, and what commands need besides is what this one provides
      )
  )

type Runnable = Command.Command<string, {}, {}, unknown, NodeServices>

type Grouped = ReadonlyArray<{ readonly group: string; readonly commands: [Runnable, ...Array<Runnable>] }>
