/**
 * The checkout: where it is, what is installed in it, and how a command is run
 * in it. Everything here works on the Node that a machine happens to have
 * (20 or newer), before anything is installed; the project itself runs on the
 * Node that is among its own dependencies.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { restore } from "./publish-exports.mjs"

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The project's own Node. */
export const node = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node")

/** The folders of the packages. */
export const packages = readdirSync(join(root, "packages"))
  .filter((name) => existsSync(join(root, "packages", name, "package.json")))
  .sort()

const localBin = join(root, "node_modules", ".bin")

/** The environment in which `node` is the project's own. */
export const environment = (extra = {}) => ({
  ...process.env,
  PATH: [dirname(node), localBin, process.env.PATH ?? ""].join(delimiter),
  ...extra
})

/** The machine's own environment: the npm that installs must not run on a Node it is about to replace. */
const machineEnvironment = () => ({
  ...process.env,
  PATH: (process.env.PATH ?? "").split(delimiter).filter((path) => !path.includes("node_modules")).join(delimiter)
})

const readLock = (path) => {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {}
  } catch {
    return {}
  }
}

/** What `package-lock.json` asks for and `node_modules` does not have. */
const missing = () => {
  const wanted = readLock(join(root, "package-lock.json"))
  const present = readLock(join(root, "node_modules", ".package-lock.json"))
  const absent = Object.entries(wanted)
    .filter(([path, entry]) => path.startsWith("node_modules/") && !entry.optional && !entry.peerOptional)
    .filter(([path, entry]) => entry.link ? !existsSync(join(root, path)) : present[path]?.version !== entry.version)
    .map(([path]) => path.slice("node_modules/".length))
  return absent.length === 0 && spawnSync(node, ["--version"]).status !== 0 ? ["node"] : absent
}

/** Runs npm in a folder and says whether it went well. */
export const npm = (args, cwd = root) =>
  spawnSync("npm", args, {
    cwd,
    env: machineEnvironment(),
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
    timeout: 15 * 60_000
  }).status === 0

/**
 * Installs what is missing, and puts back manifests that an interrupted
 * `npm pack` has left in their published form.
 */
export const install = () => {
  restore(packages.map((name) => join(root, "packages", name)))
  const absent = missing()
  if (absent.length === 0) return
  const named = absent.slice(0, 3).join(", ")
  console.log(`Installing ${absent.length > 3 ? `${named} and ${absent.length - 3} more` : named} …`)
  const done = npm(["ci", "--loglevel=error"]) || npm(["install", "--no-save", "--loglevel=error"])
  if (!done || missing().length > 0) {
    console.error("npm could not install the dependencies: see its output above. Is the registry reachable?")
    process.exit(1)
  }
}

const running = new Set()

const kill = (child, signal) => {
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}

let listening = false
let interrupted = false

/** No child outlives this process: it is asked to end, and after five seconds made to. */
const guard = () => {
  if (listening) return
  listening = true
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
    process.on(signal, () => {
      interrupted = true
      for (const child of running) kill(child, "SIGTERM")
      setTimeout(() => process.exit(code), running.size === 0 ? 0 : 5000)
      const waiting = setInterval(() => running.size === 0 && process.exit(code), 50)
      waiting.unref()
    })
  }
  process.on("exit", () => {
    for (const child of running) kill(child, "SIGKILL")
  })
}

/**
 * Runs a command in its own process group and never longer than `seconds`.
 * Resolves with its exit code and what it printed; the code is 124 when it ran
 * out of time.
 */
export const run = (command, args, { seconds, env = {}, cwd = root, quiet = true } = {}) =>
  new Promise((resolve) => {
    guard()
    const child = spawn(command, args, {
      cwd,
      env: environment(env),
      detached: process.platform !== "win32",
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"]
    })
    running.add(child)
    let output = ""
    let late = false
    const timers = seconds === undefined ? [] : [
      setTimeout(() => {
        late = true
        kill(child, "SIGTERM")
      }, seconds * 1000),
      setTimeout(() => kill(child, "SIGKILL"), (seconds + 5) * 1000)
    ]
    const settle = (code) => {
      if (!running.delete(child)) return
      for (const timer of timers) clearTimeout(timer)
      // What the command left behind in its group ends with it.
      if (late || code !== 0) kill(child, "SIGKILL")
      // An interrupted command has no outcome; the signal's handler ends this process.
      if (interrupted) return
      resolve({ code: late ? 124 : code, output: late ? `${output}\nended after ${seconds} s\n` : output })
    }
    child.stdout?.on("data", (data) => output += data)
    child.stderr?.on("data", (data) => output += data)
    child.on("error", (error) => {
      output += `${error.message}\n`
      settle(1)
    })
    // Not "close": a grandchild may keep the pipes open for ever.
    child.on("exit", (code) => setTimeout(() => settle(code ?? 1), 50))
  })
