/**
 * Celery's command, again and again: `celery <args>` each time in a process of
 * its own, forked from one that has loaded Celery. Starting Python anew would
 * take most of the time of a command that asks something.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { findPython } from "./Python.ts"

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Ends when its input does, which is when we do. */
const source = `
import json, os, signal, sys, traceback
import amqp, celery.__main__, celery.bin.celery, celery.app.amqp, celery.app.control, celery.backends.redis, redis

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
folder = sys.argv[1]

def run(args):
    sys.argv = ["celery", *args]
    try:
        celery.__main__.main()
        return 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1

for line in sys.stdin:
    asked = json.loads(line)
    if os.fork():
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for fd, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{folder}/{asked['n']}.{name}", os.O_CREAT | os.O_WRONLY), fd)
    code = run(asked["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(told, (json.dumps({"n": asked["n"], "code": code}) + "\\n").encode())
    os._exit(0)
`

export class CeleryCommand {
  readonly #folder: string
  readonly #python: ChildProcess
  readonly #waiting = new Map<number, (code: number | null) => void>()
  #count = 0

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "celeriac-celery-"))
    this.#python = spawn(findPython() ?? "python3", ["-c", source, this.#folder], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" }
    })
    createInterface({ input: this.#python.stdout! }).on("line", (line) => {
      const { code, n } = JSON.parse(line) as { readonly n: number; readonly code: number } // as written above
      this.#waiting.get(n)?.(code)
    })
    this.#python.once("exit", () => {
      for (const end of this.#waiting.values()) end(null)
    })
  }

  /** Resolves with what it printed and its exit code: null when it was gone before. */
  async run(args: ReadonlyArray<string>): Promise<Ended> {
    const n = ++this.#count
    const code = await new Promise<number | null>((resolve) => {
      this.#waiting.set(n, resolve)
      this.#python.stdin!.write(`${JSON.stringify({ n, args })}\n`)
    })
    this.#waiting.delete(n)
    const read = (name: string) => readFileSync(join(this.#folder, `${n}.${name}`), "utf8")
    return { code, stdout: read("out"), stderr: read("err") }
  }

  stop(): void {
    this.#python.kill("SIGKILL")
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
