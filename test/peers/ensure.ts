/**
 * Sees that the peers of the integration tests are there: RabbitMQ, Redis and
 * Python's Celery. What is missing is installed when that is possible (root,
 * apt-get), otherwise one line says what to install. Where pip reaches a newer
 * Celery than Debian's, the tests talk to that.
 *
 * Run it by itself with `node test/peers/ensure.ts`.
 */
import { spawnSync } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { findPython, newerFolder } from "./Python.ts"
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

/**
 * Puts a newer Celery beside Debian's, into a folder of its own. False when
 * there is no pip, or pip reaches none: then Debian's is the peer.
 */
export const ensureNewer = (): boolean => {
  if (process.env["CELERIAC_PYTHON"] !== undefined || existsSync(newerFolder)) return true
  const run = (command: string, ...args: ReadonlyArray<string>) =>
    spawnSync(command, args, { stdio: "ignore", timeout: 120_000 }).status === 0
  const python = `${newerFolder}/bin/python`
  const options = ["--quiet", "--disable-pip-version-check", "--timeout=10", "--retries=0"]
  const made = run("/usr/bin/python3", "-m", "venv", "--system-site-packages", "--without-pip", newerFolder) &&
    run("python3", "-m", "pip", "--python", python, "install", ...options, "celery[redis]>=5.6,<5.7") &&
    run(
      python,
      "-c",
      "from redis import CredentialProvider; import celery.backends.redis; assert celery.__version__ >= '5.6'"
    )
  if (!made) rmSync(newerFolder, { recursive: true, force: true })
  return made
}

if (import.meta.main) {
  try {
    ensure()
    console.log(
      `test peers: Celery is ${ensureNewer() ? "the newest that pip reaches" : "Debian's: pip reaches no newer one"}`
    )
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
