/**
 * What is published works where nothing of this checkout is: the packages are
 * built and packed, installed into an empty project, imported by every one of
 * their paths, type-checked, and the quick start runs there.
 *
 * Packing happens in a copy, because it swaps manifests for a moment.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { problemOf } from "../packages/celeriac/src/internal/NodeVersion.ts"
import { filesIn } from "../scripts/files.mjs"
import { restore } from "../scripts/publish-exports.mjs"
import { environment, packages, root } from "../scripts/workspace.mjs"

const scratch = mkdtempSync(join(tmpdir(), "celeriac-packaging-"))
const copy = join(scratch, "checkout")
const tarballs = join(scratch, "tarballs")
const consumer = join(scratch, "consumer")
const tsc = join(root, "node_modules", "typescript", "bin", "tsc")

/** What a command prints; its output is the error when it fails. */
const run = (command: string, args: ReadonlyArray<string>, cwd: string, seconds = 120): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: environment({ NO_COLOR: "1" }),
    timeout: seconds * 1000
  })
  const said = `${command} ${args.slice(0, 3).join(" ")}: ${error?.message ?? ""}\n${stdout}\n${stderr}`
  assert.strictEqual(status, 0, said)
  return stdout
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const manifestIn = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

const names = packages.map((name) => manifestIn(join(root, "packages", name)).name)

const installed = (name: string): string => join(consumer, "node_modules", name)

/** Every import path that a package offers, with its file. */
const pathsOf = (name: string): ReadonlyArray<readonly [path: string, file: string]> => {
  const dist = join(installed(name), "dist")
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js") && !/(^|\/)internal\//.test(file))
    .map((file) => [file === "index.js" ? name : `${name}/${file.slice(0, -3)}`, file] as const)
}

/** The folders of a package that are nobody's business. */
const internalsOf = (name: string): ReadonlyArray<string> =>
  readdirSync(join(installed(name), "dist"), { recursive: true, encoding: "utf8" })
    .filter((file) => /(^|\/)internal$/.test(file))
    .map((folder) => `${name}/${folder}/anything`)

/** Modules are safe to import; entry points run, and `testing` needs a test runner. */
const isModule = (file: string): boolean =>
  file === "index.js" || /(^|\/)[A-Z]\w*\.js$/.test(file) && !file.includes("testing/")

const manifests = (): ReadonlyArray<string> =>
  packages.map((name) => readFileSync(join(copy, "packages", name, "package.json"), "utf8"))

/** A Node of this machine that is too old, if it has one. */
const oldNode = ["/usr/bin/node", "/usr/local/bin/node"].flatMap((path) => {
  const version = spawnSync(path, ["--version"], { encoding: "utf8" }).stdout?.trim().slice(1) ?? ""
  return version !== "" && problemOf(version, path) !== undefined ? [{ path, version }] : []
})[0]

/** What whoever installs celeriac installs beside it. */
const neededPeers = (): Readonly<Record<string, string>> => {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestIn(join(root, "packages", "celeriac"))
  return Object.fromEntries(
    Object.entries(peerDependencies).filter(([name]) => peerDependenciesMeta[name]?.optional !== true)
  )
}

let before: ReadonlyArray<string> = []

