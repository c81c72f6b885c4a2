/** `celeriac multi`: starts, stops and shows several workers of this machine, as `celery multi` does. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"
import { packageVersion } from "../app/Version.ts"
import * as Globals from "../flags/Globals.ts"
import { CliFailure, mistaken } from "../output/CliFailure.ts"
import * as Style from "../output/Style.ts"
import * as Cluster from "./Cluster.ts"
import type { Node } from "./Node.ts"
import * as Nodes from "./Nodes.ts"
import * as Options from "./Options.ts"

/** `before` stands before the name of the command, `args` behind it. `program` is what is to be started, and what shows. */
export const run = (
  before: ReadonlyArray<string>,
  args: ReadonlyArray<string>,
  program: Nodes.Program = own
): Effect.Effect<void, CliFailure> => {
  const all = [...args, ...before]
  const has = (...names: ReadonlyArray<string>) => all.some((arg) => names.includes(arg))
  const said: Said = {
    isSilent: has("--nosplash"),
    isQuiet: has("--quiet", "-q"),
    isVerbose: has("--verbose"),
    style: Style.make(Globals.wantsColors({ noColor: has("--no-color") }, process.stdout))
  }
  const [verb, ...rest] = all.filter((arg) => !reserved.has(arg))
  return verb === undefined || verb.startsWith("-") ? refuse(said, undefined) : perform(said, program, verb, rest)
}

interface Said {
  /** Without the program's name. */
  readonly isSilent: boolean
  readonly isQuiet: boolean
  readonly isVerbose: boolean
  readonly style: Style.Style
}

const reserved: ReadonlySet<string> = new Set(["--nosplash", "--quiet", "-q", "--verbose", "--no-color"])

/** This program, as it was started. */
const own: Nodes.Program = {
  executable: process.execPath,
  command: [...process.execArgv, process.argv[1] ?? fileURLToPath(import.meta.url), "worker", "--detach"]
}

const perform = (
  said: Said,
  program: Nodes.Program,
  verb: string,
  args: ReadonlyArray<string>
): Effect.Effect<void, CliFailure> => {
  const nodes = (args: ReadonlyArray<string>) =>
    Effect.mapError(
      Effect.fromResult(Nodes.make(Options.parse(args), program)),
      (message) => mistaken(message, "multi")
    )
  const each = (line: (node: Node) => string) =>
    Effect.flatMap(nodes(args), (all) => Console.log(all.map(line).join("\n")))
  const signal = signalIn(args)
  const told = telling(said)
  const withSplash = <E>(effect: Effect.Effect<void, E>) => Effect.andThen(splash(said), effect)
  switch (verb) {
    case "start":
      return withSplash(Effect.flatMap(nodes(args), (all) =>
        Effect.andThen(
          Effect.sync(() => note(said, "> Starting nodes...\n")),
          Effect.flatMap(Cluster.start(all, told), outcome)
        )))
    case "stop":
      return withSplash(Effect.flatMap(nodes(args), (all) => Cluster.stop(all, told, { signal, wait: false })))
    case "stopwait":
    case "stop_verify":
      return withSplash(Effect.flatMap(nodes(args), (all) => Cluster.stop(all, told, { signal, wait: true })))
    case "restart":
      return withSplash(
        Effect.flatMap(nodes(args), (all) => Effect.flatMap(Cluster.restart(all, told, signal), outcome))
      )
    case "kill":
      return withSplash(Effect.flatMap(nodes(args), (all) => Cluster.kill(all, told)))
    case "show":
      return each(({ executable, line }) => `${executable} ${line}`)
    case "names":
      return each(({ name }) => name)
    case "expand": {
      const [template = "", ...others] = args
      return Effect.flatMap(nodes(others), (all) => Console.log(all.map((node) => node.expand(template)).join("\n")))
    }
    case "get": {
      const [wanted, ...others] = args
      return Effect.flatMap(nodes(others), (all) => {
        const found = all.find(({ name }) => name === wanted)
        return found === undefined ? Effect.fail(failure) : Console.log(found.line)
      })
    }
    case "help":
      return usage(said)
    default:
      return refuse(said, `Invalid command: ${verb}`)
  }
}

