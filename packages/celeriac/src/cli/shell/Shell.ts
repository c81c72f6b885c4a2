/** `celeriac shell`: a prompt with the application, its tasks, and remote control at hand; or one program from a pipe. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import { join } from "node:path"
import { Recoverable, type REPLServer, start } from "node:repl"
import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import type { Context } from "node:vm"
import { harmless } from "../../internal/Harmless.ts"
import * as Verb from "../app/Verb.ts"
import { packageVersion } from "../app/Version.ts"
import * as Globals from "../flags/Globals.ts"
import { because, type CliFailure } from "../output/CliFailure.ts"
import * as Style from "../output/Style.ts"
import * as Bindings from "./Bindings.ts"
import * as Evaluation from "./Evaluation.ts"

export interface Flags {
  /** To be run instead of what is typed. */
  readonly evaluate: Option.Option<string>
  readonly withoutTasks: boolean
}

export const open = (globals: Globals.Globals, flags: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.scoped(Effect.gen(function*() {
      const bindings = yield* Effect.acquireRelease(
        Effect.sync(() => Bindings.make(verb, flags.withoutTasks)),
        ({ close }) => Effect.promise(close)
      )
      if (Option.isSome(flags.evaluate)) return yield* script(globals, bindings, flags.evaluate.value)
      if (process.stdin.isTTY === true) return yield* prompt(globals, bindings)
      yield* Effect.flatMap(Effect.promise(() => text(process.stdin)), (code) => script(globals, bindings, code))
    })))

const give = (context: Context, { names }: Bindings.Bindings): void => {
  for (const [name, value] of Object.entries(names)) {
    // A name of the module's may be one that Node has: it counts.
    Object.defineProperty(context, name, { value, writable: true, enumerable: true, configurable: true })
  }
}

/** The whole of a program: what its last line comes to is printed. It has Node's own globals, and so its console. */
const script = (globals: Globals.Globals, bindings: Bindings.Bindings, code: string): Effect.Effect<void, CliFailure> =>
  Effect.callback((resume) => {
    const output = new PassThrough()
    const server = start({ input: new PassThrough(), output, terminal: false, prompt: "", useGlobal: true })
    give(server.context, bindings)
    const end = (ended: Effect.Effect<void, CliFailure>) => {
      server.close()
      resume(ended)
    }
    // What is thrown at once is told on its output alone.
    output.on("data", (said: Buffer) => {
      const [, error] = /^Uncaught:?\s+([^]+)$/.exec(String(said)) ?? []
      if (error !== undefined) end(Effect.fail(because(error.split("\n    at ")[0]?.trim() ?? "")))
    })
    const { evaluate } = Evaluation.make(server.eval)
    evaluate.call(server, `${code}\n`, server.context, "celeriac-shell", (error, value: unknown) => {
      if (error !== null) return end(Effect.fail(failure(error)))
      if (value !== undefined) process.stdout.write(`${shown(value, globals)}\n`)
      end(Effect.void)
    })
  })

/** Text as it is: for programs. */
const shown = (value: unknown, globals: Globals.Globals): string =>
  typeof value === "string"
    ? process.stdout.isTTY === true ? harmless(value) : value
    : Evaluation.show(value, Globals.wantsColors(globals, process.stdout))

const failure = (thrown: Error): CliFailure => {
  const error = thrown instanceof Recoverable ? thrown.err : thrown
  return because(`${error.name}: ${error.message}`)
}

/** Until it is left. */
const prompt = (globals: Globals.Globals, bindings: Bindings.Bindings): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const colors = Globals.wantsColors(globals, process.stdout)
    if (!globals.quiet) process.stdout.write(`${banner(bindings, Style.make(colors))}\n`)
    const server = start({
      prompt: colors ? "\x1b[32mceleriac>\x1b[0m " : "celeriac> ",
      useColors: colors,
      ignoreUndefined: true,
      writer: (value: unknown) => Evaluation.show(value, colors)
    })
    give(server.context, bindings)
    server.on("reset", (context: Context) => give(context, bindings))
    const waiting = Evaluation.make(server.eval) // Node gives the property to be written to, and declares it otherwise.
    ;(server as { eval: Evaluation.Evaluate }).eval = waiting.evaluate
    server.prependListener("SIGINT", () => void waiting.interrupt())
    complete(server, bindings)
    remember(server)
    server.once("exit", () => resume(Effect.void))
    return Effect.sync(() => server.close())
  })

const banner = ({ tasks }: Bindings.Bindings, style: Style.Style): string => {
  const names = Object.keys(tasks)
  return [
    `${
      style.strong("celeriac shell")
    } ${packageVersion()}, Node ${process.versions.node}. .help has the commands, .exit ends.`,
    `  ${
      style.name("app client control inspect result(id) send(name, args, kwargs) chain group chord signature Effect")
    }`,
    ...names.length === 0 ? [] : [`  tasks: ${names.join(", ")}`],
    ""
  ].join("\n")
}

/** In quotes, the names of tasks; else as Node completes. */
const complete = (server: REPLServer, { tasks }: Bindings.Bindings): void => {
  const original = server.completer
  const completer: typeof original = (line: string, done) => {
    const [, typed] = /["'`]([\w.]*)$/.exec(line) ?? []
    const names = typed === undefined ? [] : Object.keys(tasks).filter((name) => name.startsWith(typed))
    return names.length > 0 && typed !== undefined ? done(null, [names, typed]) : original.call(server, line, done)
  } // As above.
  ;(server as { completer: typeof original }).completer = completer
}

/** Over sessions, in a file that its user alone reads; empty is none. */
const remember = (server: REPLServer): void => {
  const file = process.env["CELERIAC_HISTORY"] ?? join(homedir(), ".celeriac_history")
  if (file !== "") server.setupHistory(file, () => {})
}
