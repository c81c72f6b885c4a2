/**
 * The certificates of those whose signatures count, by their ids: Celery's
 * `security_cert_store`.
 *
 * @since 0.1.0
 */
import type { Certificate } from "./Certificate.ts"
import { SecurityError } from "./SecurityError.ts"

export interface CertificateStore {
  readonly get: (id: string) => Certificate | undefined
  readonly size: number
}

/** A certificate, and where it is from. */
export type Entry = readonly [what: string, certificate: Certificate]

/** Of these; `now` is milliseconds since the epoch. Throws a `SecurityError` for one that has expired, and for two of one id. */
export const make = (entries: ReadonlyArray<Entry>, now: number): CertificateStore => {
  const byId = new Map<string, Entry>()
  for (const [what, certificate] of entries) {
    const { expiresAt, fingerprint, id } = certificate
    if (certificate.hasExpired(now)) {
      throw new SecurityError({
        detail: `${what}: the certificate '${id}' expired at ${
          new Date(expiresAt).toISOString()
        }: take it out of the store, or renew it`
      })
    }
    const other = byId.get(id)
    if (other !== undefined && other[1].fingerprint !== fingerprint) {
      throw new SecurityError({
        detail: `${what} and ${other[0]} are two certificates of one id, '${id}': each needs a serial number of its own`
      })
    }
    byId.set(id, [what, certificate])
  }
  return { get: (id) => byId.get(id)?.[1], size: byId.size }
}
