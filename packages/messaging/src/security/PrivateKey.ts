/**
 * A private key: what signs. RSA alone, with PSS padding, MGF1 and the longest
 * salt, as Celery does. Source: protocol section 12.
 *
 * @since 0.1.0
 */
import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto"
import type { Digest } from "./Digest.ts"
import { SecurityError } from "./SecurityError.ts"

export interface PrivateKey {
  /** For `Certificate.belongsTo`. */
  readonly key: KeyObject
  readonly sign: (data: Uint8Array, digest: Digest) => Uint8Array
}

/** From PEM. `what` names it where it is told of; throws a `SecurityError` that holds nothing of it. */
export const make = (pem: string, password: string | undefined, what: string): PrivateKey => {
  const key = load(pem, password, what)
  if (key.asymmetricKeyType !== "rsa") {
    throw new SecurityError({ detail: `${what} is a key of ${key.asymmetricKeyType}: only RSA keys can sign` })
  }
  return {
    key,
    sign: (data, digest) =>
      sign(digest.name, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN
      })
  }
}

const load = (pem: string, password: string | undefined, what: string): KeyObject => {
  try {
    return createPrivateKey(password === undefined ? pem : { key: pem, passphrase: password })
  } catch (error) {
    throw new SecurityError({ detail: `${what} is no private key that can be read: ${whyNot(pem, password, error)}` })
  }
}

/** OpenSSL's own words do not help. */
const whyNot = (pem: string, password: string | undefined, error: unknown): string => {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return "it is not in PEM format (-----BEGIN PRIVATE KEY-----)"
  if (/ENCRYPTED/.test(pem)) {
    return password === undefined
      ? "it is encrypted, and there is no password (security_key_password)"
      : "its password (security_key_password) does not fit, or it is damaged"
  }
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : ""
  return `it is damaged${code}`
}
