/**
 * Signatures that follow a task, as they stand in its message.
 *
 * @since 0.1.0
 */
import type { SignatureJson } from "./TaskBody.ts"

/** What says a signature, however it is held. */
export type Linkable = SignatureJson | { readonly toJSON: () => SignatureJson }

/** One or many, as they stand in a message. */
export const links = (
  given: Linkable | ReadonlyArray<Linkable> | undefined
): ReadonlyArray<SignatureJson> | undefined => {
  if (given === undefined) return undefined
  const all = isMany(given) ? given : [given]
  return all.map((one) => "toJSON" in one && typeof one.toJSON === "function" ? one.toJSON() : one as SignatureJson) // the other member
}

const isMany = (given: Linkable | ReadonlyArray<Linkable>): given is ReadonlyArray<Linkable> => Array.isArray(given)
