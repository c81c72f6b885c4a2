/** What a module of `-A` adds to the command line: options of every command, commands, options of its steps. */
import { assert, describe, it } from "@effect/vitest"
import * as CliCommand from "celeriac/CliCommand"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { celeriac, fixture } from "./fixtures/Command.ts"

const module = ["-A", fixture("template.ts")]

describe("options of every command", () => {
  it("are asked before any, whether they were said or not; what they give counts as the module's", async () => {
    const { code, stderr, stdout } = await celeriac([...module, "-Z", "wide", "report"])
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, /^template: wide\n[^]*broker_url: 'memory:\/\/local'[^]*task_default_queue: 'wide'/)
    const worker = await celeriac(["worker", ...module, "--template=wide", "-c", "3"], {
      signals: [["ready.", "SIGTERM"]],
      env: { CELERIAC_DEFAULT_QUEUE: "elsewhere" }
    })
    assert.strictEqual(worker.code, 0, worker.stderr)
    assert.match(worker.stdout, /^template: wide\n[^]*\(named by the module\)[^]*concurrency: 3 [^]*\.> elsewhere /)
    const silent = await celeriac(["worker", ...module, "-b", "memory://"], { signals: [["ready.", "SIGTERM"]] })
    assert.match(silent.stdout, /^template: default\n/)
  })

  it("end the command where their hook fails, in a sentence", async () => {
    const { code, stderr } = await celeriac(["worker", ...module, "-Z", "nope"])
    assert.deepStrictEqual([code, stderr], [
      1,
      "celeriac: --template: there is no template 'nope': known are default, wide\n"
    ])
  })

  it("have the type of their flag, and give settings", () => {
    CliCommand.preload("level", Flag.Int("level"), (level) => Effect.succeed({ concurrency: level }))
    // @ts-expect-error a number is no text
    CliCommand.preload("level", Flag.Int("level"), (level: string) => Effect.log(level))
    // @ts-expect-error there is no such setting
    CliCommand.preload("level", Flag.Int("level"), (level) => Effect.succeed({ concurency: level }))
  })
})

describe("a module", () => {
  it("has commands, which are in the help with its options", async () => {
    const { stdout } = await celeriac([...module, "--help"])
    assert.match(stdout, /-Z, --template STRING +Configuration template to use/)
    assert.match(stdout, /Of the module:\n +greet +Say hello/)
    const greeted = await celeriac([...module, "greet"])
    assert.deepStrictEqual([greeted.code, greeted.stdout], [
      0,
      "template: default\nhello from default, greet, template\n"
    ])
  })

  it("that does not load says so above the help, and spoils nothing", async () => {
    const { code, stderr, stdout } = await celeriac(["-A", fixture("canvas.py"), "--help"])
    assert.strictEqual(code, 0)
    assert.match(stderr, /^celeriac: .*canvas\.py could not be loaded: .*\n$/)
    assert.include(stdout, "worker")
  })

  it("has the options of its steps in the help of the worker", async () => {
    const { stdout } = await celeriac(["worker", "-A", fixture("options.ts"), "--help"])
    assert.match(stdout, /--enable-my-option +A party\.\n +--guests STRING +How many\./)
  })
})
