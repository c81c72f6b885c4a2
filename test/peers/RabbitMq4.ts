/**
 * `npm run test:rabbitmq4`: the integration suites on RabbitMQ 4, where the
 * machine's own is older.
 *
 * It is Debian 13's, with what it depends on, unpacked into a folder of the
 * checkout by the machine's apt: nothing is installed, and no daemon starts.
 * A `RabbitMq` runs from there, by chroot. That needs Debian, root and a few
 * hundred megabytes; elsewhere, `CELERIAC_TEST_AMQP_URL` names a broker, and the
 * tests that start brokers of their own use what is installed.
 */
import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { ensure } from "./ensure.ts"
import { rootVariable } from "./RabbitMq.ts"

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = join(checkout, ".cache", "rabbitmq4")
const root = join(folder, "root")
const apt = join(folder, "apt")

const release = "trixie"

/** RabbitMQ, and what its scripts call. */
const packages = [
  "rabbitmq-server",
  "base-files",
  "bash",
  "coreutils",
  "dash",
  "gawk",
  "grep",
  "hostname",
  "libc-bin",
  "procps",
  "sed"
]

/** What it prints, or an error that says what did not work. */
const run = (command: string, args: ReadonlyArray<string>): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
    timeout: 600_000
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr.slice(-2_000)}`)
  return stdout
}

/** apt with lists, a cache and a state of its own: to it, nothing is installed. */
const aptGet = (...args: ReadonlyArray<string>): string =>
  run("apt-get", [
    ...["-q", "-y"],
    ...[
      `Dir::State=${join(apt, "state")}`,
      `Dir::State::status=${join(apt, "status")}`,
      `Dir::Cache=${join(apt, "cache")}`,
      `Dir::Etc::sourcelist=${join(apt, "sources.list")}`,
      "Dir::Etc::sourceparts=/dev/null",
      "APT::Sandbox::User=root"
    ].flatMap((option) => ["-o", option]),
    ...args
  ])

/** Where this machine has its packages from. */
const mirror = (): string => {
  const sites = run("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"])
  const site = sites.split("\n").find((uri) => uri !== "" && !uri.includes("security"))
  if (site === undefined) throw new Error("apt has no source of packages: run apt-get update")
  return site
}

const download = (): ReadonlyArray<string> => {
  for (const path of ["state/lists/partial", "cache/archives/partial"]) mkdirSync(join(apt, path), { recursive: true })
  writeFileSync(join(apt, "status"), "")
  writeFileSync(join(apt, "sources.list"), `deb ${mirror()} ${release} main\n`)
  aptGet("update")
  aptGet("install", "--download-only", "--no-install-recommends", ...packages)
  const archives = join(apt, "cache", "archives")
  return readdirSync(archives).filter((name) => name.endsWith(".deb")).map((name) => join(archives, name))
}

/** Without the scripts of the packages: so what they would have made is made here. */
const unpack = (archives: ReadonlyArray<string>): void => {
  mkdirSync(root, { recursive: true })
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    mkdirSync(join(root, "usr", name), { recursive: true })
    symlinkSync(`usr/${name}`, join(root, name))
  }
  for (const archive of archives) run("dpkg-deb", ["-x", archive, root])
  for (const name of ["dev", "etc", "proc", "root", "tmp"]) mkdirSync(join(root, name), { recursive: true })
  for (const [name, minor] of [["null", "3"], ["zero", "5"], ["random", "8"], ["urandom", "9"]] as const) {
    run("mknod", ["-m", "666", join(root, "dev", name), "c", "1", minor])
  }
  // The broker asks how much memory there is.
  writeFileSync(join(root, "proc", "meminfo"), readFileSync("/proc/meminfo"))
  writeFileSync(join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n")
  writeFileSync(join(root, "etc", "hosts"), "127.0.0.1 localhost\n")
  if (!existsSync(join(root, "usr", "bin", "awk"))) symlinkSync("gawk", join(root, "usr", "bin", "awk"))
}

/** The folder to run RabbitMQ 4 from; made if need be. */
const prepare = (): string => {
  const mark = join(folder, "ready")
  if (existsSync(mark)) return root
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(
      "RabbitMQ 4 is unpacked from Debian's packages, by root. Elsewhere, name one with CELERIAC_TEST_AMQP_URL"
    )
  }
  rmSync(folder, { recursive: true, force: true })
  console.log("test peers: unpacking RabbitMQ 4 from Debian's packages, a few minutes the first time")
  unpack(download())
  rmSync(apt, { recursive: true })
  appendFileSync(mark, release)
  return root
}

if (import.meta.main) {
  try {
    ensure()
    const environment = process.env["CELERIAC_TEST_AMQP_URL"] === undefined ? { [rootVariable]: prepare() } : {}
    const vitest = join(checkout, "node_modules", "vitest", "vitest.mjs")
    const args = ["run", "--config", "vitest.workspace.ts", "--project", "integration", ...process.argv.slice(2)]
    const { status } = spawnSync(process.execPath, [vitest, ...args], {
      cwd: checkout,
      env: { ...process.env, ...environment },
      stdio: "inherit"
    })
    process.exitCode = status ?? 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
