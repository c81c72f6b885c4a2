/**
 * A child's way to its parent.
 *
 * @since 0.1.0
 */
import type * as Threads from "node:worker_threads"
import type { FromChild, ToChild } from "../Protocol.ts"

export interface Wire {
  /** Throws at what cannot be cloned. */
  readonly send: (message: FromChild, moved?: ReadonlyArray<ArrayBuffer>) => void
  /** For one listener. */
  readonly onMessage: (listener: (message: ToChild) => void) => void
  /** In bytes: of a process what is resident, of a thread its heap. */
  readonly memory: () => number
  /** Once what was sent is on its way. */
  readonly leave: (code: number) => void
}

const ofThread = (port: NonNullable<typeof Threads.parentPort>): Wire => ({
  send: (message, moved) => port.postMessage(message, moved),
  onMessage: (listener) => void port.on("message", listener),
  memory: () => {
    const { arrayBuffers, external, heapTotal } = process.memoryUsage()
    return heapTotal + external + arrayBuffers
  },
  leave: (code) => process.exit(code)
})

const ofProcess: Wire = {
  send: (message) => void process.send?.(message),
  onMessage: (listener) => void process.on("message", (message) => listener(message as ToChild)), // its other end is a `Link`
  memory: () => process.memoryUsage.rss(),
  leave: (code) => {
    // What was sent last is written before the channel is closed.
    process.exitCode = code
    const exit = () => process.exit(code)
    if (process.send === undefined) exit()
    else process.send({ _tag: "Left" }, undefined, {}, exit)
  }
}

/** A process, which alone can send so, loads nothing of threads: that takes two megabytes. */
export const own = (): Wire => {
  const port = typeof process.send === "function" ? null : process.getBuiltinModule("node:worker_threads").parentPort
  return port === null ? ofProcess : ofThread(port)
}
