/**
 * Shows the broker that we live, and notices that it does not.
 *
 * The driver's own watch takes up to three intervals to notice. This one looks
 * four times per interval, and gives up after seven looks in a row at which
 * nothing had come: between 1.75 and 2 intervals after the last sign. It
 * counts looks and not time, so that a process that was busy or asleep for
 * long first reads what has come meanwhile.
 *
 * A network that loses only what we send still brings the broker's
 * heartbeats. So once per interval something is asked for, and no answer for
 * a whole interval is silence too; not while the broker blocks publishers,
 * when it does not read, nor while our own bytes wait to be sent.
 *
 * Spec: AMQP 0-9-1 §4.2.7.
 *
 * @since 0.1.0
 */
import type { DriverConnection } from "./Driver.ts"

export interface Watched extends Pick<DriverConnection, "checkRecv" | "checkSend" | "sendHeartbeat"> {
  /** Asks the broker for something small, and calls back with the answer. */
  readonly probe: (answered: () => void) => void
  /** Whether an answer cannot be expected at the moment. */
  readonly excused: () => boolean
}

/** Watches `connection` until `clear`; calls `onSilence` once, with a sentence. `interval` in seconds. */
export const watch = (
  connection: Watched,
  interval: number,
  onSilence: (detail: string) => void
): { readonly clear: () => void } => {
  if (interval <= 0) return { clear: () => {} }
  let looks = 0
  let silent = 0
  /** Looks since the question that is not answered yet. */
  let unanswered: number | undefined
  const silence = (detail: string) => {
    clearInterval(timer)
    onSilence(`heartbeat timeout: ${detail}`)
  }
  const timer = setInterval(() => {
    looks++
    if (connection.checkRecv()) silent = 0
    else silent++
    if (silent === 7) return silence(`nothing came from the broker for almost ${2 * interval} s`)
    if (unanswered !== undefined) {
      if (connection.excused()) unanswered = 0
      else if (++unanswered === 4) {
        return silence(`the broker has not answered for ${interval} s: what we send may not reach it`)
      }
    } else if (looks % 4 === 0 && !connection.excused()) {
      unanswered = 0
      connection.probe(() => {
        unanswered = undefined
      })
    }
    if (looks % 2 === 0 && !connection.checkSend()) connection.sendHeartbeat()
  }, interval * 250)
  return { clear: () => clearInterval(timer) }
}
