/**
 * What was sent over a channel and is not confirmed, by the number that the
 * broker confirms it with: it counts the messages of a channel from 1.
 *
 * @since 0.1.0
 */
import type { Publishing } from "./Publishing.ts"

export class Unconfirmed {
  /** The first, at `#head`, has the confirm number `#base`. Undefined where confirmed out of order. */
  #sent: Array<Publishing | undefined> = []
  #head = 0
  #base = 1

  push(publishing: Publishing): void {
    this.#sent.push(publishing)
  }

  /** In the order in which they were sent. */
  forEach(visit: (publishing: Publishing) => void): void {
    for (let i = this.#head; i < this.#sent.length; i++) {
      const publishing = this.#sent[i]
      if (publishing !== undefined) visit(publishing)
    }
  }

  /** Takes them all out: nothing more is sent. */
  takeAll(): ReadonlyArray<Publishing> {
    const all: Array<Publishing> = []
    this.forEach((publishing) => all.push(publishing))
    this.#sent = []
    this.#head = 0
    return all
  }

  /** The broker answered for the message of this number, and with `multiple` for all before it. */
  take(number: number, multiple: boolean, answered: (publishing: Publishing) => void): void {
    if (multiple) {
      while (this.#base <= number && this.#head < this.#sent.length) this.#shift(answered)
    } else if (number === this.#base) {
      this.#shift(answered)
    } else {
      const at = this.#head + number - this.#base
      const publishing = this.#sent[at]
      if (publishing === undefined) return
      this.#sent[at] = undefined
      answered(publishing)
    }
    while (this.#head < this.#sent.length && this.#sent[this.#head] === undefined) {
      this.#head++
      this.#base++
    }
    if (this.#head === this.#sent.length) {
      this.#sent.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#head)
      this.#head = 0
    }
  }

  /** The broker gave back a mandatory message; its confirm follows. Returns come in the order of publishing. */
  returned(exchange: string, routingKey: string, correlationId: string | undefined): void {
    for (let i = this.#head; i < this.#sent.length; i++) {
      const publishing = this.#sent[i]
      if (
        publishing !== undefined && publishing.mandatory && !publishing.returned &&
        publishing.routingKey === routingKey && publishing.exchange === exchange &&
        publishing.properties.correlationId === correlationId
      ) {
        publishing.returned = true
        return
      }
    }
  }

  #shift(answered: (publishing: Publishing) => void): void {
    const publishing = this.#sent[this.#head]
    this.#sent[this.#head] = undefined
    this.#head++
    this.#base++
    if (publishing !== undefined) answered(publishing)
  }
}
