/**
 * A process whose parent is gone ends by itself: at once when it hears of it,
 * and by a thread of its own when it is too busy to hear.
 *
 * Signals that a terminal or a service manager sends to all processes of a group
 * are for the parent, which lets its children finish.
 *
 * @since 0.1.0
 */
import { isMainThread, Worker } from "node:worker_threads"

/** For a process; a thread ends with its process anyhow. */
export const guard = (): void => {
  if (!isMainThread) return
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"] as const) process.on(signal, () => {})
  process.on("disconnect", () => process.exit(1))
}

/** Looks from beside, in case that the process hears nothing: for one that is up. */
export const watch = (): void => {
  if (!isMainThread) return
  const watcher = new Worker(watching, {
    eval: true,
    workerData: process.ppid,
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
    execArgv: []
  })
  watcher.unref()
  watcher.on("error", () => {})
}

const watching = `
const { workerData } = require("node:worker_threads")
setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL") }, 250)
`
