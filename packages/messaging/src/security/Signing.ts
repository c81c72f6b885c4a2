/**
 * Signing with one's own key, and knowing the signatures of others: what the
 * serializer `auth` and the seal of a message share.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type { Certificate } from "./Certificate.ts"
import type { CertificateStore } from "./CertificateStore.ts"
import type { Digest } from "./Digest.ts"
import type { PrivateKey } from "./PrivateKey.ts"
import { SecurityError } from "./SecurityError.ts"

export interface Signing {
  /** One's own. */
  readonly certificate: Certificate
  readonly sign: (data: Uint8Array) => Uint8Array
  /** Why this is no signature that counts; undefined for one that does. Never throws. */
  readonly refusal: (signer: string, data: Uint8Array, signature: Uint8Array) => string | undefined
}

export interface SigningOptions {
  readonly key: PrivateKey
  readonly certificate: Certificate
  readonly store: CertificateStore
  readonly digest: Digest
  readonly clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">
}

/** Throws a `SecurityError` for a key and a certificate that do not belong together, or with which nothing can be signed. */
export const make = ({ certificate, clock, digest, key, store }: SigningOptions): Signing => {
  if (!certificate.belongsTo(key)) {
    throw new SecurityError({
      detail: `the key (security_key) is not that of the certificate '${certificate.id}' (security_certificate)`
    })
  }
  return {
    certificate,
    sign: (data) => key.sign(data, digest),
    refusal: (signer, data, signature) => {
      const found = store.get(signer)
      if (found === undefined) return `Unknown certificate: '${signer.slice(0, 256)}'`
      if (found.hasExpired(clock.currentTimeMillisUnsafe())) return `Expired certificate: '${found.id}'`
      return verified(found, data, signature, digest) ? undefined : `Bad signature of '${found.id}'`
    }
  }
}

const verified = (certificate: Certificate, data: Uint8Array, signature: Uint8Array, digest: Digest): boolean => {
  try {
    return certificate.verify(data, signature, digest)
  } catch {
    // Of another length than the key makes, such as.
    return false
  }
}
