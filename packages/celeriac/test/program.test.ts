/** A program that is a worker, by promises: how it ends. */
import { assert, describe, it } from "@effect/vitest"
import { fixture, program } from "./fixtures/Command.ts"

const worker = (broker: string, env: Readonly<Record<string, string>> = {}) =>
  program(fixture("program.ts"), [broker], { env })

describe.concurrent("a program of promises that is a worker", () => {
  it("goes on in memory until it is told to stop, and ends with 0", async () => {
    const { code, stderr, stdout } = await program(fixture("program.ts"), ["memory://", "q"], {
      signals: [["it says pong", "SIGTERM"]]
    })
    assert.deepStrictEqual([code, stdout], [0, "it says pong\nthe end\n"], stderr)
  })

  for (
    const [what, broker, env, said] of [
      ["its broker is not known", "foo://me:hush@host", {}, /no transport for 'foo:\/\/'/],
      ["its broker is malformed", "amqp://me:hush@host:port/", {}, /host or port/],
      ["its environment is wrong", "memory://", { CELERIAC_CONCURRENCY: "many" }, /CELERIAC_CONCURRENCY is "many"/]
    ] as const
  ) {
    it(`says so in one line, and ends with 1, when ${what}`, async () => {
      const { code, stderr, stdout } = await worker(broker, env)
      assert.strictEqual(code, 1, stderr)
      assert.match(stderr, said)
      assert.match(stderr, /^\[.*: CRITICAL\/MainProcess\] Unrecoverable error: .*\n$/)
      assert.notInclude(stderr, "hush")
      assert.strictEqual(stdout, "the end\n")
    })
  }
})
