/**
 * A process whose parent is gone ends by itself when it hears of it; one that
 * hears nothing is ended by the `Guardian` of its pool.
 *
 * Signals that a terminal or a service manager sends to all processes of a group
 * are for the parent, which lets its children finish.
 *
 * @since 0.1.0
 */

/** For a process; a thread ends with its process anyhow. */
export const guard = (): void => {
  // A thread cannot send so.
  if (typeof process.send !== "function") return
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"] as const) process.on(signal, () => {})
  process.on("disconnect", leave)
  // It was gone before anybody listened.
  if (!process.connected) leave()
}

const leave = (): void => process.exit(1)
