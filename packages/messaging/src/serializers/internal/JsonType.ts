/**
 * A type beyond the built-in ones, as the reader and the writer of JSON see it.
 * Users know it as `Json.JsonType`.
 *
 * @since 0.1.0
 */

/** A type of yours that travels in an envelope, as `register_type` of Kombu adds one. */
export interface JsonType<A> {
  /** What `__type__` says. `null` writes what `encode` gives without an envelope, and reads nothing. */
  readonly type: string | null
  readonly is: (value: unknown) => value is A
  /** To something that JSON can write. */
  readonly encode: (value: A) => unknown
  /** Throws to refuse. */
  readonly decode?: (value: unknown) => A
}
