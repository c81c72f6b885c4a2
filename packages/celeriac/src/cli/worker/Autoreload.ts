/**
 * What `--autoreload` watches and how it tries whether that loads: the files that
 * the user's module is made of, and the command itself in a process of its own.
 *
 * It watches folders, since an editor puts a new file in the place of the old
 * one, and whatever lies in them: a file that is missing may come.
 */
import * as Autoreloader from "@celeriac/worker/boot/Autoreloader"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Latch from "effect/Latch"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { basename, dirname, extname, join } from "node:path"

export interface Options {
  /** What the module is made of. */
  readonly files: ReadonlyArray<string>
  /** The arguments with which the command loads it, and does nothing else. */
  readonly check: ReadonlyArray<string>
  readonly startAnew: Effect.Effect<void>
}

export const layer = ({ check, files, startAnew }: Options): Layer.Layer<never> =>
  Autoreloader.layer({
    watch: (onChange) => Effect.provide(watch(files, onChange), NodeFileSystem.layer),
    check: tried(check),
    startAnew
  })

const endings: ReadonlySet<string> = new Set([".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"])

const watch = (files: ReadonlyArray<string>, onChange: (file: string) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const folders = Array.from(new Set(files.map((file) => dirname(file))))
    for (const folder of folders) {
      const isWatched = Latch.makeUnsafe()
      const changes = Stream.runForEach(
        fileSystem.watch(folder, { onReady: () => void isWatched.openUnsafe() }),
        ({ path }) =>
          endings.has(extname(path)) && !basename(path).startsWith(".")
            ? onChange(join(folder, basename(path)))
            : Effect.void
      )
      yield* Effect.forkScoped(
        changes.pipe(
          Effect.catch((error) => Effect.logError(`autoreload: ${folder} is watched no more: ${error.message}`)),
          Effect.ensuring(isWatched.open)
        )
      )
      yield* isWatched.await
    }
    return folders
  })

/** Longer than any module should take. */
const patience = 60_000

const tried = (args: ReadonlyArray<string>): Effect.Effect<void, Error> =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: patience,
      killSignal: "SIGKILL"
    })
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-10_000)
    })
    child.on("error", (error) => resume(Effect.fail(error)))
    child.on("close", (code, signal) => {
      if (code === 0) return resume(Effect.void)
      const [line = ""] = said.trimStart().split("\n")
      const why = line.replace(/^celeriac: /, "")
      resume(
        Effect.fail(new Error(why.trim() !== "" ? why : `it could not be loaded: ${signal ?? `exit code ${code}`}`))
      )
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
