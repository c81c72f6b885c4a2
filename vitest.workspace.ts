import { defineConfig } from "vitest/config"

/** Tests that need no server. */
const unit = ["bootsteps", "messaging", "amqp", "tasks", "worker", "celeriac"]

export default defineConfig({
  test: {
    projects: unit.map((name) => ({
      extends: true as const,
      root: `./packages/${name}`,
      test: { name, include: ["test/**/*.test.ts"] }
    }))
  }
})
