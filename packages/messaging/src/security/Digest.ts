/**
 * The digests that signatures are made with: Celery's `security_digest`.
 *
 * Those of `cryptography` that still hold. `md5` and `sha1` do not: a message can
 * be made for a signature that is known.
 *
 * @since 0.1.0
 */
import { SecurityError } from "./SecurityError.ts"

/** A digest: its name for `node:crypto`, and how many bytes it has. */
export interface Digest {
  readonly name: string
  readonly bytes: number
}

const digests: ReadonlyMap<string, Digest> = new Map([
  ["sha224", { name: "sha224", bytes: 28 }],
  ["sha256", { name: "sha256", bytes: 32 }],
  ["sha384", { name: "sha384", bytes: 48 }],
  ["sha512", { name: "sha512", bytes: 64 }],
  ["sha512_224", { name: "sha512-224", bytes: 28 }],
  ["sha512_256", { name: "sha512-256", bytes: 32 }],
  ["sha3_224", { name: "sha3-224", bytes: 28 }],
  ["sha3_256", { name: "sha3-256", bytes: 32 }],
  ["sha3_384", { name: "sha3-384", bytes: 48 }],
  ["sha3_512", { name: "sha3-512", bytes: 64 }]
])

/** What they are called, as in Celery. */
export const names: ReadonlyArray<string> = Array.from(digests.keys())

/** By its name, in whichever case. Throws a `SecurityError` for one that is not known, or not safe. */
export const named = (name: string): Digest => {
  const digest = digests.get(name.toLowerCase())
  if (digest !== undefined) return digest
  throw new SecurityError({ detail: `no digest '${name.slice(0, 64)}' to sign with: take one of ${names.join(", ")}` })
}
