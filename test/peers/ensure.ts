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
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
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

const ends = (command: string, ...args: ReadonlyArray<string>) =>
  spawnSync(command, args, { stdio: "ignore", timeout: 180_000 }).status === 0

/**
 * A virtual environment of Python's with these packages; whether it could be
 * made. What it is for is tried with `check`: one that was left half-made is made anew,
 * and one that was made before more was wanted gets that.
 */
const ensurePackages = (what: string, folder: string, packages: ReadonlyArray<string>, check: string): boolean => {
  const whole = `${folder}.whole`
  const python = `${folder}/bin/python`
  const wanted = packages.join("\n")
  const isThere = existsSync(python)
  if (isThere && existsSync(whole) && readFileSync(whole, "utf8") === wanted) return true
  if (isThere && ends(python, "-c", check)) return written(whole, wanted)
  console.log(`test peers: ${what} from PyPI`)
  const options = ["--quiet", "--disable-pip-version-check", "--timeout=10", "--retries=0"]
  const filled = () =>
    ends("python3", "-m", "pip", "--python", python, "install", ...options, ...packages) && ends(python, "-c", check)
  if (isThere && existsSync(whole)) {
    // What it has is good without.
    if (filled()) return written(whole, wanted)
    return true
  }
  rmSync(folder, { recursive: true, force: true })
  const made = ends("/usr/bin/python3", "-m", "venv", "--system-site-packages", "--without-pip", folder) && filled()
  if (!made) rmSync(folder, { recursive: true, force: true })
  return made && written(whole, wanted)
}

const written = (file: string, text: string): boolean => {
  writeFileSync(file, text)
  return true
}

/** Signed messages: Debian's `cryptography` is too old for the Celery of today. */
const auth = "from cryptography import x509; x509.Certificate.not_valid_after_utc"

/**
 * Puts a Celery beside Debian's, into a folder of its own. False when there is
 * no pip, or pip does not reach it: then Debian's is the peer.
 */
export const ensureCelery = (version: typeof celeries[number]): boolean =>
  ensurePackages(
    `Celery ${version}`,
    folderOf(version),
    [`celery[auth,redis]==${version}`],
    `from redis import CredentialProvider; import celery.backends.redis; assert celery.__version__ == "${version}"; ${auth}`
  )

/** Celery's own integration suite, in a folder of its own, with what it is run by. False as above. */
export const ensureCelerySuite = (): boolean =>
  ensurePackages(
    `the suite of Celery ${CelerySuite.version}`,
    CelerySuite.folder,
    [`celery[auth,redis]==${CelerySuite.version}`, "pytest>=9", "pydantic"],
    `import celery, pydantic, redis; import _pytest.subtests; ${auth}`
  ) && (CelerySuite.isThere() || unpackSuite())

/** From the source distribution: a wheel has no tests. What is unpacked by halves is not taken for it. */
const unpackSuite = (): boolean => {
  const { folder, sources, version } = CelerySuite
  const archive = `${folder}/celery.tar.gz`
  const unpacked = `${folder}/unpacked`
  rmSync(unpacked, { recursive: true, force: true })
  rmSync(sources, { recursive: true, force: true })
  mkdirSync(unpacked)
  const isUnpacked = ends("python3", "-c", download, version, archive) &&
    ends("tar", "xzf", archive, "--no-same-owner", "-C", unpacked, `celery-${version}/t`)
  if (isUnpacked) renameSync(`${unpacked}/celery-${version}`, sources)
  rmSync(unpacked, { recursive: true, force: true })
  rmSync(archive, { force: true })
  return CelerySuite.isThere()
}

/**
 * The archive itself, from wherever pip is told to look: `pip download` would
 * build the package first, with what that needs.
 */
const download = `
import hashlib, sys
from pip._internal.commands import create_command
version, archive = sys.argv[1:]
pip = create_command("download")
with pip.main_context():
    options, _ = pip.parse_args(["--quiet", "--no-binary", "celery", "--timeout=10", "--retries=0", "celery"])
    session = pip.get_default_session(options)
    found = pip._build_package_finder(options, session).find_all_candidates("celery")
    link = [one.link for one in found if str(one.version) == version and not one.link.is_wheel][-1]
    if link.is_file:
        body = open(link.file_path, "rb").read()
    else:
        response = session.get(link.url_without_fragment, headers={"Accept-Encoding": "identity"})
        response.raise_for_status()
        body = response.content
    assert link.hash is None or hashlib.new(link.hash_name, body).hexdigest() == link.hash
    open(archive, "wb").write(body)
`

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
