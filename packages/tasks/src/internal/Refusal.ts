/**
 * How a reader of the wire gives up: thrown where a value is wrong, caught
 * where the reading began, and made a `ProtocolError` there. It never leaves
 * its reader, and carries no stack: strangers choose how often it is made.
 */
export class Refusal {
  /** Which header, or which part of the body. */
  readonly path: string
  readonly expected: string
  readonly received: unknown
  constructor(path: string, expected: string, received: unknown) {
    this.path = path
    this.expected = expected
    this.received = received
  }
}
