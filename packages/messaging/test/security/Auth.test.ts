import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import * as Certificates from "../../../../test/peers/Certificates.ts"
import * as Content from "../../src/Content.ts"
import type { Message } from "../../src/Message.ts"
import * as Certificate from "../../src/security/Certificate.ts"
import * as CertificateStore from "../../src/security/CertificateStore.ts"
import * as Digest from "../../src/security/Digest.ts"
import * as PrivateKey from "../../src/security/PrivateKey.ts"
import * as Serializers from "../../src/Serializers.ts"
import { alice, bob, clock, signing, tableOf, task } from "./kit.ts"

const captured = JSON.parse(readFileSync(new URL("../fixtures/auth-message.json", import.meta.url), "utf8"))

const fixture: Message = {
  body: Buffer.from(captured.body),
  headers: captured.headers,
  properties: { contentType: captured.contentType, contentEncoding: captured.contentEncoding }
}

/** Alice, who knows whoever signed the fixture, and herself. */
const knowing = signing(alice, [alice, { key: "", certificate: captured.certificate }])

const read = (message: Message, serializers = tableOf(knowing), accept: ReadonlyArray<string> = ["auth"]) =>
  Result.mapError(Content.decode(message, { accept, serializers }), ({ reason }) => reason.message)

const refused = (message: Message, serializers?: Serializers.SerializerTable, accept?: ReadonlyArray<string>) =>
  Result.match(read(message, serializers, accept), {
    onSuccess: () => assert.fail("it was read"),
    onFailure: (why) => why
  })

const body = [[2, 3], {}, { callbacks: null, errbacks: null, chain: null, chord: null }]

describe("Auth", () => {
  it("reads a message that Celery signed", () => {
    assert.deepStrictEqual(Result.getOrThrow(read(fixture)), body)
  })

  it("knows a signer as Celery names it", () => {
    assert.strictEqual(Certificate.make(captured.certificate, "it").id, "XX Example Org celery fixture 1234567890")
  })

  it("writes the five fields that Celery writes, and reads them", () => {
    const message = task(knowing)
    assert.deepInclude(message.properties, { contentType: "application/data", contentEncoding: "utf-8" })
    const fields = Buffer.from(Buffer.from(message.body).toString(), "base64").toString("latin1").split("\0\x01")
    assert.strictEqual(Buffer.from(fields[0]!, "base64").toString(), "alice 1")
    assert.lengthOf(Buffer.from(fields[1]!, "base64"), 256)
    assert.deepStrictEqual(fields.slice(2, 4), ["application/json", "utf-8"])
    assert.deepStrictEqual(JSON.parse(fields[4]!), body)
    assert.deepStrictEqual(Result.getOrThrow(read(message)), body)
  })

  it("signs with every digest, and reads only what was signed with its own", () => {
    for (const digest of Digest.names) {
      const own = signing(alice, [alice], digest)
      assert.deepStrictEqual(Result.getOrThrow(read(task(own), tableOf(own))), body, digest)
      const other = signing(alice, [alice], digest === "sha256" ? "sha512" : "sha256")
      assert.include(refused(task(own), tableOf(other)), "Bad signature")
    }
  })

  it("reads nothing of it where auth is not accepted, whatever its type", () => {
    for (const accept of [["json"], ["json", "yaml"], []]) {
      assert.include(refused(fixture, tableOf(knowing), accept), "untrusted content of type auth (application/data)")
    }
  })

  it("reads nothing but auth where nothing else is accepted", () => {
    const plain: Message = {
      body: Buffer.from("[]"),
      headers: {},
      properties: { contentType: "application/json", contentEncoding: "utf-8" }
    }
    assert.include(refused(plain), "untrusted content of type json (application/json)")
  })

  it("refuses whoever it does not know", () => {
    assert.include(refused(task(signing(bob, [bob]))), "Unknown certificate: 'bob 2'")
  })

  it("refuses a certificate that has expired since it was read", () => {
    const soon = Certificates.make({ name: "soon", until: new Date(clock.now + 1000) })
    const own = signing(soon, [soon])
    const message = task(own)
    assert.deepStrictEqual(Result.getOrThrow(read(message, tableOf(own))), body)
    const { now } = clock
    clock.now += 1001
    try {
      assert.include(refused(message, tableOf(own)), "Expired certificate: 'soon 1'")
    } finally {
      clock.now = now
    }
  })

  it("refuses one who signs in the name of another", () => {
    const mallory = Certificates.make({ name: "alice", serial: 1 })
    assert.include(refused(task(signing(mallory, [mallory]))), "Bad signature of 'alice 1'")
  })

  it("refuses a body of which any byte was changed", () => {
    const message = task(knowing)
    const raw = Buffer.from(Buffer.from(message.body).toString(), "base64")
    const separator = Buffer.from([0, 1])
    const inner = raw.lastIndexOf(separator) + 2
    fc.assert(fc.property(
      fc.integer({ min: 0, max: raw.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, change) => {
        const changed = Buffer.from(raw)
        changed[at] = changed[at]! ^ change
        const result = read({ ...message, body: Buffer.from(changed.toString("base64")) })
        // Celery does not sign how the body inside is read: JSON in UTF-8, whatever it says there.
        const isEncoding = at < inner && at > raw.indexOf("utf-8") - 1
        assert.isTrue(Result.isFailure(result) || (isEncoding && at < inner), `byte ${at}`)
        if (Result.isSuccess(result)) assert.deepStrictEqual(result.success, body)
      }
    ))
  })

  it("answers anything with a value or a reason, and never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      assert.isString(refused({ ...fixture, body: Buffer.from(text) }))
    }))
  })

  it("reads no other content inside than JSON", () => {
    const yaml = { ...Serializers.defaults.byName.get("json")!, contentType: "application/x-yaml" }
    assert.include(
      refused(task(knowing, {}, { serializer: yaml })),
      "no serializer for signed content of type application/x-yaml"
    )
  })
})

