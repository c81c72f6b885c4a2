/**
 * A child process that cannot outlive us.
 *
 * Every peer is started in a process group of its own and watched by a small
 * shell that reads from a pipe which only we hold: when we die, however we
 * die, the pipe closes, and the shell kills the group and removes the folder.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { type AddressInfo, connect, createServer } from "node:net"

export interface Options {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Removed by the guard when we die without stopping the process. */
  readonly folder?: string
  readonly onLine?: (line: string) => void
}

export class Peer {
  readonly command: string
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly #guard: ChildProcess
  #tail = ""

  constructor(command: string, args: ReadonlyArray<string>, options: Options = {}) {
    this.command = command
    this.child = spawn(command, args, {
      env: { ...process.env, ...options.env } as NodeJS.ProcessEnv,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    const pid = this.child.pid
    if (pid === undefined) {
      throw new Error(`${command} could not be started; is it installed?`)
    }
    this.#guard = spawn("sh", [
      "-c",
      `read _; kill -9 -"$1" 2>/dev/null; [ -z "$2" ] || rm -rf "$2"`,
      "guard",
      String(pid),
      options.folder ?? ""
    ], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true
    })
    this.#guard.unref()
    this.#guard.stdin?.on("error", () => {})
    const handle = this.#guard.stdin as unknown as { unref?: () => void } | null // a pipe is a socket: it can be unref'd
    handle?.unref?.()
    this.exited = new Promise((resolve) => {
      this.child.once("exit", (code) => {
        this.#guard.kill("SIGKILL")
        resolve(code)
      })
    })
    this.child.once("error", () => {})
    let pending = ""
    const read = (chunk: Buffer) => {
      this.#tail = (this.#tail + chunk.toString()).slice(-64_000)
      if (options.onLine === undefined) return
      const lines = (pending + chunk.toString()).split("\n")
      pending = lines.pop() ?? ""
      for (const line of lines) options.onLine(line)
    }
    this.child.stdout?.on("data", read)
    this.child.stderr?.on("data", read)
  }

  /** The last 64 kB that it printed. */
  get output(): string {
    return this.#tail
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.running || this.child.pid === undefined) return
    try {
      process.kill(-this.child.pid, signal)
    } catch {
      // it has just ended
    }
  }

  /** Ends it with `signal`, and with SIGKILL when that took longer than `patience` ms. */
  async stop(signal: NodeJS.Signals = "SIGTERM", patience = 60_000): Promise<void> {
    if (this.running) {
      this.signal(signal)
      const timer = setTimeout(() => this.signal("SIGKILL"), patience)
      await this.exited
      clearTimeout(timer)
    }
  }
}

/**
 * `count` different ports that nobody listens on: below those that the system gives to whoever connects, of
 * which one may be taken, or connect to itself, before a server listens there.
 */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers: Array<ReturnType<typeof createServer>> = []
  while (servers.length < count) {
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false))
      server.listen(10_000 + Math.floor(Math.random() * 20_000), "127.0.0.1", () => resolve(true))
    })
    if (isFree) servers.push(server)
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Whether who listens on `port` gives the right answer to a greeting, within ten seconds. */
export const answers = (port: number, greeting: string, isRight: (data: Buffer) => boolean): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once("error", () => end(false))
    socket.once("connect", () => socket.write(greeting))
    socket.once("data", (data) => end(isRight(data)))
    socket.setTimeout(10_000, () => end(false))
  })

/** Runs a command to its end; rejects with what it printed when it fails. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly env?: Readonly<Record<string, string | undefined>>; readonly timeout?: number } = {}
): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, args, {
      env: { ...process.env, ...options.env } as NodeJS.ProcessEnv,
      timeout: options.timeout ?? 100_000,
      maxBuffer: 64 << 20
    }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${command} ${args.join(" ")} failed: ${error.message}\n${stdout}${stderr}`))
    })
  })

/**
 * Asks until the answer is yes. That ends what hangs, and is no promise of time: rejects with `what` and `hint()` after
 * `patience` ms, a little before vitest ends the test without a word.
 */
export const until = async (
  what: string,
  ask: () => boolean | Promise<boolean>,
  patience = 100_000,
  hint: () => string = () => ""
): Promise<void> => {
  const end = performance.now() + patience
  while (!await ask()) {
    if (performance.now() > end) throw new Error(`${what} did not happen within ${patience} ms ${hint()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
