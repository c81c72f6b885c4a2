import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as Guardian from "../../src/pool/internal/Guardian.ts"
import { offspring, until } from "./processes.ts"

/** A process that does not end by itself. */
const sleeper = (): ChildProcess => spawn("sleep", ["1000"], { stdio: "ignore" })

/** By what it is told to run. */
const isGuardian = (shell: string) => (pid: number): boolean => {
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
  return command.startsWith(shell) || command.includes("readline")
}

describe.each([["a shell", "/bin/sh"], ["Node, where there is no shell", "/absent/sh"]])(
  "a guardian of %s",
  (_, shell) => {
    it.live("ends whom it guards when its pipe closes, and nobody whom it was told to forget", () =>
      Effect.gen(function*() {
        const [guarded, other, forgotten] = [sleeper(), sleeper(), sleeper()]
        const ended = [guarded, other].map((child) => once(child, "exit"))
        yield* Effect.scoped(Effect.gen(function*() {
          const guardian = yield* Guardian.make(shell)
          for (const child of [guarded, forgotten, other]) guardian.guard(child.pid!)
          guardian.forget(forgotten.pid!)
          yield* Effect.promise(() => until(() => offspring(process.pid).some(isGuardian(shell)), (isThere) => isThere))
        }))
        for (const exit of yield* Effect.promise(() => Promise.all(ended))) {
          assert.deepStrictEqual(exit, [null, "SIGKILL"])
        }
        assert.isNull(forgotten.exitCode ?? forgotten.signalCode)
        forgotten.kill("SIGKILL")
      }))
  }
)