describe("keys and certificates", () => {
  const thrown = (attempt: () => unknown): string => {
    try {
      attempt()
    } catch (error) {
      return String(error)
    }
    return assert.fail("it was taken")
  }

  it("are RSA", () => {
    const ec = Certificates.make({ type: "ec" })
    assert.include(thrown(() => PrivateKey.make(ec.key, undefined, "x.key")), "x.key is a key of ec: only RSA")
    assert.include(
      thrown(() => Certificate.make(ec.certificate, "x.pem")),
      "x.pem is a certificate of a ec key: only RSA"
    )
  })

  it("say what is wrong with a file, and nothing of what is in it", () => {
    const locked = Certificates.make({ password: "hunter2" })
    assert.doesNotThrow(() => PrivateKey.make(locked.key, "hunter2", "x.key"))
    const wrong = thrown(() => PrivateKey.make(locked.key, "wrong password", "x.key"))
    assert.include(wrong, "its password (security_key_password) does not fit")
    assert.notInclude(wrong, "wrong password")
    assert.include(
      thrown(() => PrivateKey.make(locked.key, undefined, "x.key")),
      "it is encrypted, and there is no password"
    )
    assert.include(thrown(() => PrivateKey.make("nothing", undefined, "x.key")), "x.key is no private key")
    const damaged = alice.key.replace(/\n.{64}\n/, "\n")
    assert.include(thrown(() => PrivateKey.make(damaged, undefined, "x.key")), "it is damaged")
    assert.include(thrown(() => Certificate.make("nothing", "x.pem")), "x.pem is no certificate")
  })

  it("belong together", () => {
    assert.include(
      thrown(() => signing({ key: bob.key, certificate: alice.certificate }, [])),
      "the key (security_key) is not that of the certificate 'alice 1'"
    )
  })

  it("are in a store once, and only while they are good", () => {
    const entry = ({ certificate }: Certificates.Identity, what: string): CertificateStore.Entry => [
      what,
      Certificate.make(certificate, what)
    ]
    const old = Certificates.make({ name: "old", until: new Date(clock.now - 1000) })
    assert.include(
      thrown(() => CertificateStore.make([entry(old, "old.pem")], clock.now)),
      "old.pem: the certificate 'old 1' expired"
    )
    const other = Certificates.make({ name: "alice", serial: 1 })
    assert.include(
      thrown(() => CertificateStore.make([entry(alice, "a.pem"), entry(other, "b.pem")], clock.now)),
      "b.pem and a.pem are two certificates of one id, 'alice 1'"
    )
    assert.strictEqual(CertificateStore.make([entry(alice, "a.pem"), entry(alice, "b.pem")], clock.now).size, 1)
  })

  it("are signed with digests that hold", () => {
    for (const weak of ["md5", "sha1", "constructor"]) {
      assert.include(thrown(() => Digest.named(weak)), `no digest '${weak}'`)
    }
  })
})