/** It has been told. */
const failure = new CliFailure({ message: "", exitCode: 1 })

const outcome = (all: boolean): Effect.Effect<void, CliFailure> => all ? Effect.void : Effect.fail(failure)

const refuse = (said: Said, message: string | undefined): Effect.Effect<never, CliFailure> =>
  Effect.andThen(
    message === undefined ? usage(said) : Effect.andThen(Console.error(message), usage(said)),
    Effect.fail(failure)
  )

const signalIn = (args: ReadonlyArray<string>) => {
  const known: Readonly<Record<string, number>> = constants.signals
  const number = Options.signalAmong(args, (name) => known[name]) ?? known["SIGTERM"]!
  const name = Object.keys(known).find((name) => known[name] === number)
  return { number, name: name?.slice(3) ?? String(number) }
}

const note = ({ isQuiet }: Said, text: string): void => {
  if (!isQuiet) process.stdout.write(text)
}

const telling = (said: Said): Cluster.Told => {
  const { error, name: strong, ok } = said.style
  const say = (text: string) => note(said, text)
  return {
    starting: ({ name }) => say(`\t> ${name}: `),
    restarting: ({ name }) => say(strong(`> Restarting node ${name}: `)),
    spawned: ({ executable, line }) => said.isVerbose && say(`  ${executable} ${line}\n`),
    signalled: (signal) => say(`* Child was terminated by signal ${constants.signals[signal]}\n`),
    failed: (code) => say(`* Child terminated with exit code ${code}\n`),
    status: (failed) => say(`${failed ? error("FAILED") : ok("OK")}\n`),
    down: ({ name }) => say(`> ${name}: ${error("DOWN")}\n`),
    stopping: () => say(`${strong("> Stopping nodes...")}\n`),
    sending: ({ name }, signal, pid) => say(`\t> ${name}: ${signal} -> ${pid}\n`),
    killing: ({ name }, signal, pid) => say(`Sending ${signal} to node ${name} (${pid})\n`),
    dead: ({ name }, pid) => say(`Could not signal ${name} (${pid}): No such process\n`),
    waitingFor: (pids) =>
      say(strong(`> Waiting for ${pids.length} ${pids.length === 1 ? "node" : "nodes"} -> ${pids.join(", ")}...`)),
    waiting: () => say("."),
    waited: () => say("\n"),
    stopped: ({ name }) => say(`\n\t> ${name}: ${ok("OK")}\n`)
  }
}

const splash = (said: Said): Effect.Effect<void> =>
  Effect.sync(() => {
    if (!said.isSilent) note(said, `${said.style.name(`celeriac multi v${packageVersion()}`)}\n`)
  })

const usage = (said: Said): Effect.Effect<void> => Effect.andThen(splash(said), Console.log(text))

const text = `usage: celeriac multi start <node1 node2 nodeN|range> [worker options]
       celeriac multi stop <n1 n2 nN|range> [-SIG (default: -TERM)]
       celeriac multi stopwait <n1 n2 nN|range> [-SIG (default: -TERM)]
       celeriac multi restart <n1 n2 nN|range> [-SIG] [worker options]
       celeriac multi kill <n1 n2 nN|range>

       celeriac multi show <n1 n2 nN|range> [worker options]
       celeriac multi get hostname <n1 n2 nN|range> [-qv] [worker options]
       celeriac multi names <n1 n2 nN|range>
       celeriac multi expand template <n1 n2 nN|range>
       celeriac multi help

additional options (must appear after command name):

    * --nosplash:   Don't display program info.
    * --quiet:      Don't show as much output.
    * --verbose:    Show more output.
    * --no-color:   Don't display colors.
`
