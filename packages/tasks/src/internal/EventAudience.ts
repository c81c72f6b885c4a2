/**
 * Whether anybody hears the events of tasks, as far as the broker has said.
 *
 * It sends back what is bound to nobody: then events of tasks are not even
 * written, and now and then an empty list of them is sent to see whether
 * somebody listens by now. Who begins to listen, and says so as Celery's
 * monitors do (the command `heartbeat`), is believed at once.
 */
import type * as Clock from "effect/Clock"

/** So long may a listener who says nothing go unnoticed, in milliseconds. */
const every = 100

export class EventAudience {
  private readonly clock: Clock.Clock
  /** Sends an empty list. */
  private readonly probe: () => void
  private isGone = false
  private probeAt = 0
  /** Of what is sent now: what was sent before somebody came says nothing of them. */
  turn = 0

  constructor(clock: Clock.Clock, probe: () => void) {
    this.clock = clock
    this.probe = probe
  }

  get isThere(): boolean {
    return !this.isGone || this.look()
  }

  /** Somebody begins to listen, or may have. */
  readonly came = (): void => {
    this.isGone = false
    this.turn++
  }

  /** What was sent in this turn was heard. */
  readonly heard = (): void => {
    this.isGone = false
  }

  /** What was sent in this turn came back. */
  readonly unheard = (turn: number): void => {
    if (turn !== this.turn) return
    this.isGone = true
    this.probeAt = this.clock.currentTimeMillisUnsafe() + every
  }

  private look(): boolean {
    const now = this.clock.currentTimeMillisUnsafe()
    if (now >= this.probeAt) {
      this.probeAt = now + every
      this.probe()
    }
    return false
  }
}
