/**
 * What is wrong with a key, a certificate or a store of them: told when they
 * are loaded, before anything is signed. Celery's `SecurityError`.
 *
 * It names what it is about (a file, a setting), and holds nothing of a key.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

export class SecurityError extends Schema.TaggedError<SecurityError>()("SecurityError", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}
