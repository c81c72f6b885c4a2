/** `celeriac build`: its flags. What it does is loaded when it is run. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "./Root.ts"

export const build = Command.make("build", {
  module: Argument.String("module").pipe(
    Argument.withDescription("The module that exports the worker, TypeScript or JavaScript. Default: as -A"),
    Argument.optional
  ),
  outfile: Flag.String("outfile").pipe(
    Flag.withAlias("o"),
    Flag.withMetavar("FILE"),
    Flag.withDescription("Where to write it; the source map goes beside it. Default: dist/<module>.mjs"),
    Flag.optional
  ),
  external: Flag.String("external").pipe(
    Flag.withMetavar("PACKAGE"),
    Flag.withDescription("A package to leave out, to be installed where the file runs. May be repeated. Default: none"),
    Flag.atLeast(0)
  ),
  minify: Flag.Boolean("minify").pipe(
    Flag.withDescription("Make it smaller; names of classes and functions are kept"),
    Flag.withDefault(false)
  ),
  target: Flag.String("target").pipe(
    Flag.withMetavar("TARGET"),
    Flag.withDescription("The oldest Node that is to run it, as esbuild names it. Default: node22.19"),
    Flag.withDefault("node22.19")
  )
}, ({ module, ...options }) =>
  Effect.gen(function*() {
    const { app, quiet } = yield* globals
    const { build } = yield* Effect.promise(() => import("../build/Build.ts"))
    yield* build(Option.orElse(module, () => app), { ...options, quiet })
  })).pipe(
    Command.withDescription(
      "Makes one file of a worker and of all that it needs, amqplib included. It takes the flags of `celeriac worker` but -A, starts in half the time, and runs where nothing is installed but Node. Needs esbuild."
    ),
    Command.withShortDescription("Make one file of a worker"),
    Command.withExamples([
      {
        command: "celeriac build ./worker.ts -o dist/worker.mjs",
        description: "Then: node dist/worker.mjs -Q emails -c 8"
      },
      {
        command: "celeriac build ./worker.ts --minify --external better-sqlite3",
        description: "Smaller, without a package that has a native addon"
      }
    ])
  )
