/** What tests of signed messages begin with: somebody who signs, and a message of a task by him. */
import * as Result from "effect/Result"
import * as Certificates from "../../../../test/peers/Certificates.ts"
import * as Content from "../../src/Content.ts"
import type { Delivery, Headers, Message } from "../../src/Message.ts"
import * as Auth from "../../src/security/Auth.ts"
import * as Certificate from "../../src/security/Certificate.ts"
import * as CertificateStore from "../../src/security/CertificateStore.ts"
import * as Digest from "../../src/security/Digest.ts"
import * as PrivateKey from "../../src/security/PrivateKey.ts"
import * as Sealer from "../../src/security/Sealer.ts"
import * as Signing from "../../src/security/Signing.ts"
import * as Serializers from "../../src/Serializers.ts"

/** A clock that stands still until it is set. */
export const clock = { now: Date.now(), currentTimeMillisUnsafe: (): number => clock.now }

export const alice = Certificates.make({ name: "alice", serial: 1 })
export const bob = Certificates.make({ name: "bob", serial: 2 })

/** Whoever signs as one of them, and knows the others. */
export const signing = (
  own: Certificates.Identity,
  known: ReadonlyArray<Certificates.Identity>,
  digest = "sha256"
): Signing.Signing =>
  Signing.make({
    clock,
    digest: Digest.named(digest),
    key: PrivateKey.make(own.key, undefined, "the key"),
    certificate: Certificate.make(own.certificate, "the certificate"),
    store: CertificateStore.make(
      known.map(({ certificate }, index) => [`${index}.pem`, Certificate.make(certificate, `${index}.pem`)]),
      clock.now
    )
  })

export const tableOf = (signing: Signing.Signing, options?: Auth.AuthOptions) =>
  Serializers.table(...Serializers.defaults.byName.values(), Auth.make(signing, options))

export const sealer = (signing: Signing.Signing, options: Partial<Sealer.SealerOptions> = {}) =>
  Sealer.make(signing, { clock, covers: "known", maxAge: 60_000, ...options })

export const headers: Headers = {
  lang: "js",
  task: "v.add",
  id: "5a2e273c-b52b-4129-9f8d-7fbf83eaa022",
  eta: null,
  expires: null,
  retries: 0,
  timelimit: [null, 10],
  root_id: "5a2e273c-b52b-4129-9f8d-7fbf83eaa022",
  parent_id: null,
  group: null,
  argsrepr: "(2, 3)",
  kwargsrepr: "{}",
  origin: "1@host",
  stamps: { header: ["a", "b"] }
}

export const task = (signing: Signing.Signing, more: Headers = {}, options?: Auth.AuthOptions): Message => {
  const { body, headers: how, properties } = Result.getOrThrow(
    Content.encode([[2, 3], {}, { callbacks: null, errbacks: null, chain: null, chord: null }], {
      serializer: "auth",
      serializers: tableOf(signing, options)
    })
  )
  return {
    body,
    headers: { ...headers, ...how, ...more },
    properties: { ...properties, correlationId: String(headers.id), replyTo: "reply", deliveryMode: 2 }
  }
}

/** As a broker hands it out. */
export const deliver = (
  message: Message,
  more: Partial<Delivery> = {}
): Delivery & { settlement: Delivery["settlement"] } => ({
  ...message,
  exchange: "",
  routingKey: "celery",
  deliveryTag: 1,
  consumerTag: "c",
  redelivered: false,
  isLost: false,
  settlement: undefined,
  settle: () => "settled",
  ...more
})
