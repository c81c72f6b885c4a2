/**
 * Sees that the peers of the integration tests are there: RabbitMQ, Redis and
 * Python's Celery. What is missing is installed when that is possible (root,
 * apt-get), otherwise one line says what to install.
 *
 * Run it by itself with `node test/peers/ensure.ts`.
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { findPython } from "./Python.ts"
import { findRabbitMq } from "./RabbitMq.ts"
import { findRedis } from "./Redis.ts"

export type PeerName = "rabbitmq" | "redis" | "python"

const packages: Readonly<Record<PeerName, ReadonlyArray<string>>> = {
  rabbitmq: ["rabbitmq-server"],
  redis: ["redis-server"],
  python: ["python3-celery", "python3-redis"]
}

const isThere: Readonly<Record<PeerName, () => boolean>> = {
  rabbitmq: () => process.env["CELERIAC_TEST_AMQP_URL"] !== undefined || findRabbitMq() !== undefined,
  redis: () => process.env["CELERIAC_TEST_REDIS_URL"] !== undefined || findRedis() !== undefined,
  python: () => findPython() !== undefined
}

/** Which of `names` are not there. */
export const missing = (names: ReadonlyArray<PeerName> = ["rabbitmq", "redis", "python"]): ReadonlyArray<PeerName> =>
  names.filter((name) => !isThere[name]())

export const ensure = (names: ReadonlyArray<PeerName> = ["rabbitmq", "redis", "python"]): void => {
  const absent = missing(names)
  if (absent.length === 0) return
  const wanted = absent.flatMap((name) => packages[name])
  const canInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")
  if (canInstall) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
    const apt = (...args: ReadonlyArray<string>) => {
      console.log(`test peers: apt-get ${args.join(" ")}`)
      return spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0
    }
    apt("update", "-q")
    if (apt("install", "-y", "-q", "--no-install-recommends", ...wanted) && missing(absent).length === 0) return
  }
  throw new Error(
    `the integration tests need ${absent.join(", ")}: install the packages ${wanted.join(" ")}` +
      ` (or set CELERIAC_TEST_AMQP_URL, CELERIAC_TEST_REDIS_URL, CELERIAC_PYTHON)`
  )
}

if (import.meta.main) {
  try {
    ensure()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
