/**
 * Reads the keys and the certificates that the settings name, and makes of them
 * who signs and who verifies.
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import { Limits } from "@celeriac/messaging/Limits"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import * as Auth from "@celeriac/messaging/security/Auth"
import * as Certificate from "@celeriac/messaging/security/Certificate"
import * as CertificateStore from "@celeriac/messaging/security/CertificateStore"
import * as Digest from "@celeriac/messaging/security/Digest"
import * as PrivateKey from "@celeriac/messaging/security/PrivateKey"
import { Seals } from "@celeriac/messaging/security/Seal"
import * as Sealer from "@celeriac/messaging/security/Sealer"
import { SecurityError } from "@celeriac/messaging/security/SecurityError"
import * as Signing from "@celeriac/messaging/security/Signing"
import * as Serializers from "@celeriac/messaging/Serializers"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ControlQueueTtl } from "../control/ControlSettings.ts"
import * as SecuritySettings from "../SecuritySettings.ts"
import * as KeyFiles from "./KeyFiles.ts"

/** The serializers with `auth`, and who seals; fails with `InvalidConfiguration`, which says what is wrong with which file. */
export const make: Effect.Effect<Context.Context<never>, MessagingError> = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const { serializers, signing } = yield* setUp
  const covers = yield* SecuritySettings.SecurityCovers
  const reading = { limits: yield* Limits, compressions: yield* Compressions }
  const sealer = (maxAge: Duration.Input) =>
    Sealer.make(signing, { clock, covers, reading, maxAge: Duration.toMillis(maxAge) })
  return Context.empty().pipe(
    Context.add(Serializers.Serializers, serializers),
    Context.add(Seals, {
      tasks: sealer(yield* SecuritySettings.SecurityMaxAge),
      // No command waits longer than its queue keeps it.
      commands: sealer(yield* ControlQueueTtl)
    })
  )
})

const setUp = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const table = yield* Serializers.Serializers
  const digest = yield* SecuritySettings.SecurityDigest
  const files = {
    key: yield* SecuritySettings.SecurityKey,
    certificate: yield* SecuritySettings.SecurityCertificate,
    store: yield* SecuritySettings.SecurityCertStore
  }
  const password = yield* SecuritySettings.SecurityKeyPassword
  return yield* Effect.try({
    try: () => {
      const { certificate, key, store } = whole(files)
      const own = Certificate.make(
        KeyFiles.read("security_certificate", certificate),
        `security_certificate '${certificate}'`
      )
      const now = clock.currentTimeMillisUnsafe()
      const signing = Signing.make({
        clock,
        digest: Digest.named(digest),
        certificate: own,
        key: PrivateKey.make(
          KeyFiles.read("security_key", key),
          password === undefined ? undefined : Redacted.isRedacted(password) ? Redacted.value(password) : password,
          `security_key '${key}'`
        ),
        store: CertificateStore.make(
          KeyFiles.readAll("security_cert_store", store).map(({ file, text }) => [file, Certificate.make(text, file)]),
          now
        )
      })
      if (own.hasExpired(now)) {
        throw new SecurityError({
          detail: `security_certificate '${certificate}' expired: nobody would accept what it signs`
        })
      }
      return { signing, serializers: Serializers.table(...table.byName.values(), Auth.make(signing)) }
    },
    catch: (error) =>
      because(
        "security",
        new InvalidConfiguration({ detail: error instanceof SecurityError ? error.message : String(error) })
      )
  })
})

const whole = <A>(files: { readonly [K in keyof A]: string | undefined }): { readonly [K in keyof A]: string } => {
  const missing = Object.entries(files).flatMap(([name, file]) => file === undefined ? [names.get(name) ?? name] : [])
  if (missing.length === 0) return files as { readonly [K in keyof A]: string } // none of them is missing
  throw new SecurityError({
    detail:
      `the serializer 'auth' signs and verifies: it needs security_key, security_certificate and security_cert_store, and ${
        missing.join(" and ")
      } ${missing.length === 1 ? "is" : "are"} not set`
  })
}

const names: ReadonlyMap<string, string> = new Map([
  ["key", "security_key"],
  ["certificate", "security_certificate"],
  ["store", "security_cert_store"]
])
