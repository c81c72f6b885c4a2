/** What real Celery 5.7.0 has, by what it says of itself: `fixtures/captured.py`. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"
import * as Elsewhere from "../src/cli/output/Elsewhere.ts"
import * as Settings from "../src/Settings.ts"
import { fixture } from "./fixtures/Command.ts"
import { celeriac } from "./fixtures/InProcess.ts"

const celery: {
  readonly version: string
  readonly settings: ReadonlyArray<string>
  readonly options: Readonly<Record<string, ReadonlyArray<string>>>
} = JSON.parse(readFileSync(fixture("celery-5.7.0.json"), "utf8"))

describe("what Celery 5.7.0 has", () => {
  it("of settings is a setting here, what is done anyway, or told with what to do instead", () => {
    const ours = new Set(Object.values(Settings.table).map(({ celery }) => celery))
    assert.isAbove(celery.settings.length, 200)
    for (const name of celery.settings.filter((name) => !ours.has(name))) {
      // No setting of Celery's has such a value.
      const read = Settings.fromCeleryResult({ [name]: Symbol.for("other") })
      const message = read._tag === "Failure" ? read.failure.message : ""
      assert.match(
        message,
        new RegExp(`^settings: ${name} is (always |a setting of Celery .*: leave it out, (and|for) )`)
      )
    }
  })

  const deviations: ReadonlyArray<readonly [command: string, flags: ReadonlyArray<string>]> = [
    ["", ["--loader", "--skip-checks"]],
    ["shell", ["--bpython", "--eventlet", "--gevent", "--ipython", "--python", "-B", "-I"]],
    ["worker", ["--pool-start-method"]]
  ]
  const missing = new Map(deviations)

  for (const [path, options] of Object.entries(celery.options)) {
    const names = path.split(" ").filter((name) => name !== "")
    if (Elsewhere.commands.has(names[0] ?? "")) continue
    it(`of options of celery ${path} is an option here, or told with what to do instead`, async () => {
      const { code, stderr, stdout } = await celeriac([...names, "--help"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      const flags = new Set(
        Array.from(
          stripVTControlCharacters(stdout).matchAll(/^ {2}(-[^ ,]*(?:, -[^ ,]*)*)/gm),
          ([, all = ""]) => all.split(", ")
        ).flat()
      )
      // A flag that says yes says no behind these.
      const isThere = (option: string) => flags.has(option) || flags.has(option.replace(/^--no-/, "--"))
      const lacking = options.filter((option) => !isThere(option))
      assert.deepStrictEqual(lacking, missing.get(path) ?? [])
      for (const option of lacking.filter((option) => option.startsWith("--"))) {
        assert.isTrue(Elsewhere.flags.has(option), option)
      }
    })
  }

  it("and is not here is told with what to do instead", async () => {
    const told = async (...args: ReadonlyArray<string>) => (await celeriac(args)).stderr.split("\n")[0]
    assert.include(
      await told("--skip-checks", "status"),
      "there is no --skip-checks of Celery's here: nothing is checked"
    )
    assert.include(await told("shell", "--ipython"), "there is no --ipython of Celery's here: the shell is Node's own")
    assert.include(
      await told("logtool", "stats"),
      "there is no logtool of Celery's here: `celeriac worker --json-logs`"
    )
  })
})
