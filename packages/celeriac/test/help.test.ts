/** What `--help` says of every command, as a person at a terminal reads it. */
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Cli from "../src/cli/Cli.ts"
import { tree } from "../src/cli/commands/Celeriac.ts"
import { celeriac } from "./fixtures/Command.ts"

const helpOf = (path: ReadonlyArray<string>, columns: number | undefined): Effect.Effect<string, unknown> => {
  const said: Array<string> = []
  const args = [...path, "--help"]
  return Effect.flatMap(tree(args), (command) => Cli.run(command, args, { columns })).pipe(
    Effect.provideService(Console.Console, { ...console, log: (text: string) => void said.push(text) }),
    Effect.map(() => said.join("\n"))
  )
}

const paths = Effect.map(tree(["--completions"]), ({ subcommands }) => [
  [],
  ...subcommands.flatMap(({ commands }) => commands).flatMap(({ name, subcommands }) =>
    [undefined, ...subcommands.flatMap(({ commands }) => commands)].map((inner) =>
      inner === undefined ? [name] : [name, inner.name]
    )
  )
])

/** Each flag with all that is said of it, in one line. */
const flagsOf = (help: string): ReadonlyArray<string> => help.split("\n").filter((line) => /^ {2}-/.test(line))

describe("the help", () => {
  for (const columns of [80, 120]) {
    it.effect(`is no wider than a terminal of ${columns} columns, and breaks no word`, () =>
      Effect.gen(function*() {
        for (const path of yield* paths) {
          const [wide, narrow] = [yield* helpOf(path, undefined), yield* helpOf(path, columns)]
          for (const line of narrow.split("\n")) {
            // What is to be copied stays whole.
            if (!/^ {2}(celeriac|#) /.test(line)) assert.isAtMost(line.length, columns, `${path.join(" ")}: ${line}`)
          }
          const words = (text: string) => text.split(/\s+/)
          assert.deepStrictEqual(words(narrow), words(wide))
        }
      }))
  }

  it.effect("says of every flag that takes a value what holds without it", () =>
    Effect.gen(function*() {
      let seen = 0
      for (const path of yield* paths) {
        for (const flag of flagsOf(yield* helpOf(path, undefined))) {
          const takesValue = /^ {2}(-\w, )?--[\w-]+(, --[\w-]+)* [A-Z]/.test(flag.replace(/ {2}(?=\S)[^-].*/, ""))
          if (!takesValue) continue
          seen++
          assert.include(flag, "Default: ", `${path.join(" ")}: ${flag}`)
        }
      }
      assert.isAbove(seen, 100)
    }))

  it("is not shown after a mistake: a sentence is, and how to get it", async () => {
    const { code, stderr, stdout } = await celeriac(["worker", "--que", "a"])
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.match(stderr, /^celeriac worker: there is no flag --que.*\nSee: celeriac worker --help\n$/)
  })
})
