import { Seals } from "@celeriac/messaging/security/Seal"
import { Serializers } from "@celeriac/messaging/Serializers"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Certificates from "../../../test/peers/Certificates.ts"
import * as Security from "../src/Security.ts"
import * as SettingsTable from "../src/SettingsTable.ts"
import * as TaskSettings from "../src/TaskSettings.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "celeriac-security-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Celery's own names, with the files of one who is in the store, and others beside. */
const configuration = Effect.map(folder, (folder) => {
  const own = Certificates.make({ name: "own", password: "open sesame" })
  mkdirSync(join(folder, "certs"))
  writeFileSync(join(folder, "own.key"), own.key)
  writeFileSync(join(folder, "certs", "own.pem"), own.certificate)
  writeFileSync(join(folder, "certs", "other.pem"), Certificates.make({ name: "other" }).certificate)
  return {
    folder,
    celery: {
      task_serializer: "auth",
      accept_content: ["auth"],
      security_key: join(folder, "own.key"),
      security_key_password: "open sesame",
      security_certificate: join(folder, "certs", "own.pem"),
      security_cert_store: join(folder, "certs", "*.pem"),
      security_digest: "SHA512"
    }
  }
})

const build = (celery: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(
    Effect.fromResult(SettingsTable.fromCelery(TaskSettings.table, celery)),
    (settings) => Layer.build(Layer.provide(Security.layerWanted, Layer.succeedContext(TaskSettings.context(settings))))
  )

const why = (celery: Readonly<Record<string, unknown>>) =>
  Effect.map(Effect.flip(build(celery)), (error) => {
    assert.notInclude(error.message, "sesame")
    assert.notInclude(error.message, "BEGIN PRIVATE")
    return error.message
  })

describe("Security", () => {
  it.effect("is set up by Celery's settings", () =>
    Effect.gen(function*() {
      const { celery, folder } = yield* configuration
      for (const store of [celery.security_cert_store, join(folder, "certs"), join(folder, "c*s", "[no]*.pem")]) {
        const context = yield* build({ ...celery, security_cert_store: store })
        assert.isTrue(Context.get(context, Serializers).byName.has("auth"), store)
        assert.isDefined(Context.get(context, Seals))
      }
    }))

  it.effect("is nothing where nobody names auth", () =>
    Effect.gen(function*() {
      const { celery } = yield* configuration
      const context = yield* build({ ...celery, task_serializer: "json", accept_content: ["json"] })
      assert.isUndefined(Context.get(context, Seals))
    }))

  it.effect("says which setting is missing, which file cannot be read, and what is wrong with one", () =>
    Effect.gen(function*() {
      const { celery, folder } = yield* configuration
      const { security_cert_store: _, security_key: __, ...less } = celery
      assert.include(yield* why(less), "security_key and security_cert_store are not set")
      const nowhere = join(folder, "nowhere")
      assert.include(
        yield* why({ ...celery, security_key: nowhere }),
        `security_key '${nowhere}' cannot be read: ENOENT`
      )
      assert.include(
        yield* why({ ...celery, security_cert_store: nowhere }),
        `security_cert_store '${nowhere}' has no files`
      )
      assert.include(yield* why({ ...celery, security_key_password: "sesame" }), "security_key_password) does not fit")
      const expired = Certificates.make({ name: "expired", until: new Date(0) })
      writeFileSync(join(folder, "certs", "old.pem"), expired.certificate)
      assert.include(yield* why(celery), "old.pem: the certificate 'expired 1' expired at 1970-01-01")
    }))

  it.effect("knows no digest that does not hold", () =>
    Effect.gen(function*() {
      const { celery } = yield* configuration
      const error = yield* Effect.flip(build({ ...celery, security_digest: "md5" }))
      assert.include(error.message, "security_digest")
      assert.include(error.message, "sha256 or sha384")
    }))
})
