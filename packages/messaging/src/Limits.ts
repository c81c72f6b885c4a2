/**
 * Bounds on everything that is read from a broker.
 *
 * Used by `Content`, the serializers and the compressions. Past a bound a
 * message is refused with `TooLarge` before memory is spent on it. Raise a
 * bound with `Effect.provideService(Limits.Limits, { ...Limits.defaults, bodyBytes })`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/** How much is accepted of one message. */
export interface Limits {
  /**
   * Of the body as it came, in bytes. 16 MiB: a hundred times a large task
   * message, and what ten prefetched ones may take without hurting a worker.
   */
  readonly bodyBytes: number
  /** Of a compressed body once it is expanded, in bytes. 64 MiB: four times `bodyBytes`, where a bomb expands a thousand times. */
  readonly decompressedBytes: number
  /**
   * Nested lists and objects, in levels. 200: twenty times a deep canvas, and
   * far from the end of the stack of whoever walks the value after us.
   * Keep it below 2,000.
   */
  readonly depth: number
  /**
   * Values in one body: items, members, lists and objects. 2,000,000: an empty
   * list is three bytes in a message and thirty in memory.
   */
  readonly values: number
  /** Of the application headers, in bytes, roughly counted. 256 KiB: twice RabbitMQ's frame of 128 KiB, in which headers must fit. */
  readonly headerBytes: number
}

export const Limits: Context.Reference<Limits> = Context.Reference<Limits>("@celeriac/messaging/Limits", {
  defaultValue: () => defaults
})

/** What `Limits` is when nobody says otherwise. */
export const defaults: Limits = {
  bodyBytes: 16 * 1024 * 1024,
  decompressedBytes: 64 * 1024 * 1024,
  depth: 200,
  values: 2_000_000,
  headerBytes: 256 * 1024
}
