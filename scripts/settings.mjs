/**
 * `docs/settings.md`, from the tables of settings. `npm run docs` writes it,
 * with the other documents.
 */
import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as BeatSettings from "@celeriac/worker/state/BeatSettings"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./workspace.mjs"

export const settingsPage = join(root, "docs", "settings.md")

const code = (text) => `\`${text}\``

/** In a cell of a table, a bar would end it. */
const cell = (text) => text.replaceAll("|", "\\|")

const flagOf = ({ flag, switches = flag === undefined ? [] : [flag] }) =>
  switches.flatMap(({ alias, name }) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])]).map(code).join(
    " "
  )

const defaultOf = (setting) =>
  setting.defaultShown === undefined ? code(SettingsTable.defaultShown(setting)) : setting.defaultShown

const row = ([name, setting]) =>
  [
    code(name),
    setting.celery === undefined ? "" : code(setting.celery),
    defaultOf(setting),
    setting.expected,
    flagOf(setting),
    (SettingsTable.environmentOf(name, setting) ?? []).map(code).join(" "),
    setting.readBy === "broker" ? `${setting.doc} *For the broker.*` : setting.doc
  ].map(cell).join(" | ")

const room = (title, text, table) =>
  [
    `## ${title}`,
    "",
    text,
    "",
    "| setting | Celery's | default | what fits | flag | environment | what it is |",
    "|---|---|---|---|---|---|---|",
    ...Object.entries(table).map((entry) => `| ${row(entry)} |`),
    ""
  ].join("\n")

/** The options of an interface: what its source says of each. */
const optionsOf = (file, name) => {
  const source = readFileSync(join(root, "packages", file), "utf8")
  const start = source.search(new RegExp(`^export interface ${name}\\b`, "m"))
  const body = source.slice(start, source.indexOf("\n}\n", start))
  const members = body.matchAll(/^ {2}(?:\/\*\*([^]*?)\*\/\n {2})?readonly (\w+)\??:/gm)
  return Array.from(
    members,
    ([, doc = "", member]) => [member, doc.replaceAll(/^ *\* ?/gm, "").replaceAll(/\s+/g, " ").trim()]
  )
}

const options = (title, file, name) => {
  const found = optionsOf(file, name)
  if (found.length === 0) throw new Error(`${file} has no options in an interface ${name}`)
  return [
    `### ${title}`,
    "",
    "| option | what it is |",
    "|---|---|",
    ...found.map(([member, doc]) => `| ${code(member)} | ${cell(doc)} |`),
    ""
  ].join("\n")
}

/** Lines of a list of names, as long as a line of the documents may be. */
/** A row for all that have the same to be done. */
const without = (names) => {
  const rows = new Map()
  for (const [name, instead] of names) rows.set(instead, [...rows.get(instead) ?? [], code(name)])
  return Array.from(rows, ([instead, names]) => `- ${instead === undefined ? "" : `${instead}: `}${names.join(" ")}`)
    .join("\n")
}

export const settingsText = () =>
  `# Settings

<!-- Written by \`npm run docs\` from the tables of settings: change those. -->

Each setting has one name in programs, and the name that Celery has for it. They are given

- to a worker: \`Worker.make({ settings: { acksLate: true } })\`, those of the worker, of the tasks that it runs and of what they send: the client and
  the results that a worker works with are made by its own settings, whatever broker it runs on. It warns of the few that are for the broker alone;
- to the broker of that worker as well, by \`Broker.layerFor(worker)\`;
- to a broker, for its client, its result backend and the workers on it: \`Broker.layer(url, { settings: { routes: { "emails.*": "emails" } } })\`;
- to an application of promises, for all of it: \`celeriac({ settings: { defaultQueue: "emails" } })\`;
- by the environment: to the command \`celeriac worker\`, to \`Broker.layerConfig()\`, to \`celeriac()\`, and wherever \`Settings.fromEnvironment()\` is called;
- by the flags of \`celeriac worker\`.

\`Settings.fromCelery({ task_default_queue: "emails", worker_concurrency: 4 })\` makes them from a Celery configuration: names that are not known are answered with the
nearest, settings that do nothing here and values that do not fit are told, all at once. Under \`celeriac worker\`, flags count before the environment, and
the environment before what the module says: the command line is the operator's. In a program of your own, what it says counts before the environment.

The broker has a rule of its own, for a module that names one is not moved by what an environment happens to say: \`-b\`, then the module's own
(\`celeriac({ broker })\`, or \`broker_url\` of \`Settings.fromCelery\`), then the environment, then RabbitMQ on this machine. The banner says which one it was. What
an application's handlers send goes to the broker that its worker consumes from. Results likewise: \`--result-backend\`, the module's, the environment's, the broker's.

In a program a time is a \`Duration.Input\` of Effect's, of which a number is milliseconds. In the environment and in a Celery configuration a number is seconds.

${
    room(
      "The broker and the results",
      "Read by the command, by `Broker.layerConfig` and by `celeriac()`.",
      BrokerSettings.table
    )
  }
${
    room(
      "Tasks",
      "What clients and workers agree on. Each is a reference too: `Settings.DefaultQueue` is `defaultQueue`; `Queues.Configured` is `taskQueues`, and `Router.Routes` is `routes`.",
      TaskSettings.table
    )
  }
${
    room(
      "Workers",
      "Those of `nodename`, `concurrency`, `queues`, `without`, `prefetch` and `connectionMaxRetries` are options of `Worker.make` by themselves, too.",
      Object.fromEntries(
        Object.entries(WorkerSettings.table).filter(([name]) => !Object.hasOwn(BeatSettings.table, name))
      )
    )
  }
${
    room(
      "Periodic tasks",
      "Read by `celeriac beat`, and by a worker's scheduler (`-B`): see [Periodic tasks](beat.md).",
      BeatSettings.table
    )
  }
## Options that are no settings

${
    [
      options(
        "Of a worker: `Worker.make`, and but for `tasks` and `steps` of `app.worker`",
        "worker/src/Worker.ts",
        "Options"
      ),
      options("Of a task: `Task.make(name, { options })`", "tasks/src/TaskOptions.ts", "TaskOptions"),
      options("Of a call: `applyAsync` and `execute`", "tasks/src/CallOptions.ts", "CallOptions"),
      options("Of an application of promises: `celeriac`", "celeriac/src/promise/PromiseApp.ts", "AppOptions"),
      options("Of a broker: `Broker.layer`", "celeriac/src/Broker.ts", "Options"),
      options("Of RabbitMQ: `AmqpTransport.layer`", "amqp/src/AmqpConfig.ts", "AmqpOptions"),
      options("Of Redis: `RedisBackend.layer`", "redis/src/RedisConfig.ts", "RedisOptions"),
      options("Of a producer: `Producer.layer`", "messaging/src/Producer.ts", "ProducerOptions"),
      options("Of a queue: `Queue.make`", "messaging/src/Entity.ts", "QueueOptions"),
      options("Of the log: `LogFormat.layer`", "celeriac/src/LogFormat.ts", "Options")
    ].join("\n")
  }
## Settings of Celery that do nothing here

\`Settings.fromCelery\` says so, and what to do: leave them out,

${without(SettingsTable.unsupported(WorkerSettings.everything))}
`
