/** What is refused before anything is opened. */
import * as BySettings from "@celeriac/tasks/BySettings"
import * as ResultSettings from "@celeriac/tasks/ResultSettings"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as RedisBackend from "../src/RedisBackend.ts"

const built = (compression: string) =>
  RedisBackend.layer({ url: "redis://127.0.0.1:1" }).pipe(
    (layer) => Effect.provide(Effect.succeed("built"), layer),
    Effect.provideService(ResultSettings.ResultCompression, compression)
  )

describe("RedisBackend", () => {
  for (
    const [compression, words] of [
      ["gzpi", /result_compression: there is no compression 'gzpi': did you mean gzip\? \(known: gzip, brotli, zstd/],
      ["snappy", /there is no compression 'snappy' \(known: /],
      ["bzip2", /result_compression: compression 'bzip2' \(application\/x-bz2\) is not supported here: use gzip/]
    ] as const
  ) {
    it.effect(`refuses to compress results by '${compression}' when it is built`, () =>
      Effect.gen(function*() {
        const { isRecoverable, message, reason } = yield* Effect.flip(built(compression))
        assert.deepStrictEqual([reason._tag, isRecoverable], ["InvalidBackend", false])
        assert.match(message, words)
      }))
  }

  for (const compression of ["gzip", "application/x-gzip", "zstd", ""]) {
    it.effect(`takes '${compression}'`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* built(compression), "built")
      }))
  }

  it.effect("is a defect where a worker asks for it, which is made by other settings than its results", () =>
    Effect.gen(function*() {
      const settings = Context.make(ResultSettings.ResultCompression, "gzpi")
      const exit = yield* Effect.exit(BySettings.again(settings)).pipe(
        Effect.provide(RedisBackend.layer({ url: "redis://127.0.0.1:1" }))
      )
      assert.isTrue(Exit.hasDies(exit))
      if (Exit.isFailure(exit)) assert.match(Cause.pretty(exit.cause), /did you mean gzip/)
    }))
})
