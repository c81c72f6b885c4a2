import { assert, describe, it } from "@effect/vitest"
import { problemOf } from "../src/internal/NodeVersion.ts"

describe("NodeVersion", () => {
  for (const version of ["18.20.0", "20.19.5", "22.18.0"]) {
    it(`says of ${version} that it is too old, and where it lies`, () =>
      assert.strictEqual(
        problemOf(version, "/usr/bin/node"),
        `celeriac needs Node 22.19 or newer, and this is ${version} (/usr/bin/node).`
      ))
  }

  for (const version of ["22.19.0", "24.0.1", "100.0.0"]) {
    it(`has nothing against ${version}`, () => assert.isUndefined(problemOf(version, "/usr/bin/node")))
  }
})
