/**
 * A certificate: who signs, with which public key, and until when.
 *
 * As in Celery it is known by the values of its issuer and its serial number,
 * `XX Example Org celery fixture 1234567890`; RSA alone, and a signature has to
 * have the longest salt. It is in a store because its owner put it there: a
 * chain of issuers is not followed. Source: protocol section 12.
 *
 * @since 0.1.0
 */
import { constants, verify, X509Certificate } from "node:crypto"
import type { Digest } from "./Digest.ts"
import * as Issuer from "./internal/Issuer.ts"
import type { PrivateKey } from "./PrivateKey.ts"
import { SecurityError } from "./SecurityError.ts"

export interface Certificate {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly hasExpired: (now: number) => boolean
  /** Whether whoever has its key has signed these bytes. */
  readonly verify: (data: Uint8Array, signature: Uint8Array, digest: Digest) => boolean
  /** Whether the key is its own. */
  readonly belongsTo: (key: PrivateKey) => boolean
  /** Of its bytes: the same one twice is one. */
  readonly fingerprint: string
}

/** From PEM. `what` names it where it is told of; throws a `SecurityError`. */
export const make = (pem: string, what: string): Certificate => {
  const certificate = load(pem, what)
  const { publicKey } = certificate
  const bits = publicKey.asymmetricKeyDetails?.modulusLength
  if (publicKey.asymmetricKeyType !== "rsa" || bits === undefined) {
    throw new SecurityError({
      detail: `${what} is a certificate of a ${publicKey.asymmetricKeyType} key: only RSA is supported`
    })
  }
  const { serialNumber, values } = issuerOf(certificate, what)
  const expiresAt = Date.parse(certificate.validTo)
  const paddingBytes = Math.ceil((bits - 1) / 8) - 2
  return {
    id: [...values, String(serialNumber)].join(" "),
    expiresAt,
    hasExpired: (now) => !(now < expiresAt),
    verify: (data, signature, digest) =>
      paddingBytes >= digest.bytes && verify(digest.name, data, {
        key: publicKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: paddingBytes - digest.bytes
      }, signature),
    belongsTo: ({ key }) => certificate.checkPrivateKey(key),
    fingerprint: certificate.fingerprint256
  }
}

const load = (pem: string, what: string): X509Certificate => {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new SecurityError({
      detail: `${what} is no certificate that can be read: expected is PEM (-----BEGIN CERTIFICATE-----)`
    })
  }
}

const issuerOf = (certificate: X509Certificate, what: string): Issuer.Issuer => {
  try {
    return Issuer.read(certificate.raw)
  } catch (error) {
    throw new SecurityError({ detail: `${what}: its issuer cannot be read: ${String(error)}` })
  }
}
