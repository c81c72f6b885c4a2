/** A program in a terminal: a pty, made by Python, which is a peer of the tests anyway. */
import { type ChildProcess, spawn } from "node:child_process"
import { until } from "./Process.ts"
import { findPython } from "./Python.ts"
import { Screen } from "./Screen.ts"

export interface Options {
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * Lines of JSON say what is typed, and the size; what the program writes comes
 * out as it is, and how it ended on stderr. It ends when we do.
 */
const source = `
import fcntl, json, os, pty, select, signal, struct, sys, termios
columns, rows, *command = sys.argv[1:]
def size(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
pid, master = pty.fork()
if pid == 0:
    os.read(0, 1)
    os.execvp(command[0], command)
size(columns, rows)
before = termios.tcgetattr(master)
os.write(master, b"\\n")
os.read(master, 16)
pending = b""
while True:
    ready, _, _ = select.select([0, master], [], [])
    if master in ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            data = b""
        if not data:
            break
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            os.kill(pid, signal.SIGKILL)
            break
        *lines, pending = (pending + data).split(b"\\n")
        for line in lines:
            said = json.loads(line)
            if "keys" in said:
                os.write(master, said["keys"].encode())
            if "size" in said:
                size(*said["size"])
            if "signal" in said:
                os.kill(pid, said["signal"])
_, status = os.waitpid(pid, 0)
try:
    same = before == termios.tcgetattr(master)
except termios.error:
    same = None
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "same": same}), file=sys.stderr)
`

export interface Ended {
  /** Below 0: the signal that ended it. */
  readonly code: number
  /** Whether the terminal was left in the mode that it was found in. */
  readonly same: boolean | null
}

export class Terminal {
  readonly screen: Screen
  /** All that was written, as it was. */
  raw = ""
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #trouble: unknown

  constructor(command: string, args: ReadonlyArray<string>, options: Options = {}) {
    const { columns = 80, rows = 24 } = options
    this.screen = new Screen(columns, rows)
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env
    const child = spawn(findPython() ?? "python3", ["-c", source, String(columns), String(rows), command, ...args], {
      env: { ...env, TERM: "xterm-256color", LANG: "C.UTF-8", ...options.env },
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "pipe"]
    })
    this.#child = child
    child.stdin.on("error", () => {})
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.raw += text
      try {
        this.screen.write(text)
      } catch (error) {
        this.#trouble ??= error
      }
    })
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => said += text)
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject)
      child.once("close", () => {
        try {
          resolve(JSON.parse(said.trim().split("\n").at(-1) ?? "") as Ended) // as the program above writes it
        } catch {
          reject(new Error(`the terminal ended without a word: ${said}`))
        }
      })
    })
    this.ended.catch(() => {})
  }

  /** Types. */
  type(keys: string): void {
    this.#say({ keys })
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows)
    this.#say({ size: [columns, rows] })
  }

  signal(signal: number): void {
    this.#say({ signal })
  }

  /** Until the screen has it. */
  async shows(what: string | RegExp, patience = 100_000): Promise<string> {
    const has = () => typeof what === "string" ? this.screen.text.includes(what) : what.test(this.screen.text)
    await until(
      `the screen's showing ${what}`,
      () => {
        if (this.#trouble !== undefined) throw this.#trouble
        return has()
      },
      patience,
      () => `\n${this.screen.text}`
    )
    return this.screen.text
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    this.#child.stdin?.end()
    await this.ended.catch(() => {})
  }

  #say(what: object): void {
    this.#child.stdin?.write(`${JSON.stringify(what)}\n`)
  }
}
