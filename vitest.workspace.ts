import { readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

const needServers = ["test/integration/**", "test/interop/**"]

/** One project per package: its tests that need no server. */
const unit = readdirSync(new URL("./packages/", import.meta.url)).map((name) => ({
  extends: true as const,
  root: `./packages/${name}`,
  test: { name, include: ["test/**/*.test.ts"], exclude: needServers }
}))

export default defineConfig({
  test: {
    passWithNoTests: true,
    // Ends what hangs. Promises of time are assertions inside of the tests: on a machine with much
    // else to do, 2 s of properties take more than 10.
    testTimeout: 30_000,
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
          testTimeout: 60_000
        }
      },
      {
        extends: true as const,
        root: ".",
        test: {
          name: "packaging",
          include: ["test/packaging.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 240_000
        }
      },
      {
        extends: true as const,
        root: ".",
        test: {
          name: "integration",
          include: needServers.map((path) => `packages/*/${path}/*.test.ts`),
          globalSetup: ["./test/peers/globalSetup.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000
        }
      }
    ]
  }
})
