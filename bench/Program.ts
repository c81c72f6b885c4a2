/**
 * A scenario in a process of its own, and what it prints: a line of JSON each
 * time there is something to say.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"

export type Line = Readonly<Record<string, number>>

/** No scenario takes longer, in milliseconds. */
const patience = 180_000

export class Program {
  private readonly child: ChildProcess
  private readonly lines: Array<Line> = []
  private wake: () => void = () => {}
  private ended: string | undefined

  /** Run by this Node, unless `command` runs it. */
  constructor(file: string, args: ReadonlyArray<string>, command: string = process.execPath) {
    this.child = spawn(command, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] })
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line))
      this.wake()
    })
    this.child.on("exit", (code, signal) => {
      this.ended = `${file} ${args[0]} ended (${code ?? signal})`
      this.wake()
    })
  }

  /** The next line, once it is there. */
  async next(): Promise<Line> {
    const deadline = setTimeout(() => {
      this.ended = "took too long"
      this.wake()
    }, patience)
    try {
      while (this.lines.length === 0) {
        if (this.ended !== undefined) throw new Error(this.ended)
        await new Promise<void>((resolve) => this.wake = resolve)
      }
      return this.lines.shift()!
    } finally {
      clearTimeout(deadline)
    }
  }

  /** CPU time so far in seconds (a hundredth is the least that Linux tells), and the proportional and the resident set size in megabytes. */
  usage(): { readonly cpuSeconds: number; readonly pssMegabytes: number; readonly rssMegabytes: number } {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, "utf8").split(") ")[1]!.split(" ")
    const sizes = readFileSync(`/proc/${this.child.pid}/smaps_rollup`, "utf8")
    const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(sizes)![1]) / 1024
    return {
      cpuSeconds: (Number(stat[11]) + Number(stat[12])) / 100,
      pssMegabytes: megabytes("Pss"),
      rssMegabytes: megabytes("Rss")
    }
  }

  /** As an operator does: the process may write what it wants to keep. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve))
    if (this.child.exitCode !== null || !this.child.kill("SIGTERM")) return
    await ended
  }

  stop(): void {
    this.child.kill("SIGKILL")
  }
}