beforeAll(() => {
  run(process.execPath, [join(root, "scripts", "build.mjs")], root)
  for (const folder of [copy, tarballs, consumer]) mkdirSync(folder)
  cpSync(join(root, "scripts"), join(copy, "scripts"), { recursive: true })
  for (const name of packages) {
    cpSync(join(root, "packages", name), join(copy, "packages", name), {
      recursive: true,
      filter: (path) => !path.includes("node_modules")
    })
  }
  const workspace = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  writeFileSync(join(copy, "package.json"), JSON.stringify({ ...workspace, workspaces: ["packages/*"] }))
  before = manifests()
  run("npm", ["pack", "--workspaces", "--pack-destination", tarballs, "--loglevel=error"], copy)

  const peers = neededPeers()
  writeFileSync(
    join(consumer, "package.json"),
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: {
        ...peers,
        "typescript-5.9": "npm:typescript@~5.9.3",
        ...Object.fromEntries(
          readdirSync(tarballs).map((file) => {
            const name = names.find((name) => file.startsWith(`${name.replace("@", "").replace("/", "-")}-0`))
            return [name ?? file, `file:${join(tarballs, file)}`]
          })
        )
      }
    })
  )
  // Without --prefer-offline: the newest patches that the peers allow are the ones to be tested with.
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], consumer, 180)
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("the published packages", () => {
  it("are all there", () => {
    assert.strictEqual(readdirSync(tarballs).length, packages.length)
    for (const name of names) assert.isTrue(existsSync(join(installed(name), "package.json")), name)
  })

  it("leave the manifests of the checkout as they were", () => {
    assert.deepStrictEqual(manifests(), before)
    assert.deepStrictEqual(filesIn(join(copy, "packages"), ".saved", ".swapped", ".half"), [])
  })

  it("get their manifests back after a pack that was cut short", () => {
    const folder = join(copy, "packages", packages[0]!)
    const script = join(copy, "scripts", "publish-exports.mjs")
    for (let times = 0; times < 2; times++) execFileSync(process.execPath, [script, "on"], { cwd: folder })
    assert.notStrictEqual(readFileSync(join(folder, "package.json"), "utf8"), before[0])
    restore([folder])
    assert.deepStrictEqual(manifests(), before)
  })

  it("carry code, types, maps, sources, README and licence, and no tests", () => {
    for (const name of names) {
      const files = readdirSync(installed(name))
      for (const wanted of ["dist", "src", "README.md", "LICENSE"]) assert.include(files, wanted, name)
      assert.notInclude(files, "test", name)
      for (const file of ["index.js", "index.js.map", "index.d.ts", "index.d.ts.map"]) {
        assert.isTrue(existsSync(join(installed(name), "dist", file)), `${name}/dist/${file}`)
      }
    }
  })

  it("name no TypeScript file at run time", () => {
    for (const name of names) {
      for (const file of filesIn(installed(name), ".js")) assert.fail(`${file} lies outside dist`)
      const folder = join(installed(name), "dist")
      const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"))
      // What this one has in it are the files of a new project, which are TypeScript.
      for (const file of scripts.filter((file) => file !== join("cli", "app", "New.js"))) {
        const code = readFileSync(join(folder, file), "utf8").replace(/^\s*(\*|\/[/*]).*$/gm, "")
        assert.deepStrictEqual(code.match(/["'`]\.{1,2}\/[^"'`\n]*\.ts["'`]/g) ?? [], [], relative(consumer, file))
      }
    }
  })

  it("can be imported by every path, and not by internal ones", () => {
    const paths = names.flatMap(pathsOf)
    const modules = paths.filter(([, file]) => isModule(file)).map(([path]) => path)
    writeFileSync(
      join(consumer, "paths.mjs"),
      [
        `import { existsSync } from "node:fs"`,
        `import { fileURLToPath } from "node:url"`,
        `for (const path of ${JSON.stringify(paths.map(([path]) => path))}) {`,
        `  if (!existsSync(fileURLToPath(import.meta.resolve(path)))) throw new Error(path)`,
        `}`,
        `for (const path of ${JSON.stringify(modules)}) await import(path)`,
        `for (const path of ${JSON.stringify(names.flatMap(internalsOf))}) {`,
        `  try {`,
        `    import.meta.resolve(path)`,
        `  } catch { continue }`,
        `  throw new Error(path + " can be imported")`,
        `}`
      ].join("\n")
    )
    run(process.execPath, ["paths.mjs"], consumer)
    assert.isAbove(modules.length, packages.length)
  })

  it.skipIf(oldNode === undefined)(
    "say on a Node that is too old that it is, by every path that programs import",
    () => {
      // `promise/` and `cli/` are what is behind `celeriac/promise` and the command.
      const paths = pathsOf("celeriac").filter(([, file]) => !file.includes("/")).map(([path]) => path)
      writeFileSync(
        join(consumer, "old.mjs"),
        [
          `for (const path of ${JSON.stringify(paths)}) {`,
          `  const said = await import(path).then(() => "nothing", (error) => error.message)`,
          `  console.log(path + ": " + said)`,
          `}`
        ].join("\n")
      )
      const sentence = `celeriac needs Node 22.19 or newer, and this is ${oldNode?.version} (${oldNode?.path}).`
      assert.deepStrictEqual(
        run(oldNode!.path, ["old.mjs"], consumer).trim().split("\n"),
        paths.map((path) => `${path}: ${sentence}`)
      )
      for (
        const args of [[join(installed("celeriac"), "dist", "cli", "main.js")], [
          "--import",
          "celeriac/preload",
          "old.mjs"
        ]]
      ) {
        const { status, stderr, stdout } = spawnSync(oldNode!.path, args, { cwd: consumer, encoding: "utf8" })
        assert.deepStrictEqual([status, stdout], [1, ""])
        assert.include(stderr, sentence)
      }
    }
  )

  it("bring types for every path", () => {
    const modules = names.flatMap(pathsOf).filter(([, file]) => isModule(file)).map(([path]) => path)
    writeFileSync(
      join(consumer, "types.ts"),
      modules.map((path, index) => `export type M${index} = typeof import("${path}")`).join("\n")
    )
    writeFileSync(
      join(consumer, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2024",
          lib: ["ES2024"],
          module: "NodeNext",
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          types: ["node"],
          typeRoots: [join(root, "node_modules", "@types")]
        },
        files: ["types.ts"]
      })
    )
    run(process.execPath, [tsc, "-p", "."], consumer)
  })

  it("are typed for TypeScript 5.9 and 7, nodenext and bundler, with exact optionals or not, with Node's types or not", () => {
    cpSync(join(root, "test", "packaging", "program.ts"), join(consumer, "program.ts"))
    const api = join(consumer, "node_modules", "typescript-5.9", "lib", "typescript.js")
    const types = join(root, "node_modules", "@types")
    const script = join(root, "test", "packaging", "compile.mjs")
    assert.strictEqual(run(process.execPath, [script, "program.ts", api, tsc, types], consumer), "")
  })

  it("run with the newest patch of Effect that there is", () => {
    for (const [name, range] of Object.entries(neededPeers())) {
      assert.match(range, /^~\d+\.\d+\.\d+$/)
      const newest: unknown = JSON.parse(run("npm", ["view", `${name}@${range}`, "version", "--json"], consumer))
      assert.strictEqual(manifestIn(installed(name)).version, Array.isArray(newest) ? newest.at(-1) : newest, name)
    }
  })

  it("run the quick start", () => {
    for (const file of ["main.ts", "show.ts"]) {
      cpSync(join(root, "examples", "01-quickstart", file), join(consumer, file))
    }
    run(process.execPath, ["main.ts"], consumer, 50)
  })

  it("bring the test kit, which needs no test runner", () => {
    writeFileSync(
      join(consumer, "kit.mjs"),
      [
        `import * as Client from "celeriac/Client"`,
        `import * as Task from "celeriac/Task"`,
        `import { TestClock, TestWorker } from "celeriac/testing"`,
        `import * as Effect from "effect/Effect"`,
        `const hello = Task.make("hello")`,
        `const program = Effect.gen(function*() {`,
        `  const sent = yield* (yield* Client.Client).applyAsync(hello, {}, { countdown: "1 day" })`,
        `  yield* TestClock.adjust("1 day")`,
        `  yield* sent.get()`,
        `})`,
        `const worker = TestWorker.layer({ tasks: [hello.toLayer(() => Effect.void)] })`,
        `await Effect.runPromise(program.pipe(Effect.provide(worker), Effect.provide(TestClock.layer())))`
      ].join("\n")
    )
    run(process.execPath, ["kit.mjs"], consumer, 30)
  })

  it("let children of pools load one file in the place of its modules, where it was made of the same versions, and little of Node", () => {
    writeFileSync(
      join(consumer, "pooled.mjs"),
      [
        `import * as Task from "celeriac/Task"`,
        `import * as Worker from "celeriac/Worker"`,
        `import * as Effect from "effect/Effect"`,
        `import * as Schema from "effect/Schema"`,
        `export const where = Task.make("where", { success: Schema.Array(Schema.String) })`,
        `const found = ["effect/Effect", "effect/Stream"].map((path) => import.meta.resolve(path))`,
        // Of Node: what takes megabytes, and what tasks may never need.
        `const loaded = ["crypto", "internal/fs/promises", "worker_threads"]`,
        `  .filter((name) => process.moduleLoadList.includes("NativeModule " + name))`,
        `const told = [...found, ...loaded]`,
        `export default Worker.make({ program: import.meta.url, tasks: [where.toLayer(() => Effect.succeed(told))] })`
      ].join("\n")
    )
    writeFileSync(
      join(consumer, "asks.mjs"),
      [
        `import * as Client from "celeriac/Client"`,
        `import * as TestWorker from "@celeriac/worker/testing/TestWorker"`,
        `import * as Effect from "effect/Effect"`,
        `import worker, { where } from "./pooled.mjs"`,
        `const asked = Effect.flatMap(Client.Client, (client) => client.execute(where, {}))`,
        `const of = (pool) => TestWorker.of(worker.with({ concurrency: 1, settings: { pool, procAliveTimeout: 30_000 } }))`,
        `const told = Effect.forEach(["threads", "processes"], (pool) => Effect.provide(asked, of(pool)))`,
        `console.log(JSON.stringify(await Effect.runPromise(told)))`,
        `process.exit()`
      ].join("\n")
    )
    const isSame = manifestIn(installed("effect")).version === manifestIn(join(root, "node_modules", "effect")).version
    const told: ReadonlyArray<ReadonlyArray<string>> = JSON.parse(
      run(process.execPath, ["asks.mjs"], consumer, 60).trim().split("\n").at(-1) ?? ""
    )
    const condensed = told.map((urls) => urls.slice(0, 2).map((url) => url.includes("/child/condensed/")))
    assert.deepStrictEqual(condensed, [[isSame, false], [isSame, false]])
    assert.deepStrictEqual(told.map((names) => names.slice(2)), [["worker_threads"], []])
  })

  it("bring the celeriac command", () => {
    const { version } = manifestIn(join(root, "packages", "celeriac"))
    assert.include(run("npx", ["--no-install", "celeriac", "--version"], consumer, 30), version)
  })

  it("ask for esbuild when a worker is to become one file and it is not installed, and take it when it is", () => {
    writeFileSync(
      join(consumer, "worker.ts"),
      `import * as Worker from "celeriac/Worker"\nexport default Worker.make({ tasks: [] })\n`
    )
    const build = () =>
      spawnSync("npx", ["--no-install", "celeriac", "build", "worker.ts"], {
        cwd: consumer,
        encoding: "utf8",
        env: environment()
      })
    const refused = build()
    assert.strictEqual(refused.status, 1)
    assert.strictEqual(
      refused.stderr,
      "celeriac: `celeriac build` needs esbuild, which is not installed here: npm install --save-dev esbuild\n"
    )
    const esbuild = join(consumer, "node_modules", "esbuild")
    symlinkSync(join(root, "node_modules", "esbuild"), esbuild)
    try {
      assert.include(run("npx", ["--no-install", "celeriac", "build", "worker.ts"], consumer, 60), "dist/worker.mjs")
      assert.include(run(process.execPath, ["dist/worker.mjs", "--version"], consumer, 30), "celeriac v")
    } finally {
      rmSync(esbuild)
    }
  })
})
