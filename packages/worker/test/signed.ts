/** What tests of signed messages share: workers that sign. */
import * as Entity from "@celeriac/messaging/Entity"
import * as Auth from "@celeriac/messaging/security/Auth"
import * as Certificate from "@celeriac/messaging/security/Certificate"
import * as CertificateStore from "@celeriac/messaging/security/CertificateStore"
import * as Digest from "@celeriac/messaging/security/Digest"
import * as PrivateKey from "@celeriac/messaging/security/PrivateKey"
import { Seals } from "@celeriac/messaging/security/Seal"
import * as Sealer from "@celeriac/messaging/security/Sealer"
import * as Signing from "@celeriac/messaging/security/Signing"
import * as Serializers from "@celeriac/messaging/Serializers"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Settings from "@celeriac/tasks/Settings"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Certificates from "../../../test/peers/Certificates.ts"
import { queue } from "./support.ts"

const own = Certificates.make({ name: "own", from: new Date(0), until: new Date(4e12) })

/** Everybody here signs, by one key; each worker has a memory of its own. */
export const signed = Layer.effectContext(Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const certificate = Certificate.make(own.certificate, "own.pem")
  const signing = Signing.make({
    clock,
    certificate,
    digest: Digest.named("sha256"),
    key: PrivateKey.make(own.key, undefined, "own.key"),
    store: CertificateStore.make([["own.pem", certificate]], 0)
  })
  const sealer = Sealer.make(signing, { clock, covers: "known", maxAge: 3_600_000 })
  return Context.make(
    Serializers.Serializers,
    Serializers.table(...Serializers.defaults.byName.values(), Auth.make(signing))
  )
    .pipe(
      Context.add(Seals, { tasks: sealer, commands: sealer }),
      Context.add(Settings.Serializer, "auth"),
      Context.add(Settings.AcceptContent, ["auth"]),
      Context.add(TaskQueues.Configured, [Entity.queue(queue, { deadLetterExchange: "dead" })])
    )
}))
