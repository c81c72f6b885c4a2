/**
 * What a connection writes, gathered per turn of the event loop.
 *
 * The driver hands every frame through a stream per channel and a multiplexer;
 * here frames go to the socket in the order in which they are made, and the
 * socket is corked until the turn ends: a hundred acks and publishes are one
 * write to the kernel. Acks that are held back are asked for first.
 *
 * What is held back alone goes out a turn later: somebody may be waiting for what
 * another connection publishes in this one, and nobody waits for an ack.
 *
 * @since 0.1.0
 */
import type { Duplex } from "node:stream"

export class Output {
  readonly #stream: Duplex
  readonly #onDrain: Array<() => void> = []
  #beforeFlush: Array<() => void> = []
  #scheduled: "no" | "soon" | "now" = "no"
  #corked = false

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on("drain", () => {
      for (const listener of this.#onDrain.slice()) listener()
    })
  }

  /** Whole frames. False when the next should wait for a drain. */
  readonly write = (frames: Buffer): boolean => {
    if (!this.#corked) {
      this.#corked = true
      this.#stream.cork()
      this.#schedule()
    }
    return this.#stream.write(frames)
  }

  /** `task` runs before what is written next goes out: at the end of this turn, or of the next where nothing else is written. */
  beforeFlush(task: () => void): void {
    this.#beforeFlush.push(task)
    if (this.#scheduled !== "no") return
    this.#scheduled = "soon"
    setImmediate(this.#hurry)
  }

  /** Sends what was written so far. */
  readonly flush = (): void => {
    this.#scheduled = "no"
    if (this.#beforeFlush.length > 0) {
      const tasks = this.#beforeFlush
      this.#beforeFlush = []
      for (const task of tasks) task()
    }
    if (this.#corked) {
      this.#corked = false
      this.#stream.uncork()
    }
  }

  /** `listener` is called whenever the socket has room again; the answer takes it away. */
  onDrain(listener: () => void): () => void {
    this.#onDrain.push(listener)
    return () => {
      const at = this.#onDrain.indexOf(listener)
      if (at >= 0) this.#onDrain.splice(at, 1)
    }
  }

  readonly #hurry = (): void => {
    if (this.#scheduled === "soon") this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled === "now") return
    this.#scheduled = "now"
    setImmediate(this.flush)
  }
}
