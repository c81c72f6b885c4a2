/**
 * The log in a file: lines are appended, each as soon as it is written, and a
 * file that was moved away or removed meanwhile, as `logrotate` does, is begun
 * anew. Nobody has to send a signal.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { closeSync, fstatSync, openSync, statSync, writeSync } from "node:fs"
import { resolve } from "node:path"
import { formatWithOptions } from "node:util"
import { because, type CliFailure } from "../output/CliFailure.ts"

/** Takes what is logged, and what is told on stderr by `Console`, until the scope closes. */
export const layer = (path: string): Layer.Layer<never, CliFailure> =>
  Layer.effect(
    Console.Console,
    Effect.gen(function*() {
      const file = yield* Effect.acquireRelease(open(path), (file) => Effect.sync(() => file.close()))
      const write = (...words: ReadonlyArray<unknown>) => file.write(`${formatWithOptions({}, ...words)}\n`)
      return { ...yield* Console.Console, error: write, warn: write }
    })
  )

/** Fails where it cannot be written, before whoever writes is in the background. */
export const open = (path: string): Effect.Effect<LogFile, CliFailure> =>
  Effect.try({
    try: () => new LogFile(resolve(path)),
    catch: (error) => because(`--logfile ${path} cannot be written: ${error instanceof Error ? error.message : error}`)
  })

class LogFile {
  private readonly path: string
  /** The open file, and what it is on its disk. */
  descriptor: number
  private isOpen = true
  private identity: string

  constructor(path: string) {
    this.path = path
    this.descriptor = openSync(path, "a", 0o644)
    this.identity = identityOf(fstatSync(this.descriptor))
  }

  write(text: string): void {
    // What is told last is told on stderr: the number of the file may be another's by now.
    if (!this.isOpen) return void process.stderr.write(text)
    try {
      this.follow()
      writeSync(this.descriptor, text)
    } catch {
      // A disk that is full, or a folder that is gone, is no reason to stop a worker.
    }
  }

  close(): void {
    this.isOpen = false
    closeSync(this.descriptor)
  }

  private follow(): void {
    const there = statSync(this.path, { throwIfNoEntry: false })
    if (there !== undefined && identityOf(there) === this.identity) return
    const old = this.descriptor
    this.descriptor = openSync(this.path, "a", 0o644)
    this.identity = identityOf(fstatSync(this.descriptor))
    closeSync(old)
  }
}

export type { LogFile }

const identityOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev}:${ino}`
