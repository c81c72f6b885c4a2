/**
 * What a field table cannot hold, and how deep it goes.
 *
 * @since 0.1.0
 */

/** How deep tables and arrays may nest, both ways. */
export const maxDepth = 64

/** A value has no form in a field table, or the table is too big. */
export class FieldTableError extends Error {
  override readonly name = "FieldTableError"
  /** The size that was exceeded, in bytes. */
  readonly limit: number | undefined
  constructor(message: string, limit?: number) {
    super(message)
    this.limit = limit
  }
}
