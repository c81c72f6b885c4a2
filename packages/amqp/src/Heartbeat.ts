/**
 * Shows the broker that we live, and notices that it does not.
 *
 * The driver's own watch takes up to three intervals to notice. This one looks
 * four times per interval, and gives up after seven looks in a row at which
 * nothing had come: between 1.75 and 2 intervals after the last sign. It
 * counts looks and not time, so that a process that was busy or asleep for
 * long first reads what has come meanwhile.
 *
 * Spec: AMQP 0-9-1 §4.2.7.
 *
 * @since 0.1.0
 */
import type { RawConnection } from "./Driver.ts"

/** Watches `connection` until `clear`; calls `onSilence` once, with a sentence. `interval` in seconds. */
export const watch = (
  connection: Pick<RawConnection, "checkRecv" | "checkSend" | "sendHeartbeat">,
  interval: number,
  onSilence: (detail: string) => void
): { readonly clear: () => void } => {
  if (interval <= 0) return { clear: () => {} }
  let looks = 0
  let silent = 0
  const timer = setInterval(() => {
    looks++
    if (connection.checkRecv()) silent = 0
    else silent++
    if (silent === 7) {
      clearInterval(timer)
      return onSilence(`heartbeat timeout: nothing came from the broker for almost ${2 * interval} s`)
    }
    if (looks % 2 === 0 && !connection.checkSend()) connection.sendHeartbeat()
  }, interval * 250)
  return { clear: () => clearInterval(timer) }
}
