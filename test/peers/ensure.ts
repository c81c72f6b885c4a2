/**
 * Sees that the peers of the integration tests are there: RabbitMQ, Redis,
 * Python's Celery and a browser. What is missing is installed when that is possible (root,
 * apt-get), otherwise one line says what to install. Debian's Celery is the
 * second peer: where pip reaches the version that is the reference, the tests
 * talk to that.
 *
 * Run it by itself with `node test/peers/ensure.ts`.
 */
import { spawnSync } from "node:child_process"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import * as CelerySuite from "./CelerySuite.ts"
import { findChromium } from "./Chromium.ts"
import * as Flower from "./Flower.ts"
import { celeries, findPython, folderOf } from "./Python.ts"
import { findRabbitMq } from "./RabbitMq.ts"
import { findRedis } from "./Redis.ts"

export type PeerName = "rabbitmq" | "redis" | "python" | "chromium"

const all: ReadonlyArray<PeerName> = ["rabbitmq", "redis", "python", "chromium"]

const packages: Readonly<Record<PeerName, ReadonlyArray<string>>> = {
  rabbitmq: ["rabbitmq-server"],
  redis: ["redis-server"],
  python: ["python3-celery", "python3-redis"],
  chromium: ["chromium"]
}

const isThere: Readonly<Record<PeerName, () => boolean>> = {
  rabbitmq: () => process.env["CELERIAC_TEST_AMQP_URL"] !== undefined || findRabbitMq() !== undefined,
  redis: () => process.env["CELERIAC_TEST_REDIS_URL"] !== undefined || findRedis() !== undefined,
  python: () => findPython() !== undefined,
  chromium: () => findChromium() !== undefined
}

/** Which of `names` are not there. */
export const missing = (names: ReadonlyArray<PeerName> = all): ReadonlyArray<PeerName> =>
  names.filter((name) => !isThere[name]())

export const ensure = (names: ReadonlyArray<PeerName> = all): void => {
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
    const installed = withoutDaemons(() => apt("install", "-y", "-q", "--no-install-recommends", ...wanted))
    if (installed && missing(absent).length === 0) return
  }
  throw new Error(
    `the integration tests need ${absent.join(", ")}: install the packages ${wanted.join(" ")}` +
      ` (or set CELERIAC_TEST_AMQP_URL, CELERIAC_TEST_REDIS_URL, CELERIAC_PYTHON, CELERIAC_CHROMIUM)`
  )
}

/** What the tests need they start by themselves, on ports of their own: Debian's own daemons stay down. */
const withoutDaemons = <A>(install: () => A): A => {
  const policy = "/usr/sbin/policy-rc.d"
  if (existsSync(policy)) return install()
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
  try {
    return install()
  } finally {
    rmSync(policy, { force: true })
  }
}

/** A virtual environment of Python's with these packages; whether it could be made. What it is for is tried with `check`. */
const ensurePackages = (what: string, folder: string, packages: ReadonlyArray<string>, check: string): boolean => {
  if (existsSync(folder)) return true
  console.log(`test peers: ${what} from PyPI`)
  const run = (command: string, ...args: ReadonlyArray<string>) =>
    spawnSync(command, args, { stdio: "ignore", timeout: 120_000 }).status === 0
  const python = `${folder}/bin/python`
  const options = ["--quiet", "--disable-pip-version-check", "--timeout=10", "--retries=0"]
  const made = run("/usr/bin/python3", "-m", "venv", "--system-site-packages", "--without-pip", folder) &&
    run("python3", "-m", "pip", "--python", python, "install", ...options, ...packages) &&
    run(python, "-c", check)
  if (!made) rmSync(folder, { recursive: true, force: true })
  return made
}

/**
 * Puts a Celery beside Debian's, into a folder of its own. False when there is
 * no pip, or pip does not reach it: then Debian's is the peer.
 */
export const ensureCelery = (version: typeof celeries[number]): boolean =>
  ensurePackages(
    `Celery ${version}`,
    folderOf(version),
    [`celery[redis]==${version}`],
    `from redis import CredentialProvider; import celery.backends.redis; assert celery.__version__ == "${version}"`
  )

/** Celery's own integration suite, in a folder of its own, with what it is run by. False as above. */
export const ensureCelerySuite = (): boolean =>
  ensurePackages(
    `the suite of Celery ${CelerySuite.version}`,
    CelerySuite.folder,
    [`celery[redis]==${CelerySuite.version}`, "pytest", "pydantic"],
    "import celery, pytest, pydantic"
  ) && (CelerySuite.isThere() || unpackSuite())

/** From the source distribution: a wheel has no tests. */
const unpackSuite = (): boolean => {
  const pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", "celery"]
  const options = { cwd: CelerySuite.folder, stdio: "ignore", timeout: 120_000 } as const
  const archive = `celery-${CelerySuite.version}.tar.gz`
  return spawnSync("python3", [...pip, `celery==${CelerySuite.version}`], options).status === 0 &&
    spawnSync("tar", ["xzf", archive, "--no-same-owner"], options).status === 0 && CelerySuite.isThere()
}

/** Flower, in a folder of its own. False as above: Debian has none. */
export const ensureFlower = (): boolean =>
  ensurePackages(
    `Flower ${Flower.version}`,
    Flower.folder,
    [`flower==${Flower.version}`, `celery[redis]==${celeries[0]}`],
    `import flower; assert flower.__version__ == "${Flower.version}"`
  )

if (import.meta.main) {
  try {
    ensure()
    const reached = process.env["CELERIAC_PYTHON"] === undefined ? celeries.filter(ensureCelery) : []
    const others = celeries.filter((version) => !reached.includes(version))
    console.log(`test peers: Celery ${[...reached, "of Debian"].join(", ")}`)
    if (!ensureFlower()) console.log("test peers: pip does not reach Flower")
    if (!ensureCelerySuite()) console.log("test peers: pip does not reach the suite of Celery")
    if (others.length > 0) console.log(`test peers: pip does not reach Celery ${others.join(" and ")}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
