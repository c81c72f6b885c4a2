/** `celeriac new`: a project that runs at once, in a folder that is new or empty. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import * as Globals from "../flags/Globals.ts"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import { shown } from "./App.ts"
import { packageVersion } from "./Version.ts"

export const create = Effect.fnUntraced(
  function*(globals: Globals.Globals, name: string): Effect.fn.Return<void, CliFailure> {
    yield* Globals.enter(globals)
    const folder = resolve(name)
    if (existsSync(folder) && readdirSync(folder).some((file) => file !== ".git")) {
      return yield* Effect.fail(mistaken(`the folder '${name}' is not empty: name another one`, "new"))
    }
    const files = filesOf(basename(folder))
    yield* Effect.try({
      try: () => {
        mkdirSync(folder, { recursive: true })
        for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
      },
      catch: (error) => because(`new: ${name} could not be written: ${error instanceof Error ? error.message : error}`)
    })
    if (globals.quiet) return
    yield* Console.log([
      ...Object.keys(files).map((file) => `wrote ${shown(join(folder, file))}`),
      "",
      `  cd ${name} && npm install`,
      "  npm run worker -- -b memory://    (or without -b, on a RabbitMQ of this machine)",
      `  npx celeriac call hello.greet -a '["you"]'`
    ].join("\n"))
  }
)

const filesOf = (name: string): Readonly<Record<string, string>> => ({
  "package.json": `${
    JSON.stringify(
      {
        name: name.toLowerCase().replace(/[^a-z0-9-]+/g, "-"),
        private: true,
        type: "module",
        engines: { node: ">=22.19.0" },
        scripts: { worker: "celeriac worker -l info", check: "tsc --noEmit" },
        dependencies: { celeriac: `^${packageVersion()}`, effect: "~4.1.0", "@effect/platform-node": "~4.1.0" },
        devDependencies: { typescript: ">=5.9.0", "@types/node": ">=22" }
      },
      null,
      2
    )
  }\n`,
  "tsconfig.json": `${
    JSON.stringify(
      {
        compilerOptions: {
          strict: true,
          target: "es2024",
          module: "nodenext",
          types: ["node"],
          noEmit: true,
          allowImportingTsExtensions: true,
          erasableSyntaxOnly: true,
          skipLibCheck: true
        }
      },
      null,
      2
    )
  }\n`,
  ".gitignore": "node_modules/\ndist/\n",
  "tasks.ts": text(
    "/** The tasks, as whoever sends them and whoever runs them share them. */",
    ...modules("celeriac/Task", "effect/Schema"),
    "",
    `export const Greet = Task.make("hello.greet", { parameters: { name: Schema.String }, success: Schema.String })`
  ),
  "worker.ts": text(
    "/** The worker: npm run worker */",
    ...modules("celeriac/Worker", "effect/Effect"),
    `import { Greet } from "./tasks.ts"`,
    "",
    "export default Worker.make({",
    "  tasks: [Greet.toLayer(({ name }) => Effect.succeed(`Hello, ${name}!`))]",
    "})"
  ),
  "client.ts": text(
    "/** Sends a task and waits for what it comes to: node client.ts, while the worker runs on the same RabbitMQ */",
    ...modules(
      "@effect/platform-node/NodeRuntime",
      "celeriac/Broker",
      "celeriac/Client",
      "effect/Console",
      "effect/Effect"
    ),
    `import { Greet } from "./tasks.ts"`,
    `import worker from "./worker.ts"`,
    "",
    "const program = Effect.gen(function*() {",
    "  const client = yield* Client.Client",
    `  yield* Console.log(yield* client.execute(Greet, { name: "you" }, { timeout: "10 seconds" }))`,
    "})",
    "",
    "program.pipe(Effect.provide(Broker.layerFor(worker)), NodeRuntime.runMain)"
  ),
  "README.md": `# ${name}

    npm install
    npm run worker          # on the RabbitMQ of this machine, or of CELERIAC_BROKER_URL
    node client.ts          # sends a task, and prints what it came to
    npx celeriac status     # who is online

\`tasks.ts\` declares the tasks, \`worker.ts\` runs them. \`npx celeriac --help\` lists the other commands.
`
})

const text = (...lines: ReadonlyArray<string>): string => `${lines.join("\n")}\n`

/** Each under its own name. */
const modules = (...paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.map((path) => ["import * as", basename(path), "from", JSON.stringify(path)].join(" "))
