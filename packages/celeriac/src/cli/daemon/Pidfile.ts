/**
 * A file with the id of a process, as Celery's: one that is there and whose
 * process lives keeps a second one from starting; of one that is dead, or of
 * this very process, nothing is left. It is removed when the process ends,
 * whichever way it does.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs"
import { resolve } from "node:path"
import { because, CliFailure } from "../output/CliFailure.ts"

/** Until the scope closes, or the process ends. */
export const hold = (path: string): Effect.Effect<void, CliFailure, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(acquire(path), (remove) => Effect.sync(remove)))

/** Fails while the process lives that the file names. */
export const check = (path: string): Effect.Effect<void, CliFailure> =>
  Effect.suspend(() => {
    const other = holderOf(path)
    switch (other) {
      case undefined:
        return Effect.void
      case "broken":
        process.stderr.write("Broken pidfile found - Removing it.\n")
        return forget(path)
    }
    if (other === process.pid) return forget(path)
    if (!isAlive(other)) {
      process.stderr.write("Stale pidfile exists - Removing it.\n")
      return forget(path)
    }
    return Effect.fail(
      new CliFailure({
        message: `Pidfile (${path}) already exists.\nSeems we're already running? (pid: ${other})`,
        exitCode: cannotCreate,
        speaker: "ERROR"
      })
    )
  })

/** The id in the file, if there is one that is whole. */
export const read = (path: string): number | undefined => {
  const holder = holderOf(path)
  return holder === "broken" ? undefined : holder
}

/** `EX_CANTCREAT`. */
const cannotCreate = 73

const acquire = (shown: string): Effect.Effect<() => void, CliFailure> =>
  Effect.andThen(
    check(shown),
    Effect.try({
      try: () => {
        // A program may enter another folder.
        const path = resolve(shown)
        // Of two that come at once, one fails here.
        const file = openSync(path, "wx", 0o644)
        try {
          writeSync(file, `${process.pid}\n`)
          fsyncSync(file)
        } finally {
          closeSync(file)
        }
        const remove = () => {
          process.removeListener("exit", remove)
          // It may be somebody else's by now.
          if (read(path) === process.pid) removeFile(path)
        }
        process.on("exit", remove)
        return remove
      },
      catch: (error) => notWritten(shown, error)
    })
  )

const holderOf = (path: string): number | "broken" | undefined => {
  const text = textOf(path)
  if (text === undefined) return undefined
  return /^\d+\r?\n/.test(text) ? Number.parseInt(text, 10) : "broken"
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    // What cannot be read is told when it is to be written.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined // as Node's own always are
    return ""
  }
}

/** As Celery has it, a process of somebody else's is not the one that wrote the file. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const forget = (path: string): Effect.Effect<void, CliFailure> =>
  Effect.try({ try: () => removeFile(path), catch: (error) => notWritten(path, error) })

const removeFile = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error // as Node's own always are
  }
}

const notWritten = (path: string, error: unknown): CliFailure =>
  because(`--pidfile ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
