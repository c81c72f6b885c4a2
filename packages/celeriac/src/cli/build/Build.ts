/**
 * `celeriac build`: one file of a worker and of all that it needs, by esbuild,
 * which users install if they want it.
 *
 * The file runs `Bundled` with the module, which `Gathered` brings. What is not
 * used is left out, amqplib is put in by `AmqpBundling`, and a package that cannot
 * be put in is named, with what to do: see `BuildProblem`.
 */
import * as AmqpBundling from "@celeriac/amqp/AmqpBundling"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Esbuild from "esbuild"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join, relative, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as App from "../app/App.ts"
import { packageVersion } from "../app/Version.ts"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import * as Progress from "../output/Progress.ts"
import * as BuildProblem from "./BuildProblem.ts"
import * as Builtins from "./Builtins.ts"
import type * as Bundled from "./Bundled.ts"
import * as Gathered from "./Gathered.ts"
import * as StaticImports from "./StaticImports.ts"

export interface Options {
  readonly outfile: Option.Option<string>
  readonly external: ReadonlyArray<string>
  readonly minify: boolean
  readonly target: string
  readonly quiet: boolean
}

export const build = Effect.fnUntraced(
  function*(module: Option.Option<string>, options: Options): Effect.fn.Return<void, CliFailure> {
    const since = performance.now() // what is told at the end is the time of the wall
    const file = yield* App.find(module)
    const outfile = yield* outfileOf(file, options)
    const esbuild = yield* found
    const importers = new BuildProblem.Importers()
    const common = settings(outfile, options, importers)
    const gathered = yield* Effect.tryPromise({
      try: async () => {
        const gathered = await Gathered.gather(esbuild, file, common)
        await esbuild.build(whole(file, outfile, gathered.outputFiles[0]?.text ?? "", options, common))
        return gathered
      },
      catch: (error) => BuildProblem.tell(error, importers)
    }).pipe(Progress.during(`builds ${shown(outfile)}`, options))
    keepOwnSources(`${outfile}.map`)
    for (const text of yield* Effect.promise(() => esbuild.formatMessages(gathered.warnings, { kind: "warning" }))) {
      yield* Console.error(text.trimEnd())
    }
    const seconds = (performance.now() - since) / 1000 // as above
    yield* Console.log(
      `${shown(outfile)}  ${sizeOf(outfile)}, ${sizeOf(`${outfile}.map`)} of source map, in ${seconds.toFixed(1)} s`
    )
  }
)

const outfileOf = (file: string, { outfile }: Options): Effect.Effect<string, CliFailure> => {
  const path = resolve(Option.getOrElse(outfile, () => join("dist", basename(file).replace(/\.[cm]?[jt]sx?$/, ".mjs"))))
  if (path === file) return Effect.fail(mistaken(`-o ${shown(path)} is the module itself: name another file`))
  if (!path.endsWith(".mjs") && !path.endsWith(".js")) {
    return Effect.fail(
      mistaken(`-o ${shown(path)} has to end in .mjs, or in .js where a package.json says "type": "module"`)
    )
  }
  return Effect.succeed(path)
}

/** The user's own esbuild: of the project, or beside this package. */
const found: Effect.Effect<typeof Esbuild, CliFailure> = Effect.tryPromise({
  try: () => {
    let path: string | undefined
    try {
      path = createRequire(join(process.cwd(), "package.json")).resolve("esbuild")
    } catch {
      // Beside this package, then.
    }
    return path === undefined
      ? import("esbuild")
      : import(pathToFileURL(path).href).then((module) => module.default ?? module)
  },
  catch: (error) =>
    error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"
      ? because("`celeriac build` needs esbuild, which is not installed here: npm install --save-dev esbuild")
      : because(`esbuild could not be loaded: ${error instanceof Error ? error.message : String(error)}`, error)
})

/** Of both halves. */
const settings = (
  outfile: string,
  { external, target }: Options,
  importers: BuildProblem.Importers
): Esbuild.BuildOptions => ({
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target,
  charset: "ascii",
  legalComments: "none",
  logLevel: "silent",
  logOverride: BuildProblem.levels,
  external: [...external, "esbuild"],
  // A module that starts its worker when it is the main one is not: `Bundled` is.
  define: { "import.meta.main": "false" },
  plugins: [importers.plugin]
})

const whole = (
  file: string,
  outfile: string,
  gathered: string,
  { external, minify }: Options,
  { plugins = [], ...common }: Esbuild.BuildOptions
): Esbuild.BuildOptions => ({
  ...common,
  stdin: { contents: entry, resolveDir: dirname(file), sourcefile: "celeriac-build.js" },
  minify,
  // Nobody reads it, and Node keeps the text.
  minifyWhitespace: true,
  sourcemap: true,
  define: {
    celeriacVersion: JSON.stringify(packageVersion()),
    celeriacModule: JSON.stringify(shown(file))
  },
  // Packages in CommonJS ask for these. What `entry` mentions esbuild names no other thing.
  banner: {
    js: [
      `import { createRequire as celeriacRequire } from "node:module"`,
      `const require = celeriacRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname`
    ].join("\n")
  },
  plugins: [
    ...plugins,
    Gathered.plugin(file, outfile, gathered),
    Builtins.plugin,
    StaticImports.plugin,
    ...(external.includes("amqplib") ? [] : [AmqpBundling.esbuild()])
  ]
})

/** What `Bundled` is called by. */
const main: keyof typeof Bundled = "main"

/** Evaluated in this order: what the module throws is told by what stands before it. */
const entry = [
  `import { ${main} } from ${JSON.stringify(fileURLToPath(import.meta.url).replace(/Build(\.[jt]s)$/, "Bundled$1"))}`,
  `import * as exports from "${Gathered.name}"`,
  `void [typeof require, typeof __filename, typeof __dirname]`,
  `${main}(exports)`,
  ""
].join("\n")

/** The texts of packages are most of a map, and nobody's to debug. */
const keepOwnSources = (path: string): void => {
  const map: { readonly sources: ReadonlyArray<string>; sourcesContent: ReadonlyArray<string | null> } = JSON.parse(
    readFileSync(path, "utf8")
  )
  map.sourcesContent = map.sources.map((source, index) =>
    source.includes("node_modules/") ? null : map.sourcesContent[index] ?? null
  )
  writeFileSync(path, JSON.stringify(map))
}

const shown = (path: string): string => relative(process.cwd(), path)

const sizeOf = (path: string): string => `${Math.round(statSync(path).size / 1000).toLocaleString("en")} kB`
