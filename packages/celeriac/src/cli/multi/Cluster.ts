/**
 * What is done with the nodes of `celeriac multi`: they are started, sent
 * signals, and waited for. It tells of each by what it is given. Source: `celery
 * multi` 5.7.0.
 */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import * as Pidfile from "../daemon/Pidfile.ts"
import type { Node } from "./Node.ts"

/** What is told, and of whom. */
export interface Told {
  readonly starting: (node: Node) => void
  readonly restarting: (node: Node) => void
  readonly spawned: (node: Node) => void
  readonly signalled: (signal: NodeJS.Signals) => void
  readonly failed: (code: number) => void
  readonly status: (failed: boolean) => void
  readonly down: (node: Node) => void
  readonly stopping: () => void
  readonly sending: (node: Node, signal: string, pid: number) => void
  readonly killing: (node: Node, signal: string, pid: number) => void
  readonly dead: (node: Node, pid: number) => void
  readonly waitingFor: (pids: ReadonlyArray<number>) => void
  readonly waiting: () => void
  readonly waited: () => void
  readonly stopped: (node: Node) => void
}

interface Signal {
  readonly name: string
  readonly number: number
}

/** Gives whether all came up. */
export const start = (nodes: ReadonlyArray<Node>, told: Told): Effect.Effect<boolean> =>
  Effect.map(
    Effect.forEach(nodes, (node) => {
      told.starting(node)
      return startOne(node, told)
    }),
    (all) => all.every((up) => up)
  )

/** Sends it to those that are there. `wait` for their end, and `onDown` what is to be done when one is down. */
export const stop = (
  nodes: ReadonlyArray<Node>,
  told: Told,
  { onDown, signal, wait }: {
    readonly signal: Signal
    readonly wait: boolean
    readonly onDown?: ((node: Node) => Effect.Effect<unknown>) | undefined
  }
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const down = onDown ?? ((node: Node) => Effect.sync(() => told.down(node)))
    const left = new Map<Node, number>()
    for (const node of nodes) {
      const pid = Pidfile.read(node.pidfile)
      if (pid === undefined) yield* down(node)
      else left.set(node, pid)
    }
    if (left.size === 0) return
    told.stopping()
    for (const [node, pid] of Array.from(left)) {
      told.sending(node, signal.name, pid)
      if (send(pid, signal.number)) continue
      told.dead(node, pid)
      left.delete(node)
      yield* down(node)
    }
    if (!wait) return
    if (left.size > 0) told.waitingFor(Array.from(left.values()))
    while (left.size > 0) {
      told.waiting()
      const gone = Array.from(left).filter(([, pid]) => !send(pid, 0))
      for (const [node] of gone) {
        told.stopped(node)
        left.delete(node)
        yield* down(node)
        if (left.size > 0) told.waitingFor(Array.from(left.values()))
      }
      if (gone.length === 0) yield* Effect.sleep("500 millis")
    }
    told.waited()
  })

/** Stops them, and starts each as soon as it is down. Gives whether all came up. */
export const restart = (nodes: ReadonlyArray<Node>, told: Told, signal: Signal): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    let all = true
    yield* stop(nodes, told, {
      signal,
      wait: true,
      onDown: (node) => {
        told.restarting(node)
        return Effect.map(startOne(node, told), (up) => {
          all = all && up
        })
      }
    })
    return all
  })

/** With SIGKILL, and without waiting. */
export const kill = (nodes: ReadonlyArray<Node>, told: Told): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const node of nodes) {
      const pid = Pidfile.read(node.pidfile)
      if (pid === undefined) told.down(node)
      else {
        told.killing(node, "KILL", pid)
        if (!send(pid, 9)) told.dead(node, pid)
      }
    }
  })

/** Whether there was somebody to send it to: of another user's process the id was given away anew. */
const send = (pid: number, signal: number): boolean => {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

/** The command that it starts ends when the node runs. */
const startOne = (node: Node, told: Told): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (signal !== null) told.signalled(signal)
      else if (code !== 0) told.failed(code ?? 1)
      told.status(code !== 0)
      resume(Effect.succeed(code === 0))
    }
    for (const file of [node.pidfile, node.logfile]) makeFolder(dirname(file))
    told.spawned(node)
    const child = spawn(node.executable, [...node.args], { stdio: "inherit" })
    child.once("error", () => ended(127, null))
    child.once("exit", ended)
  })

const makeFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true })
  } catch {
    // The worker tells it, of the file.
  }
}
