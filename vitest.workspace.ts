import { readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { LongestFirst } from "./test/LongestFirst.ts"

// What each process of tests, and each that it starts, would compile anew.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("./.cache/compile/", import.meta.url))

const needServers = ["test/integration/**", "test/interop/**"]

/**
 * One project per package: its tests that need no server. Their files share processes: loading Effect
 * and the sources anew for each takes longer than most of the tests.
 */
const unit = readdirSync(new URL("./packages/", import.meta.url)).map((name) => ({
  extends: true as const,
  root: `./packages/${name}`,
  test: { name, include: ["test/**/*.test.ts"], exclude: needServers, isolate: false }
}))

export default defineConfig({
  test: {
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    // Ends what hangs, and nothing else. Promises of time are assertions inside of the tests: on a machine
    // with much else to do, what takes 2 s takes 20.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      ...unit,
      {
        extends: true as const,
        root: ".",
        test: {
          name: "repository",
          include: ["test/architecture.test.ts", "test/docs.test.ts", "test/sentences.test.ts"]
        }
      },
      {
        extends: true as const,
        root: ".",
        test: {
          name: "examples",
          include: ["test/examples.test.ts", "examples/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          // Each is a process: more at once than there are processors only wait for each other.
          maxConcurrency: availableParallelism(),
          testTimeout: 180_000
        }
      },
      {
        extends: true as const,
        root: ".",
        test: {
          name: "packaging",
          include: ["test/packaging.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 480_000
        }
      },
      {
        extends: true as const,
        root: ".",
        test: {
          name: "integration",
          include: needServers.map((path) => `packages/*/${path}/*.test.ts`),
          globalSetup: ["./test/peers/globalSetup.ts"]
        }
      }
    ]
  }
})
