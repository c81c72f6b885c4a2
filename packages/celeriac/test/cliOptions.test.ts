/** Options of a worker's own steps, as flags. */
import { assert, describe, it } from "@effect/vitest"
import { celeriac, fixture } from "./fixtures/Command.ts"

const worker = (...flags: ReadonlyArray<string>) =>
  celeriac(["worker", "-A", fixture("options.ts"), "-b", "memory://", ...flags], {
    signals: [["ready.", "SIGTERM"]]
  })

describe.concurrent("options of steps", () => {
  for (
    const [flags, said] of [
      [[], "party: false, guests: 2, dish: soup"],
      [["--enable-my-option"], "party: true, guests: 2, dish: soup"],
      [["--enable-my-option", "-c", "2", "--guests", "12"], "party: true, guests: 12, dish: soup"],
      [["--guests=3", "--no-enable-my-option", "--dish=7"], "party: false, guests: 3, dish: 7"]
    ] as const
  ) {
    it(`are flags: ${flags.join(" ")}`, async () => {
      const { code, stderr, stdout } = await worker(...flags)
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, said)
    })
  }

  it("that do not fit are told", async () => {
    const { code, stderr } = await worker("--guests", "none")
    assert.strictEqual(code, 2)
    assert.match(stderr, /^celeriac: --guests "none" does not fit: /)
  })

  it("are none where no step has them: then a flag is answered as ever", async () => {
    const { code, stderr } = await worker("--concurency", "3")
    assert.strictEqual(code, 2)
    assert.match(stderr, /^celeriac worker: there is no flag --concurency\. Did you mean --concurrency\?/)
  })
})
